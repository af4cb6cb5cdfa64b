"""QIDO-RS queries: parameters to matching conditions, without a database (PS3.18 8.3.4, PS3.4 C.2.2.2).

Attributes come as keyword or as eight hex digits.  Text matches with `*` and `?` and without regard to case.
UIDs, codes and numbers match lists, separated by comma or backslash as viewers send them; dates and times
match ranges.
An attribute that is not searched here is ignored and named in a Warning header, as the standard wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword

from backend.dicomweb.errors import BadQuery

MAX_RESULTS = 1000
"""Matches of one answer; the rest is asked for by offset."""
MAX_OFFSET = 2**31 - 1
END_OF_DAY = "999999.999999"
"""Completes the upper end of a range of times: 10 includes 10:59:59.9."""
MAX_VALUES = 500
"""Values of one list."""


class Level(StrEnum):
    """What is searched for."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


STUDY_KEYS = frozenset(
    (
        "StudyInstanceUID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ModalitiesInStudy",
        "StudyID",
        "StudyDescription",
        "ReferringPhysicianName",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
    )
)
SERIES_KEYS = frozenset(
    (
        "SeriesInstanceUID",
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "BodyPartExamined",
        "SeriesDate",
        "SeriesTime",
    )
)
INSTANCE_KEYS = frozenset({"SOPInstanceUID", "SOPClassUID", "InstanceNumber"})
_KEYS_OF_LEVEL = {
    Level.STUDY: STUDY_KEYS,
    Level.SERIES: STUDY_KEYS | SERIES_KEYS,
    Level.INSTANCE: STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS,
}
_CONTROLS = frozenset({"includefield", "fuzzymatching", "limit", "offset", "accept", "emptyvaluematching"})


@dataclass(frozen=True)
class OneOf:
    """Equal to one of these values."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """From low to high, both included; an empty end is open."""

    low: str
    high: str


@dataclass(frozen=True)
class Like:
    """A text with `*` for any characters and `?` for one."""

    pattern: str


Match = OneOf | Between | Like


@dataclass(frozen=True)
class Named:
    """The UIDs in the address of a request."""

    study: str
    series: str | None = None
    instance: str | None = None


@dataclass(frozen=True)
class Query:
    """One QIDO-RS request."""

    level: Level
    matches: dict[str, Match] = field(default_factory=dict)
    """By keyword."""
    limit: int = MAX_RESULTS
    offset: int = 0
    ignored: tuple[str, ...] = ()
    """Parameters that are not searched."""


def parse_query(level: Level, parameters: Iterable[tuple[str, str]]) -> Query:
    """The query of a request's parameters; BadQuery when a value cannot be understood."""
    matches: dict[str, Match] = {}
    ignored: list[str] = []
    limit, offset = MAX_RESULTS, 0
    for name, value in parameters:
        lowered = name.lower()
        if lowered == "limit":
            limit = min(limit, _whole_number(name, value))
        elif lowered == "offset":
            offset = min(MAX_OFFSET, _whole_number(name, value))
        elif lowered not in _CONTROLS:
            keyword = _keyword(name)
            if keyword not in _KEYS_OF_LEVEL[level]:
                ignored.append(keyword or "unknown attribute")
            elif value not in ("", "*"):
                matches[keyword] = _match(keyword, value)
    return Query(level, matches, limit, offset, tuple(ignored))


def _keyword(name: str) -> str:
    """The keyword of an attribute given by keyword or as GGGGEEEE; empty when unknown."""
    if tag_for_keyword(name) is not None:
        return name
    try:
        return dictionary_keyword(int(name, 16)) if len(name) == 8 else ""
    except (ValueError, KeyError):
        return ""


def _whole_number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 12:
        raise BadQuery(f"{name} must be a whole number", field=name)
    return int(value)


def _match(keyword: str, value: str) -> Match:
    if "\0" in value:
        raise BadQuery(f"{keyword} has a NUL byte", field=keyword)
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    if vr in ("DA", "TM"):
        return _range(keyword, value)
    if vr in ("UI", "CS", "IS"):
        values = tuple(v.strip() for v in value.replace("\\", ",").split(",") if v.strip())
        if len(values) > MAX_VALUES:
            raise BadQuery(f"{keyword} lists more than {MAX_VALUES} values", field=keyword)
        if vr == "IS":
            values = tuple(str(_whole_number(keyword, v)) for v in values)
        if vr == "CS" and len(values) == 1 and ("*" in value or "?" in value):
            return Like(values[0])
        return OneOf(values)
    return Like(value)


def _range(keyword: str, value: str) -> Match:
    digits = value.replace(":", "").replace(".", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit()) or value.count("-") > 1:
        raise BadQuery(f"{keyword} must be a value or a range a-b", field=keyword)
    low, dash, high = value.replace(":", "").partition("-")
    if high and keyword.endswith("Time") and len(high) <= len(END_OF_DAY):
        high += END_OF_DAY[len(high) :]
    return Between(low, high) if dash else OneOf((low,))
