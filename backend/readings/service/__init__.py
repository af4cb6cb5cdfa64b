"""What the router may do with reader studies; the rest of this package is its own."""

from __future__ import annotations

from backend.readings.service import analysing, describing, designing, finding, reading

__all__ = ["analysing", "describing", "designing", "finding", "reading"]
