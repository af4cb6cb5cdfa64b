"""QIDO-RS queries: parameters to matching conditions, without a database (PS3.18 8.3.4, PS3.4 C.2.2.2).

Attributes come as keyword or as eight hex digits.  Text matches with `*` and `?` and without regard to case;
with `fuzzymatching=true` names match by the beginnings of their words.  UIDs, codes and numbers match lists,
separated by comma or backslash as viewers send them, or given more than once; dates and times match ranges
(ranges.py).  What is not searched or not returned here is ignored and named in a Warning header, as the
standard wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword

from backend.dicomweb.errors import BadQuery
from backend.dicomweb.ranges import Between, date_range, time_range

MAX_RESULTS = 1000
"""Matches of one answer; the rest is asked for by offset."""
MAX_OFFSET = 2**31 - 1
MAX_VALUES = 500
"""Values of one list."""
MAX_WORDS = 20
"""Words of a name that is matched fuzzily."""


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
RETURNED = (
    STUDY_KEYS
    | SERIES_KEYS
    | INSTANCE_KEYS
    | {
        "SpecificCharacterSet", "InstanceAvailability", "RetrieveURL", "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances", "FrameOfReferenceUID",
        "AvailableTransferSyntaxUID", "Rows", "Columns", "NumberOfFrames",
    }
)  # fmt: skip
"""All that answers hold (rows.py), at the level that it belongs to."""
_CONTROLS = frozenset({"includefield", "fuzzymatching", "limit", "offset", "accept", "emptyvaluematching"})


@dataclass(frozen=True)
class OneOf:
    """Equal to one of these values."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Like:
    """A text with `*` for any characters and `?` for one."""

    pattern: str


@dataclass(frozen=True)
class Words:
    """A name in which a component or word begins with each of these, in lower case."""

    beginnings: tuple[str, ...]


Match = OneOf | Between | Like | Words


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
    not_returned: tuple[str, ...] = ()
    """What `includefield` asked for and no answer holds."""


def parse_query(level: Level, parameters: Iterable[tuple[str, str]], named: Named | None = None) -> Query:
    """The query of a request's parameters, within what its address names.

    BadQuery says which parameter cannot be understood, and why.
    """
    given = list(parameters)
    fuzzy = any(name.lower() == "fuzzymatching" and _boolean(name, value) for name, value in given)
    matches: dict[str, Match] = {}
    ignored: list[str] = []
    fields: list[str] = []
    limit, offset = MAX_RESULTS, 0
    for name, value in given:
        lowered = name.lower()
        if lowered == "limit":
            limit = min(limit, _whole_number(name, value))
        elif lowered == "offset":
            offset = min(MAX_OFFSET, _whole_number(name, value))
        elif lowered == "includefield":
            fields += [one.strip() for one in value.split(",") if one.strip()]
        elif lowered not in _CONTROLS:
            keyword = _keyword(name)
            if keyword not in _KEYS_OF_LEVEL[level]:
                ignored.append(keyword or "unknown attribute")
            elif value not in ("", "*"):
                matches[keyword] = _joined(keyword, matches.get(keyword), _match(keyword, value, fuzzy))
    for keyword, uid in _addressed(named):
        known = matches.get(keyword, OneOf((uid,)))
        matches[keyword] = OneOf(tuple(v for v in (uid,) if isinstance(known, OneOf) and v in known.values))
    not_returned = tuple(dict.fromkeys(one for one in map(_not_returned, fields) if one))
    return Query(level, matches, limit, offset, tuple(dict.fromkeys(ignored)), not_returned)


def _addressed(named: Named | None) -> list[tuple[str, str]]:
    uids = {"StudyInstanceUID": named.study, "SeriesInstanceUID": named.series} if named is not None else {}
    return [(keyword, uid) for keyword, uid in uids.items() if uid]


def _joined(keyword: str, before: Match | None, match: Match) -> Match:
    """A list may come in several parameters of one name; nothing else may."""
    if before is None or before == match:
        return match
    if isinstance(before, OneOf) and isinstance(match, OneOf):
        return OneOf(tuple(dict.fromkeys(before.values + match.values)))
    raise BadQuery(f"{keyword} is given twice", field=keyword)


def _not_returned(name: str) -> str:
    """What an `includefield` asks for in vain; empty where answers hold it."""
    if name.lower() == "all":
        return ""
    keyword = _keyword(name.split(".")[0])
    return "" if keyword in RETURNED else keyword or "unknown attribute"


def _keyword(name: str) -> str:
    """The keyword of an attribute given by keyword or as GGGGEEEE; empty when unknown."""
    if tag_for_keyword(name) is not None:
        return name
    try:
        return dictionary_keyword(int(name, 16)) if re.fullmatch("[0-9A-Fa-f]{8}", name) else ""
    except KeyError:
        return ""


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise BadQuery(f"{name} must be true or false", field=name)
    return value.lower() == "true"


def _whole_number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 12:
        raise BadQuery(f"{name} must be a whole number", field=name)
    return int(value)


def _match(keyword: str, value: str, fuzzy: bool) -> Match:
    if "\0" in value:
        raise BadQuery(f"{keyword} has a NUL byte", field=keyword)
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    if vr == "DA":
        return date_range(keyword, value)
    if vr == "TM":
        return time_range(keyword, value)
    if vr in ("UI", "CS", "IS"):
        values = tuple(v.strip() for v in value.replace("\\", ",").split(",") if v.strip())
        if len(values) > MAX_VALUES:
            raise BadQuery(f"{keyword} lists more than {MAX_VALUES} values", field=keyword)
        if vr == "IS":
            values = tuple(str(_whole_number(keyword, v)) for v in values)
        if vr == "CS" and len(values) == 1 and ("*" in value or "?" in value):
            return Like(values[0])
        return OneOf(values)
    if vr == "PN" and fuzzy:
        words = tuple(word for word in re.split(r"[\s,^=*?]+", value.lower()) if word)
        if len(words) > MAX_WORDS:
            raise BadQuery(f"{keyword} has more than {MAX_WORDS} words", field=keyword)
        return Words(words)
    return Like(value)
