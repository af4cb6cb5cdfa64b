"""A table read by its dictionary: patients, variables and endpoints, or the issues why it cannot be.

Whoever has one issue has no table: nothing is guessed or dropped in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backend.cohorts.reading.cells import is_missing, markers, number_of
from backend.cohorts.reading.decoding import Sheet
from backend.cohorts.reading.issues import Issues
from backend.cohorts.schemas import DictionaryColumn
from rt.cohort import ColumnKind, EndpointKind

MOST_CELL = 1000
"""Characters of a cell."""
MOST_PATIENT = 64
"""Characters of PatientID (0010,0020)."""
MOST_NUMBER = 1e15
_AGE = re.compile(r"\bage\b|年齢|(?<![a-z])age(?![a-z])", re.IGNORECASE)
AGES = (0.0, 130.0)
"""Years that a person may have lived."""


@dataclass(frozen=True)
class Variable:
    """A column that became a variable."""

    name: str
    kind: ColumnKind
    unit: str
    header: str
    values: dict[str, float | str]


@dataclass(frozen=True)
class EndpointRead:
    """Columns that became an endpoint."""

    name: str
    kind: EndpointKind
    unit: str
    headers: dict[str, str]
    events: dict[str, int]
    times: dict[str, float]


@dataclass
class Checked:
    """What a table says; only to be used where it has no issues."""

    issues: Issues
    patients: list[str] = field(default_factory=list)
    row_of: dict[str, int] = field(default_factory=dict)
    """Row of each patient, under the name that the table gives."""
    variables: list[Variable] = field(default_factory=list)
    endpoints: list[EndpointRead] = field(default_factory=list)


@dataclass(frozen=True)
class Cells:
    """One column of a table whose rows have patients."""

    described: DictionaryColumn
    rows: Sequence[tuple[int, str, str]]
    """(row, patient, text)."""
    missing: frozenset[str]

    def known(self) -> Iterator[tuple[int, str, str]]:
        """Rows that hold a value."""
        return (one for one in self.rows if not is_missing(one[2], self.missing))

    def texts(self) -> dict[str, tuple[int, str]]:
        """{patient: (row, text)} of those that hold a value."""
        return {patient: (row, text) for row, patient, text in self.known()}


def layout(
    sheet: Sheet, dictionary: Sequence[DictionaryColumn], issues: Issues
) -> dict[int, DictionaryColumn]:
    """What each column is, by its index; the columns that are ignored or have an issue are left out."""
    by_header = {one.column: one for one in dictionary}
    for name, count in Counter(one.column for one in dictionary).items():
        if name not in sheet.header:
            issues.add("column-unknown", "the file has no such column", None, name, None)
        elif count > 1:
            issues.add("column-twice", "the dictionary describes it twice", None, name, None)
    found: dict[int, DictionaryColumn] = {}
    twice = {header for header, count in Counter(sheet.header).items() if count > 1 and header}
    for index, header in enumerate(sheet.header):
        if not header:
            issues.add("column-unnamed", f"column {index + 1} has values and no header", 1, None, None)
        elif header in twice:
            issues.add("column-twice", f"column {index + 1}: another one is called the same", 1, header, None)
        elif header not in by_header:
            issues.add("column-undescribed", "the dictionary does not say what it is", None, header, None)
        elif by_header[header].role != "ignore":
            found[index] = by_header[header]
    return found


def check_rows(sheet: Sheet, issues: Issues) -> None:
    """Name the rows that are longer or shorter than the header, and the cells that are too long."""
    width = len(sheet.header)
    for number, row in sheet.rows:
        if len(row) < width or any(row[width:]):
            issues.add("row-length", f"{len(row)} cells under {width} headers", number, None, None)
        for header, cell in zip(sheet.header, row, strict=False):
            if len(cell) > MOST_CELL:
                issues.add("cell-too-long", f"{len(cell)} characters", number, header, cell)


def find_patients(sheet: Sheet, columns: dict[int, DictionaryColumn], issues: Issues) -> dict[int, str]:
    """The patient of each row; rows without one, or with one who was there before, have an issue."""
    named = [index for index, one in columns.items() if one.role == "patient"]
    if len(named) != 1:
        slug = "several-patient-columns" if named else "no-patient-column"
        issues.add(slug, "one column says who the patient is", None, None, None)  # type: ignore[arg-type]
        return {}
    header = columns[named[0]].column
    found: dict[int, str] = {}
    rows_of: dict[str, int] = {}
    for number, row in sheet.rows:
        patient = row[named[0]] if named[0] < len(row) else ""
        alike = unicodedata.normalize("NFKC", patient).casefold()
        if not patient:
            issues.add("patient-missing", "the row names no patient", number, header, "")
        elif len(patient) > MOST_PATIENT:
            issues.add("patient-too-long", f"more than {MOST_PATIENT} characters", number, header, patient)
        elif alike in rows_of:
            detail = f"rows {rows_of[alike]} and {number} are of one patient"
            issues.add("patient-twice", detail, number, header, patient)
        else:
            rows_of[alike] = number
            found[number] = patient
    return found


def read_variable(cells: Cells, issues: Issues) -> Variable:
    """A variable with the values of those who have one."""
    one = cells.described
    kind: ColumnKind = "number" if one.kind == "number" else "category"
    if one.kind == "date":
        detail = "a date is the start or the end of an endpoint, or is ignored"
        issues.add("date-is-no-variable", detail, None, one.column, None)
    values: dict[str, float | str] = {}
    for row, patient, text in cells.known():
        values[patient] = text
        if kind == "number":
            value = read_number(one, row, text, issues)
            if value is not None:
                values[patient] = value
    if not values:
        issues.add("column-empty", "no patient has a value: ignore it", None, one.column, None)
    return Variable(one.name.strip() or one.column, kind, one.unit, one.column, values)


def read_number(one: DictionaryColumn, row: int, text: str, issues: Issues) -> float | None:
    """The number in a cell; None, with an issue, where it is none that can be."""
    try:
        value = number_of(text, one.decimal)
    except ValueError as error:
        issues.add("not-a-number", str(error), row, one.column, text)
        return None
    if abs(value) > MOST_NUMBER:
        issues.add("number-implausible", f"beyond {MOST_NUMBER:g}", row, one.column, text)
    elif _AGE.search(one.column) and one.role == "variable" and not AGES[0] <= value <= AGES[1]:
        issues.add("number-implausible", "no age of a person", row, one.column, text)
    return value


def cells_of(sheet: Sheet, columns: dict[int, DictionaryColumn], patients: dict[int, str]) -> list[Cells]:
    """Every column that is used, with the rows that name a patient."""
    return [
        Cells(
            one,
            [
                (number, patients[number], row[index] if index < len(row) else "")
                for number, row in sheet.rows
                if number in patients
            ],
            markers(one.missing),
        )
        for index, one in columns.items()
    ]
