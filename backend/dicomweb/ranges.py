"""Dates and times of a query as ranges (PS3.4 C.2.2.2.5); what cannot be is refused with what and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from backend.dicomweb.errors import BadQuery

END_OF_TIME = "999999.999999"
"""Completes the upper end of a range of times: 10 includes 10:59:59.9."""
_TIME = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.[0-9]{1,6})?)?)?")


@dataclass(frozen=True)
class Between:
    """From low to high, both included; an empty end is open."""

    low: str
    high: str


def date_range(keyword: str, value: str) -> Between:
    """A date YYYYMMDD (YYYY.MM.DD is read too), or a range of which one end may be open."""
    return _ends(keyword, [_date(keyword, end) for end in _split(keyword, value.replace(".", ""))])


def time_range(keyword: str, value: str) -> Between:
    """A time HH[MM[SS[.F]]] (colons are passed over), or a range; a shortened time is all that begins so."""
    low, *high = [_time(keyword, end) for end in _split(keyword, value.replace(":", ""))]
    last = high[0] if high else low
    return _ends(keyword, [low, last + END_OF_TIME[len(last) :] if last else ""])


def _split(keyword: str, value: str) -> list[str]:
    ends = [end.strip() for end in value.split("-")]
    if len(ends) > 2 or not any(ends):
        raise BadQuery(f"{keyword} must be a value or a range a-b", field=keyword)
    return ends


def _ends(keyword: str, ends: list[str]) -> Between:
    low, high = ends[0], ends[-1]
    if low and high and low > high:
        raise BadQuery(f"{keyword} is a range that ends before it begins", field=keyword)
    return Between(low, high)


def _date(keyword: str, text: str) -> str:
    if not text:
        return ""
    if re.fullmatch("[0-9]{8}", text) is None:
        raise BadQuery(f"{keyword} must be YYYYMMDD or a range of such dates", field=keyword)
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise BadQuery(f"{keyword}: {text} is no day of the calendar ({error})", field=keyword) from error
    return text


def _time(keyword: str, text: str) -> str:
    if not text:
        return ""
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadQuery(f"{keyword} must be HHMMSS or a range of such times", field=keyword)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if hours > 23 or minutes > 59 or seconds > 60:
        raise BadQuery(f"{keyword}: {text} is no time of the day", field=keyword)
    return text
