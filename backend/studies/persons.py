"""Whether two records can be of one person."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.studies.tables import Patient


@dataclass(frozen=True)
class Person:
    """Who an instance says that it is of; any of it may be empty."""

    patient_id: str
    name: str = ""
    """PN, component groups joined by "="."""
    birth_date: str = ""
    """DA, with or without its digits parted."""


def person_of(patient: Patient) -> Person:
    """Who a patient of the store is."""
    return Person(patient.patient_id, patient.name, patient.birth_date)


def is_someone_else(one: Person, other: Person, *, by_either: bool = False) -> bool:
    """Whether two of one PatientID are two persons: name and birth date both differ.

    One of them alone is married, mended or mistyped.  Where no PatientID joins the two, `by_either` takes one
    difference for enough.
    """
    names = _names(one.name), _names(other.name)
    name_differs = bool(names[0] and names[1] and not names[0] & names[1])
    born = {re.sub(r"\D", "", date) for date in (one.birth_date, other.birth_date)} - {""}
    if by_either:
        return name_differs or len(born) == 2
    return name_differs and len(born) == 2


def _names(name: str) -> set[str]:
    """The component groups of a PN (alphabetic, ideographic, phonetic) without case, carets and spaces."""
    groups = (" ".join(group.replace("^", " ").split()).casefold() for group in name.split("="))
    return {group for group in groups if group}
