"""A protocol's objectives for structures that were measured: the lines of a score card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from backend.dose.schemas import Alternative, GroupMember, Objective, ObjectiveResult, WayResult
from backend.labels.tables import Revision, Structure
from rt.dose_metrics import parse_metric
from rt.dvh import Dvh
from rt.objectives import (
    OUTSIDE_DOSE,
    Judgement,
    Reason,
    Target,
    best_of,
    judge,
    judge_any,
    judge_union,
    part_decides,
)


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
    """A line for each structure with one of the names and each name that nobody drew; of a group one.

    What is the whole of a union counts in its place where it is drawn.
    """
    if objective.whole in drawn.by_name:
        objective = objective.model_copy(update={"structures": [objective.whole], "group": "each"})
    if objective.group != "each":
        return [_line_of_group(objective, drawn)]
    absent: Sequence[Measured | None] = (None,)
    return [
        _line(objective, name, one)
        for name in objective.structures
        for one in drawn.by_name.get(name) or absent
    ]


def unjudged(line: ObjectiveResult) -> ObjectiveResult:
    """The line with its values and no verdict: what a dose is to be held against is not all of its plan's."""
    if line.verdict == "unknown":
        return line
    told = {"verdict": "unknown", "reason": "part-of-plan"}
    ways = [way.model_copy(update=told) if way.verdict != "unknown" else way for way in line.ways]
    return line.model_copy(update={**told, "ways": ways})


def _line(objective: Objective, name: str, one: Measured | None) -> ObjectiveResult:
    judged = _judged(objective, one.dvh) if one else Judgement("unknown", None, "not-contoured")
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
        **objective.model_dump(exclude={"structures", "whole", "alternative"}),
    )


def _judged(objective: Objective, dvh: Dvh | None) -> Judgement:
    return judge(_target(objective, objective), dvh) if dvh else OUTSIDE_DOSE


def _line_of_group(objective: Objective, drawn: Drawn) -> ObjectiveResult:
    found = {name: drawn.by_name.get(name, ()) for name in objective.structures}
    ways: list[Objective | Alternative] = [objective]
    if objective.alternative:
        ways.append(objective.alternative)
    judged = [_judged_group(objective, way, found, drawn) for way in ways]
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
        **objective.model_dump(exclude={"structures", "whole", "alternative"})
        | way.model_dump(include={"group", "limit", "variation"}),
    )


def _judged_group(
    objective: Objective,
    way: Objective | Alternative,
    found: Mapping[str, Sequence[Measured]],
    drawn: Drawn,
) -> Judgement:
    """By the structures that are drawn once each; what lacks leaves open what it could change."""
    target, members = _target(objective, way), [ones[0] for ones in found.values() if len(ones) == 1]
    lacking: Reason | None = "ambiguous" if len(members) < len(found) else None
    if not all(found.values()):
        lacking = "not-contoured"
    if way.group != "union":
        return judge_any(target, [one.dvh for one in members], lacking)
    counts = bool(members) and (lacking is None or part_decides(target.metric))
    return judge_union(target, drawn.union(members) if counts else None, lacking)


def _target(objective: Objective, way: Objective | Alternative) -> Target:
    return Target(parse_metric(objective.metric), objective.comparison, way.limit, way.variation)


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
