"""What a cell of a table says: numbers, dates, events.  Texts are never evaluated."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date
from typing import Literal

DateOrder = Literal["ymd", "dmy", "mdy"]
MISSING = frozenset(
    {
        "na",
        "n/a",
        "n.a.",
        "nan",
        "nd",
        "null",
        "none",
        "missing",
        "unknown",
        ".",
        "-",
        "--",
        "?",
        "不明",
        "欠測",
    }
)
"""Texts that a guessed dictionary takes for no value, in any case; numbers never are."""
_NUMBER = {
    ".": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?"),
}
_DATE = re.compile(r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


class Ambiguous(ValueError):
    """A date that is two dates, by the order of day and month."""


def plain(text: str) -> str:
    """The text with full-width digits and signs as ASCII."""
    return unicodedata.normalize("NFKC", text)


def number_of(text: str, decimal: str = ".") -> float:
    """The number that a cell says; ValueError where it says none."""
    said = plain(text).replace("\u2212", "-")
    if not _NUMBER[decimal].fullmatch(said):
        raise ValueError("no number")
    value = float(said.replace(",", "."))
    if not math.isfinite(value):
        raise ValueError("beyond all numbers")
    return value


def date_of(text: str, order: DateOrder | None) -> date:
    """The date that a cell says; Ambiguous without an order where two are meant, ValueError where none is."""
    said = plain(text)
    match = _DATE.fullmatch(said) or _COMPACT.fullmatch(said)
    if match is None:
        raise ValueError("no date")
    first, second, third = (int(part) for part in match.groups()[:3])
    if len(match[1]) == 4:
        return date(first, second, third)
    if len(match[3]) != 4:
        raise ValueError("no date with a year of four digits")
    if order == "mdy":
        return date(third, first, second)
    if order == "dmy":
        return date(third, second, first)
    if "." in said.split(" ")[0]:
        return date(third, second, first)
    if first <= 12 and second <= 12 and first != second:
        raise Ambiguous("day and month cannot be told apart")
    return date(third, second, first) if first > 12 else date(third, first, second)


def is_missing(text: str, markers: frozenset[str]) -> bool:
    """Whether a cell holds no value: it is empty, or one of the markers in any case."""
    return not text or text.casefold() in markers


def markers(texts: list[str]) -> frozenset[str]:
    """Markers as `is_missing` compares them."""
    return frozenset(text.casefold() for text in texts)
