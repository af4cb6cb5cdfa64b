"""A protocol's objectives for structures that were measured: the lines of a score card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from backend.dose.schemas import Alternative, GroupMember, Objective, ObjectiveResult, WayResult
from backend.labels.tables import Revision, Structure
from rt.dose_metrics import parse_metric
from rt.dvh import Dvh
from rt.objectives import OUTSIDE_DOSE, Judgement, Reason, Target, best_of, judge


@dataclass(frozen=True)
class Measured:
    """A structure that is drawn, with its newest revision's DVH where any of it has a dose."""

    structure: Structure
    head: Revision
    dvh: Dvh | None


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a protocol's structures."""

    by_name: Mapping[str, Sequence[Measured]]
    """By TG-263 name."""
    union: Callable[[Sequence[Measured]], Dvh | None]
    """Measures several structures as one volume; None where all of it lies outside the dose."""


def lines_of(objective: Objective, drawn: Drawn) -> list[ObjectiveResult]:
    """A line for each structure with one of the names and each name that nobody drew; of a group one."""
    if objective.group != "each":
        return [_line_of_group(objective, drawn)]
    absent: Sequence[Measured | None] = (None,)
    return [
        _line(objective, name, one)
        for name in objective.structures
        for one in drawn.by_name.get(name) or absent
    ]


def _line(objective: Objective, name: str, one: Measured | None) -> ObjectiveResult:
    judged = _judged(objective, objective, one.dvh) if one else _unknown("not-contoured")
    return ObjectiveResult(
        structure=name,
        structure_id=one.structure.id if one else None,
        name=one.structure.name if one else None,
        revision=one.head.number if one else None,
        members=[],
        ways=[],
        unit=parse_metric(objective.metric).unit,
        value=judged.value,
        outside_fraction=one.dvh.outside_fraction if one and one.dvh else None,
        verdict=judged.verdict,
        reason=judged.reason,
        **objective.model_dump(exclude={"structures", "alternative"}),
    )


def _line_of_group(objective: Objective, drawn: Drawn) -> ObjectiveResult:
    found = {name: drawn.by_name.get(name, ()) for name in objective.structures}
    reason: Reason | None = None
    if any(len(ones) > 1 for ones in found.values()):
        reason = "ambiguous"
    if not all(found.values()):
        reason = "not-contoured"
    ways: list[Objective | Alternative] = [objective]
    if objective.alternative:
        ways.append(objective.alternative)
    if reason is not None:
        judged = [_unknown(reason) for _ in ways]
    else:
        members = [ones[0] for ones in found.values()]
        judged = [_judged_group(objective, way, members, drawn) for way in ways]
    settled = best_of(judged)
    way = ways[judged.index(settled)]
    return ObjectiveResult(
        structure=", ".join(objective.structures),
        structure_id=None,
        name=None,
        revision=None,
        members=[_member(objective, name, ones) for name, ones in found.items()],
        ways=[_way(way, one) for way, one in zip(ways, judged, strict=True)],
        unit=parse_metric(objective.metric).unit,
        value=settled.value,
        outside_fraction=None,
        verdict=settled.verdict,
        reason=settled.reason,
        **objective.model_dump(exclude={"structures", "alternative"})
        | way.model_dump(include={"group", "limit", "variation"}),
    )


def _judged_group(
    objective: Objective, way: Objective | Alternative, members: Sequence[Measured], drawn: Drawn
) -> Judgement:
    if way.group == "union":
        return _judged(objective, way, drawn.union(members))
    return best_of([_judged(objective, way, one.dvh) for one in _best_first(objective, members)])


def _best_first(objective: Objective, members: Sequence[Measured]) -> list[Measured]:
    """By value, so that of equal verdicts the better counts; what has none comes last."""
    metric, sign = parse_metric(objective.metric), 1 if objective.comparison == "at-most" else -1

    def rank(one: Measured) -> tuple[bool, float]:
        value = metric.of(one.dvh) if one.dvh else None
        return value is None, sign * (value or 0.0)

    return sorted(members, key=rank)


def _judged(objective: Objective, way: Objective | Alternative, dvh: Dvh | None) -> Judgement:
    metric = parse_metric(objective.metric)
    return judge(Target(metric, objective.comparison, way.limit, way.variation), dvh) if dvh else OUTSIDE_DOSE


def _member(objective: Objective, name: str, ones: Sequence[Measured]) -> GroupMember:
    one = ones[0] if len(ones) == 1 else None
    return GroupMember(
        structure=name,
        structure_id=one.structure.id if one else None,
        name=one.structure.name if one else None,
        revision=one.head.number if one else None,
        value=parse_metric(objective.metric).of(one.dvh) if one and one.dvh else None,
    )


def _way(way: Objective | Alternative, judged: Judgement) -> WayResult:
    group: Literal["any", "union"] = "union" if way.group == "union" else "any"
    return WayResult(
        group=group,
        limit=way.limit,
        variation=way.variation,
        value=judged.value,
        verdict=judged.verdict,
        reason=judged.reason,
    )


def _unknown(reason: Reason) -> Judgement:
    return Judgement("unknown", None, reason)
