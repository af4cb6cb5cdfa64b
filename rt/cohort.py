"""CohortTable: the patients, variables, features and endpoints that an analysis may see.

The only contract between the backend, which freezes a cohort, and `models.statistics` and `models.outcome`,
which learn from it.  One row a patient: whoever has several regions or studies is one row still, so that no
split can divide a patient.  A missing value is None, never NaN and never a number that stands for one.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from rt.errors import RtError

ColumnKind = Literal["number", "category"]
EndpointKind = Literal["binary", "survival"]
Role = Literal["train", "test"]


@dataclass(frozen=True)
class Column:
    """One variable or feature, a value a patient."""

    name: str
    kind: ColumnKind
    values: tuple[float | str | None, ...]
    """Numbers for `number`, text for `category`; None where it is not known."""
    unit: str = ""
    """UCUM, empty for none."""
    source: dict[str, Any] = field(default_factory=dict)
    """Provenance: `{"file", "column"}` of a variable, `{"feature_set", "feature", "icc"}` of a feature."""


@dataclass(frozen=True)
class Endpoint:
    """What happened to the patients: a binary outcome, or a time with what ended it."""

    name: str
    kind: EndpointKind
    events: tuple[int | None, ...]
    """binary: 0 or 1.  survival: 0 censored, 1 the event, 2 and above competing events."""
    times: tuple[float | None, ...] = ()
    """survival: time to event or censoring in `unit`, above 0; empty for binary."""
    unit: str = "month"
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CohortTable:
    """A frozen cohort: all columns have a value (or None) for each of `patients`, in their order."""

    patients: tuple[str, ...]
    roles: tuple[Role, ...]
    """Split that was fixed once: nothing is chosen or fitted on `test`."""
    clinical: tuple[Column, ...] = ()
    features: tuple[Column, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    def __post_init__(self) -> None:
        _once(self.patients, "patient")
        _once(tuple(one.name for one in (*self.clinical, *self.features)), "column")
        _once(tuple(one.name for one in self.endpoints), "endpoint")
        if len(self.roles) != len(self.patients) or not set(self.roles) <= set(get_args(Role)):
            raise RtError("each patient needs the role train or test", where="roles")
        for column in (*self.clinical, *self.features):
            _check_column(column, len(self.patients))
        for endpoint in self.endpoints:
            _check_endpoint(endpoint, len(self.patients))

    def column(self, name: str) -> Column:
        """The clinical variable or feature of this name."""
        for one in (*self.clinical, *self.features):
            if one.name == name:
                return one
        raise RtError("cohort has no such column", where=name)

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of this name."""
        for one in self.endpoints:
            if one.name == name:
                return one
        raise RtError("cohort has no such endpoint", where=name)

    def digest(self) -> str:
        """SHA-256 of the content: equal tables have equal digests."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Canonical JSON, without NaN."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; RtError where a table cannot be."""
        raw = json.loads(text)
        return cls(
            patients=tuple(raw["patients"]),
            roles=tuple(raw["roles"]),
            clinical=tuple(_column(one) for one in raw["clinical"]),
            features=tuple(_column(one) for one in raw["features"]),
            endpoints=tuple(_endpoint(one) for one in raw["endpoints"]),
        )


def _column(raw: dict[str, Any]) -> Column:
    return Column(**{**raw, "values": tuple(raw["values"])})


def _endpoint(raw: dict[str, Any]) -> Endpoint:
    return Endpoint(**{**raw, "events": tuple(raw["events"]), "times": tuple(raw["times"])})


def _once(names: tuple[str, ...], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RtError(f"{what} stands twice in the cohort", where=name)
        seen.add(name)


def _check_column(column: Column, patients: int) -> None:
    if column.kind not in get_args(ColumnKind):
        raise RtError(f"unknown kind of column {column.kind!r}", where=column.name)
    if len(column.values) != patients:
        raise RtError(f"column has {len(column.values)} values for {patients} patients", where=column.name)
    wanted = str if column.kind == "category" else (int, float)
    for value in column.values:
        if value is None:
            continue
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise RtError(f"{value!r} is no {column.kind}", where=column.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise RtError("a missing value is None, not NaN or infinite", where=column.name)


def _check_endpoint(endpoint: Endpoint, patients: int) -> None:
    if endpoint.kind not in get_args(EndpointKind):
        raise RtError(f"unknown kind of endpoint {endpoint.kind!r}", where=endpoint.name)
    if len(endpoint.events) != patients:
        raise RtError(f"endpoint has {len(endpoint.events)} for {patients} patients", where=endpoint.name)
    if any(
        one is not None and (one < 0 or (endpoint.kind == "binary" and one > 1)) for one in endpoint.events
    ):
        raise RtError("an event is 0 or 1 (survival: 2 and above for competing ones)", where=endpoint.name)
    if endpoint.kind == "binary" and endpoint.times:
        raise RtError("a binary endpoint has no times", where=endpoint.name)
    if endpoint.kind == "survival":
        _check_times(endpoint, patients)


def _check_times(endpoint: Endpoint, patients: int) -> None:
    if len(endpoint.times) != patients:
        raise RtError(
            f"endpoint has {len(endpoint.times)} times for {patients} patients", where=endpoint.name
        )
    for time, event in zip(endpoint.times, endpoint.events, strict=True):
        if (time is None) != (event is None):
            raise RtError("a time goes with an event, and an event with a time", where=endpoint.name)
        if time is not None and not (math.isfinite(time) and time > 0):
            raise RtError(f"time {time} is not above 0", where=endpoint.name)
