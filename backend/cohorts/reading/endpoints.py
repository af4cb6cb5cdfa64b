"""Endpoints of a table: an event with its time, an event between two dates, or an event alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import get_args

from backend.cohorts.reading.cells import Ambiguous, date_of, number_of
from backend.cohorts.reading.checking import Cells, EndpointRead, read_number
from backend.cohorts.reading.issues import Issues
from backend.cohorts.schemas import ColumnRole, DictionaryColumn, TimeUnit

DAYS: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
"""Days of a unit of time: a month is a twelfth of a Julian year."""
MOST_YEARS = 120.0
FIRST_YEAR = 1900
PARTS: tuple[ColumnRole, ...] = ("time", "event", "start", "end")


@dataclass(frozen=True)
class _Parts:
    """The columns of one endpoint."""

    name: str
    by_role: dict[str, Cells]


def read_endpoints(columns: Sequence[Cells], issues: Issues) -> list[EndpointRead]:
    """Every endpoint that the dictionary names, in the order of its first column."""
    grouped: dict[str, dict[str, Cells]] = defaultdict(dict)
    shared: list[Cells] = []
    for cells in columns:
        one = cells.described
        if one.role not in PARTS:
            continue
        if not one.endpoint.strip() and one.role == "start":
            shared.append(cells)
        elif not one.endpoint.strip():
            issues.add("endpoint-unnamed", f"whose {one.role} is it?", None, one.column, None)
        elif one.role in grouped[one.endpoint.strip()]:
            detail = f"{one.endpoint} has another {one.role}"
            issues.add("endpoint-twice", detail, None, one.column, None)
        else:
            grouped[one.endpoint.strip()][one.role] = cells
    if len(shared) > 1:
        issues.add("endpoint-twice", "two starts for everybody", None, shared[1].described.column, None)
    for parts in grouped.values():
        if shared and "end" in parts:
            parts.setdefault("start", shared[0])
    return [
        _read(_Parts(name, parts), issues)
        for name, parts in grouped.items()
        if _is_whole(name, parts, issues)
    ]


def _is_whole(name: str, parts: dict[str, Cells], issues: Issues) -> bool:
    has = set(parts)
    if has in ({"event"}, {"event", "time"}, {"event", "start", "end"}):
        return True
    detail = f"{name} has {', '.join(sorted(has))}: an event goes alone, with a time, or with start and end"
    issues.add("endpoint-incomplete", detail, None, next(iter(parts.values())).described.column, None)
    return False


def _read(parts: _Parts, issues: Issues) -> EndpointRead:
    headers = {role: cells.described.column for role, cells in parts.by_role.items()}
    events = _events(parts.by_role["event"], issues)
    if set(parts.by_role) == {"event"}:
        return EndpointRead(parts.name, "binary", "", headers, _binary(parts, events, issues), {})
    unit = _unit(parts, issues)
    times = _times(parts, unit, issues)
    _match(parts, events, times, issues)
    kept = {patient: time for patient, (_, time) in times.items() if time is not None}
    known = {patient: event for patient, event in events.items() if event is not None}
    return EndpointRead(parts.name, "survival", unit, headers, known, kept)


def _events(cells: Cells, issues: Issues) -> dict[str, int | None]:
    """The event of each patient who has one; None, with an issue, where the cell says none."""
    one = cells.described
    coding = {text.casefold(): event for text, event in one.coding.items()}
    events: dict[str, int | None] = {}
    for row, patient, text in cells.known():
        events[patient] = coding.get(text.casefold()) if coding else _whole(text)
        if events[patient] is None:
            issues.add("event-uncoded", "the coding does not say which event it is", row, one.column, text)
    if not events:
        issues.add("column-empty", "no patient has a value: ignore it", None, one.column, None)
    if not coding and set(events.values()) == {1, 2}:
        detail = "only 1 and 2, and no 0: the coding has to say which of them is censored"
        issues.add("event-uncoded", detail, None, one.column, None)
    return events


def _whole(text: str) -> int | None:
    try:
        value = number_of(text)
    except ValueError:
        return None
    return int(value) if value in range(100) else None


def _binary(parts: _Parts, events: dict[str, int | None], issues: Issues) -> dict[str, int]:
    cells = parts.by_role["event"]
    for patient, (row, text) in cells.texts().items():
        if (events[patient] or 0) > 1:
            issues.add(
                "event-uncoded", "without a time there is 0 and 1 only", row, cells.described.column, text
            )
    return {patient: event for patient, event in events.items() if event is not None}


def _unit(parts: _Parts, issues: Issues) -> str:
    one = (parts.by_role.get("time") or parts.by_role["end"]).described
    if one.unit not in ("", *get_args(TimeUnit)):
        detail = f"{one.unit!r} is none of {', '.join(get_args(TimeUnit))}"
        issues.add("endpoint-incomplete", detail, None, one.column, one.unit)
        return "month"
    return one.unit or "month"


def _times(parts: _Parts, unit: str, issues: Issues) -> dict[str, tuple[int, float | None]]:
    """{patient: (row, time)}; a time that cannot be is None, with an issue."""
    if "time" in parts.by_role:
        cells = parts.by_role["time"]
        found = {
            patient: (row, read_number(cells.described, row, text, issues))
            for row, patient, text in cells.known()
        }
    else:
        cells = parts.by_role["end"]
        found = _between(parts.by_role["start"], cells, unit, issues)
    texts = cells.texts()
    for patient, (row, time) in found.items():
        if time is None:
            continue
        if time <= 0:
            detail = f"a time to an event is above 0, and this is {time:g} {unit}s"
            issues.add("time-not-positive", detail, row, cells.described.column, texts[patient][1])
        elif time * DAYS[unit] > MOST_YEARS * DAYS["year"]:
            detail = f"{time:g} {unit}s are more than {MOST_YEARS:g} years"
            issues.add("time-implausible", detail, row, cells.described.column, texts[patient][1])
    return found


def _between(start: Cells, end: Cells, unit: str, issues: Issues) -> dict[str, tuple[int, float | None]]:
    starts, ends = _dates(start, issues), _dates(end, issues)
    return {
        patient: (row, (day - starts[patient][1]).days / DAYS[unit])
        for patient, (row, day) in ends.items()
        if patient in starts
    }


def _dates(cells: Cells, issues: Issues) -> dict[str, tuple[int, date]]:
    one = cells.described
    today = datetime.now(UTC).date()
    found = {}
    for row, patient, text in cells.known():
        try:
            day = date_of(text, one.date_order)
        except Ambiguous as error:
            issues.add("date-ambiguous", str(error), row, one.column, text)
        except ValueError as error:
            issues.add("not-a-date", str(error), row, one.column, text)
        else:
            found[patient] = (row, day)
            if day.year < FIRST_YEAR or day > today:
                issues.add("date-implausible", f"before {FIRST_YEAR} or to come", row, one.column, text)
    return found


def _match(
    parts: _Parts,
    events: dict[str, int | None],
    times: dict[str, tuple[int, float | None]],
    issues: Issues,
) -> None:
    """Name whoever has an event without a time, or a time without an event."""
    event = parts.by_role["event"]
    timed = (parts.by_role.get("time") or parts.by_role["end"]).described
    for patient, (row, text) in event.texts().items():
        if patient not in times and events[patient] is not None:
            issues.add("event-without-time", _said(timed), row, event.described.column, text)
    for patient, (row, time) in times.items():
        if patient not in events and time is not None:
            issues.add("time-without-event", _said(event.described), row, timed.column, f"{time:g}")


def _said(other: DictionaryColumn) -> str:
    return f"{other.column} has no value in this row"
