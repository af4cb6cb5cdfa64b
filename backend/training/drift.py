"""Drift watch: what correcting a network's contours costs over time, and the alarm when it rises.

One chart (`rt.control_chart`) for each network version, structure and measure, of what is approved now.  The
chart is computed from the efforts whenever it is asked for; that it alarmed is kept, and told once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.training import repository
from backend.training.schemas import DriftChart, DriftMeasure, DriftPoint, DriftWeek
from backend.training.tables import DriftAlarm
from rt.control_chart import BASELINE, ChartPoint, ewma_chart

LEAST_SPREADS: dict[DriftMeasure, float] = {"path_per_volume": 0.5, "surface_error": 0.005}
"""mm per cc, and surface Dice: least standard deviation of a baseline; untouched contours have none."""
MOST_POINTS = 200


class _Key(NamedTuple):
    network: str
    number: int
    structure: str
    measure: DriftMeasure
    version_id: str


@dataclass(frozen=True)
class _Series:
    times: list[datetime]
    points: list[ChartPoint]


def charts(session: Session, actor: Actor, project_id: str) -> list[DriftChart]:
    """Charts of the project, those with an alarm first, then by version, structure and measure."""
    projects.require(session, actor, project_id, Permission.READ)
    told = {_of(row): row.at for row in repository.drift_alarms(session, project_id)}
    found = [
        (key, _chart(key, series, told.get((key.version_id, key.structure, key.measure))))
        for key, series in _all(session, project_id).items()
    ]
    found.sort(key=lambda one: (one[1].alarmed_at is None, one[0]))
    return [chart for _, chart in found]


def watch(session: Session, project_id: str) -> list[DriftAlarm]:
    """Keep, audit and announce the alarms that nobody was told of yet; those that are new."""
    told = {_of(row) for row in repository.drift_alarms(session, project_id)}
    new: list[DriftAlarm] = []
    for key, series in _all(session, project_id).items():
        first = next((n for n, point in enumerate(series.points, start=1) if point.alarm), None)
        if first is not None and (key.version_id, key.structure, key.measure) not in told:
            new.append(_alarm(session, project_id, key, first))
    if new:
        jobs.announce(session, "drift", project_id, project_id)
    return new


def _of(row: DriftAlarm) -> tuple[str, str, str]:
    return row.network_version_id, row.structure, row.measure


def _alarm(session: Session, project_id: str, key: _Key, number: int) -> DriftAlarm:
    row = DriftAlarm(
        project_id=project_id,
        network_version_id=key.version_id,
        structure=key.structure,
        measure=key.measure,
        case_number=number,
    )
    session.add(row)
    session.flush()
    changes = {"structure": key.structure, "measure": key.measure, "cases": number}
    audit.record(
        session, None, "training.drift.alarmed", "network_version", key.version_id, project_id, changes
    )
    return row


def _all(session: Session, project_id: str) -> dict[_Key, _Series]:
    rows: dict[_Key, list[Any]] = defaultdict(list)
    for row in repository.effort_cases(session, project_id):
        for measure in LEAST_SPREADS:
            rows[_Key(row.name, row.version, row.structure, measure, row.version_id)].append(row)
    return {
        key: _Series(
            [row.at for row in own],
            ewma_chart([_value(row, key.measure) for row in own], LEAST_SPREADS[key.measure]),
        )
        for key, own in rows.items()
    }


def _value(row: Any, measure: DriftMeasure) -> float:
    if measure == "surface_error":
        return 1 - float(row.surface_dice)
    return float(row.added_path_length_mm) / float(row.volume_cc)


def _chart(key: _Key, series: _Series, alarmed_at: datetime | None) -> DriftChart:
    points = [
        DriftPoint(at=at, value=point.value, average=point.average, limit=point.limit, alarm=point.alarm)
        for at, point in zip(series.times, series.points, strict=True)
    ]
    return DriftChart(
        network_version=f"{key.network} v{key.number}",
        structure=key.structure,
        measure=key.measure,
        baseline=BASELINE,
        alarmed_at=alarmed_at,
        points=points[-MOST_POINTS:],
        weeks=_weeks(points),
    )


def _weeks(points: Sequence[DriftPoint]) -> list[DriftWeek]:
    weeks: dict[str, list[float]] = defaultdict(list)
    for point in points:
        year, week, _ = point.at.isocalendar()
        weeks[f"{year}-W{week:02d}"].append(point.value)
    return [
        DriftWeek(week=name, n=len(values), mean=sum(values) / len(values)) for name, values in weeks.items()
    ]
