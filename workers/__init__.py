"""Processes that do the jobs; each knows all tables, because rows of one feature refer to those of others."""

import backend.tables  # noqa: F401
