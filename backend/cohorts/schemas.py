"""Shapes of cohorts, their tables, filters and splits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.types import Base64Bytes

from rt.cohort import ColumnKind, EndpointKind, Role

CellKind = Literal["number", "category", "date"]
ColumnRole = Literal["patient", "variable", "time", "event", "start", "end", "ignore"]
TimeUnit = Literal["day", "week", "month", "year"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "shift-jis", "windows-1252"]
Separator = Literal[",", ";", "\t", "|"]
IssueSlug = Literal[
    "row-length", "cell-too-long", "patient-missing", "patient-too-long", "patient-twice",
    "patient-after-split", "no-patient-column", "several-patient-columns", "column-unnamed", "column-twice",
    "column-unknown", "column-undescribed", "column-empty", "column-name-twice", "column-taken",
    "date-is-no-variable", "not-a-number", "number-implausible", "not-a-date", "date-ambiguous",
    "date-implausible", "event-uncoded", "event-without-time", "time-without-event", "time-not-positive",
    "time-implausible", "endpoint-unnamed", "endpoint-incomplete", "endpoint-twice",
]  # fmt: skip
"""What can be wrong with a cell, a column or a row."""
Name = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")
]
Value = str | float
MOST_BYTES = 8 << 20
"""Of a table's file."""
BODY_BYTES = 12 << 20
"""Of a request with a table: its bytes are base64, its dictionary comes besides."""


class Closed(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class CohortIn(Closed):
    """A cohort to make."""

    name: Name
    description: str = Field(default="", max_length=4000)


class CohortPatch(Closed):
    """What to change; what is not named stays."""

    name: Name | None = None
    description: str | None = Field(default=None, max_length=4000)


class ColumnSource(BaseModel):
    """Where a column's values come from."""

    file_name: str
    sha256: Annotated[str, Field(description="of the file, which is not kept")]
    columns: Annotated[list[str], Field(description="as the file calls them")]
    imported_at: datetime
    imported_by: str


class ColumnOut(BaseModel):
    """A clinical variable."""

    name: str
    kind: ColumnKind
    unit: str
    missing: Annotated[int, Field(description="patients without a value")]
    source: ColumnSource


class EndpointOut(BaseModel):
    """An endpoint, with how often it came about."""

    name: str
    kind: EndpointKind
    unit: Annotated[str, Field(description="of the times; empty of a binary one")]
    events: Annotated[int, Field(description="patients with event 1")]
    competing: Annotated[int, Field(description="patients with an event above 1")]
    known: Annotated[int, Field(description="patients of whom it is known, with or without an event")]
    source: ColumnSource


class SplitOut(BaseModel):
    """Who trains and who tests, fixed."""

    seed: int
    test_fraction: float
    stratify: str | None
    train: int
    test: int
    fixed_at: datetime


class Condition(Closed):
    """A patient stays whose value holds; one whose value is missing does not, unless that is asked for."""

    column: Annotated[
        str, Field(max_length=128, description="of a variable; `missing`, `present`: also endpoint")
    ]
    op: Literal["=", "!=", "<", "<=", ">", ">=", "in", "missing", "present"]
    value: Value | list[Value] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wanted = {"in": list, "missing": type(None), "present": type(None)}.get(self.op, (str, float, int))
        if not isinstance(self.value, wanted):  # type: ignore[arg-type]
            raise ValueError("`in` takes a list, `missing` and `present` no value, the others one value")
        return self


class ConditionOut(Condition):
    """A condition with what it does; counted one after the other."""

    left_out: Annotated[int, Field(description="patients whose value does not hold")]
    missing: Annotated[int, Field(description="patients left out because they have no value")]


class FilterIn(Closed):
    """All of them have to hold; none: everybody stays."""

    conditions: list[Condition] = Field(max_length=50)


class SplitIn(Closed):
    """How to divide the patients, once."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    test_fraction: float = Field(default=0.25, gt=0, lt=1)
    stratify: str | None = Field(default=None, description="endpoint whose events both parts have alike")


class CohortOut(BaseModel):
    """A cohort."""

    id: str
    name: str
    description: str
    patients: int
    included: Annotated[int, Field(description="patients that the filter leaves")]
    in_store: Annotated[int, Field(description="patients of whom the project has studies")]
    columns: list[ColumnOut]
    endpoints: list[EndpointOut]
    filter: list[ConditionOut]
    split: SplitOut | None
    created_at: datetime


class DictionaryColumn(Closed):
    """What a column of the file is."""

    column: Annotated[str, Field(max_length=255, description="as the file calls it")]
    role: ColumnRole
    name: Annotated[str, Field(max_length=128, description="of the variable here; its header without it")] = (
        ""
    )
    kind: CellKind = "category"
    unit: Annotated[
        str, Field(max_length=32, description="UCUM; of times and ends: day, week, month or year")
    ] = ""
    endpoint: Annotated[
        str,
        Field(max_length=128, description="of time, event, start, end; a start without one is everybody's"),
    ] = ""
    missing: Annotated[
        list[str], Field(max_length=50, description="texts that stand for no value, besides empty ones")
    ] = []
    coding: Annotated[
        dict[str, Annotated[int, Field(ge=0, le=99)]],
        Field(
            max_length=200, description="texts of an event column to 0 censored, 1 event, 2… competing ones"
        ),
    ] = {}
    decimal: Annotated[Literal[".", ","], Field(description="of numbers; nothing separates thousands")] = "."
    date_order: Annotated[
        Literal["ymd", "dmy", "mdy"] | None, Field(description="None: ISO, or as it shows")
    ] = None


class TableIn(Closed):
    """A CSV file and what its columns are."""

    file_name: Annotated[str, Field(min_length=1, max_length=255)]
    csv: Annotated[Base64Bytes, Field(description="bytes of the file as base64: its encoding is found here")]
    encoding: Annotated[Encoding | None, Field(description="found from the bytes without it")] = None
    dictionary: Annotated[
        list[DictionaryColumn] | None, Field(max_length=4000, description="guessed without it")
    ] = None


class Issue(BaseModel):
    """Why a table cannot be taken: one cell, or a column or row as a whole."""

    row: Annotated[int | None, Field(description="as a spreadsheet counts: the header is row 1")]
    column: str | None
    value: str | None
    slug: IssueSlug
    detail: str


class TableOut(BaseModel):
    """A table as it was read."""

    file_name: str
    encoding: Encoding
    separator: Separator
    rows: int
    dictionary: list[DictionaryColumn]
    issues: Annotated[list[Issue], Field(description="the first thousand")]
    issue_count: int
    sample: Annotated[list[list[str]], Field(description="header and first rows as texts")]
    absent: Annotated[
        list[str], Field(description="patients of the cohort who are not in it, once the split is fixed")
    ]


class PatientStudy(BaseModel):
    """A study of the patient in this project."""

    id: str
    study_instance_uid: str
    study_date: str


class EndpointValue(BaseModel):
    """What happened to a patient; null where it is not known."""

    event: int | None
    time: float | None


class LeftOut(BaseModel):
    """Why the filter leaves a patient out."""

    column: str
    reason: Literal["value", "missing"]


class CohortPatientOut(BaseModel):
    """A patient with all that is known of him; null is missing."""

    patient_id: str
    in_store: bool
    studies: list[PatientStudy]
    role: Role | None
    left_out: LeftOut | None
    values: dict[str, Value | None]
    endpoints: dict[str, EndpointValue]
