"""Plan objectives: what a DVH should say, and whether it does.

An objective passes up to its limit, varies acceptably up to its variation, and fails beyond.  Where a part
of the structure has no dose, a verdict stands only if no dose of that part could change it: a cord whose
known part is above its limit fails however little of it the dose grid covers.

Some objectives are of several structures at once: one of them is to be spared (`any`), or they count as one
volume (`union`), or the one or the other.  Where one of them is lacking, a verdict stands only if that one
could not change it: one gland that is spared settles `any`, and a maximum that is exceeded in one is exceeded
in all together.  `frontend/src/lib/objectives.ts` judges alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rt.dose_metrics import Kind, Metric
from rt.dvh import Dvh

Comparison = Literal["at-most", "at-least"]
Verdict = Literal["pass", "variation", "fail", "unknown"]
Reason = Literal[
    "not-contoured", "ambiguous", "outside-dose", "partly-outside-dose", "too-small", "part-of-plan"
]
"""Why a verdict is unknown; `part-of-plan`: the dose is of a beam or another part of the plan."""

Group = Literal["each", "any", "union"]
"""What an objective is of: each of its structures by itself, at least one of them, all as one volume."""

NEGLIGIBLE_OUTSIDE = 0.001
"""Part of a volume without dose that leaves every verdict standing."""
_MORE_VOLUME: dict[Kind, float] = {
    "max": math.inf,
    "dose-at-cc": math.inf,
    "cc-at-gy": math.inf,
    "min": -math.inf,
}
"""Which way alone more volume can move a value; the others it can move both ways."""


@dataclass(frozen=True)
class Target:
    """What is wanted of one value, in its own unit."""

    metric: Metric
    comparison: Comparison
    limit: float
    variation: float | None = None
    """The last value that is acceptable, though the limit is not kept."""


@dataclass(frozen=True)
class Judgement:
    """What became of an objective."""

    verdict: Verdict
    value: float | None = None
    """Of the part within the dose grid."""
    reason: Reason | None = None
    """Of a verdict that is unknown."""


OUTSIDE_DOSE = Judgement("unknown", None, "outside-dose")
"""Of a structure that lies wholly outside the dose grid."""


def judge(target: Target, dvh: Dvh) -> Judgement:
    """Whether a structure's DVH keeps an objective; unknown, with the reason, where that cannot be said."""
    value = target.metric.of(dvh)
    partly = dvh.outside_fraction > NEGLIGIBLE_OUTSIDE
    if value is None:
        return Judgement("unknown", None, "partly-outside-dose" if partly else "too-small")
    verdict = _verdict(target, value)
    if partly and not _stands(target, verdict):
        return Judgement("unknown", value, "partly-outside-dose")
    return Judgement(verdict, value)


def judge_any(target: Target, dvhs: Sequence[Dvh | None], lacking: Reason | None = None) -> Judgement:
    """Whether at least one of several structures keeps an objective; the value is of the one that does best.

    `dvhs` holds None for a structure that lies wholly outside the dose grid.  `lacking` is why one more is
    not among them (nobody drew it, or it was drawn more than once): it might keep the objective, so only a
    pass stands.
    """
    judged = [judge(target, one) if one else OUTSIDE_DOSE for one in _best_first(target, dvhs)]
    if lacking is not None:
        judged.append(Judgement("unknown", judged[0].value if judged else None, lacking))
    return best_of(judged)


def judge_union(target: Target, dvh: Dvh | None, lacking: Reason | None = None) -> Judgement:
    """Whether several structures as one volume keep an objective.

    `dvh` is None where all of it lies outside the dose grid.  With `lacking` it is of those that are there:
    their value is told only where no dose of the lacking one could change the verdict.
    """
    judged = judge(target, dvh) if dvh else OUTSIDE_DOSE
    if lacking is not None and not (judged.reason is None and _stands(target, judged.verdict)):
        return Judgement("unknown", None, lacking)
    return judged


def part_decides(metric: Metric) -> bool:
    """Whether a part of a volume can settle an objective of this metric, whatever the rest gets."""
    return metric.kind in _MORE_VOLUME


def best_of(judgements: Sequence[Judgement]) -> Judgement:
    """The judgement that counts where keeping one of several is enough, the first of equals.

    One that passes settles it; else one that is unknown leaves it unknown, for it might have passed.
    """
    order: tuple[Verdict, ...] = ("pass", "unknown", "variation", "fail")
    return min(judgements, key=lambda one: order.index(one.verdict))


def _stands(target: Target, verdict: Verdict) -> bool:
    """Whether no dose of a further volume could change a verdict."""
    furthest = _MORE_VOLUME.get(target.metric.kind)
    return furthest is not None and _verdict(target, furthest) == verdict


def _best_first(target: Target, dvhs: Sequence[Dvh | None]) -> list[Dvh | None]:
    """By value, so that of equal verdicts the better counts; what has none comes last."""
    sign = 1 if target.comparison == "at-most" else -1

    def rank(one: Dvh | None) -> tuple[bool, float]:
        value = target.metric.of(one) if one else None
        return value is None, sign * (value or 0.0)

    return sorted(dvhs, key=rank)


def _verdict(target: Target, value: float) -> Verdict:
    sign = 1 if target.comparison == "at-most" else -1
    if sign * value <= sign * target.limit:
        return "pass"
    if target.variation is not None and sign * value <= sign * target.variation:
        return "variation"
    return "fail"
