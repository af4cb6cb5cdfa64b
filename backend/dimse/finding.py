"""C-FIND: identifiers to QIDO-RS queries and its answers back, so that both find the same (PS3.4 C.4.1, C.6).

The level PATIENT, which QIDO-RS does not have, is the studies of a patient taken together.  Keys of higher
levels are matched at every level (relational queries).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from backend.dicomweb.errors import BadQuery
from backend.dicomweb.query import MAX_RESULTS, Level, Query, parse_query
from backend.dicomweb.service import ProjectScope, search

LEVELS = {"PATIENT": Level.STUDY, "STUDY": Level.STUDY, "SERIES": Level.SERIES, "IMAGE": Level.INSTANCE}
"""What is searched for each Query/Retrieve Level."""
PATIENT_KEYS = frozenset({"PatientID", "PatientName", "PatientBirthDate", "PatientSex"})
UNIQUE_KEYS = {
    "PATIENT": ("PatientID",),
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}
"""Told of each match, asked for or not."""
MAX_MATCHES = 10_000
"""Of one query; a peer that wants more is told to ask for less."""
_NO_KEYS = frozenset({"QueryRetrieveLevel", "SpecificCharacterSet", "TimezoneOffsetFromUTC", ""})
Json = dict[str, Any]


def level_of(identifier: Dataset, root: str) -> str:
    """The level that a request names; BadQuery where its information model has none of that name."""
    level = str(identifier.get("QueryRetrieveLevel") or "").strip()
    if level not in LEVELS or (level == "PATIENT" and root != "patient"):
        raise BadQuery("no such Query/Retrieve Level in this information model", field="QueryRetrieveLevel")
    return level


def keys_of(identifier: Dataset) -> dict[str, str]:
    """Keyword and value, as text, of every key of a request; "" where it only asks for the value."""
    keys = {keyword_for_tag(element.tag): element for element in identifier}
    return {keyword: _text(element) for keyword, element in keys.items() if keyword not in _NO_KEYS}


def _text(element: DataElement) -> str:
    if element.VR == "SQ" or element.value is None:
        return ""
    several = element.value if isinstance(element.value, (list, MultiValue)) else [element.value]
    return "\\".join(str(value) for value in several)


def matches(scope: ProjectScope, identifier: Dataset, root: str) -> Iterator[Dataset]:
    """The answers to a query, one by one; BadQuery when it cannot be understood or finds too much."""
    level, keys = level_of(identifier, root), keys_of(identifier)
    query = parse_query(LEVELS[level], keys.items())
    found = _all(scope, query)
    for number, one in enumerate(_patients(found) if level == "PATIENT" else found):
        if number >= MAX_MATCHES:
            raise BadQuery(f"more than {MAX_MATCHES} matches: ask for less")
        yield _answer(one, level, keys)


def _all(scope: ProjectScope, query: Query) -> Iterator[Json]:
    offset = 0
    while page := search(scope, replace(query, offset=offset)):
        yield from page
        offset += len(page)
        if len(page) < MAX_RESULTS:
            return


def _patients(studies: Iterator[Json]) -> Iterator[Json]:
    """Each patient once; one without ID is one per study."""
    seen = set[str]()
    for study in studies:
        patient_id = study["00100020"].get("Value", [""])[0]
        if patient_id == "" or patient_id not in seen:
            seen.add(patient_id)
            yield study


def _answer(found: Json, level: str, keys: dict[str, str]) -> Dataset:
    """What was asked for of a match, empty where it is not known here."""
    known, answer = Dataset.from_json(found), Dataset()
    answer.SpecificCharacterSet = "ISO_IR 192"
    answer.QueryRetrieveLevel = level
    for keyword in {*keys, *UNIQUE_KEYS[level]}:
        hidden = level == "PATIENT" and keyword not in PATIENT_KEYS
        value = None if hidden else known.get(keyword)
        setattr(answer, keyword, [] if value is None and _is_sequence(keyword) else value)
    return answer


def _is_sequence(keyword: str) -> bool:
    return keyword.endswith("Sequence")
