"""Synthetic data for tests: small, quick, and made by code."""
