"""Units of time in sentences and on axes: words where they are words, else as they are given (UCUM)."""

from __future__ import annotations

_JA = {"month": "か月", "day": "日", "year": "年", "week": "週"}


def plural_en(unit: str) -> str:
    """`months` of `month`; a symbol (`mo`, `d`) stays."""
    return f"{unit}s" if unit in _JA else unit


def word_ja(unit: str) -> str:
    """`か月` of `month`; a symbol stays."""
    return _JA.get(unit, unit)
