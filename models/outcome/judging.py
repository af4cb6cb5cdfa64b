"""How good predictions are that were made in folds, and whether one is better than another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.outcome.scoring import Outcome, Reading, Scores, Vector, learn_reading
from models.statistics import merit, survival_merit
from models.statistics.risk_groups import risk_groups

COMPARED = (
    ("clinical", "network"), ("radiomics", "network"), ("clinical", "combined"), ("network", "combined"),
)  # fmt: skip
"""Which is tested against which: the second less the first."""


@dataclass(frozen=True)
class Judged:
    """Scores of a model in the folds, and what they are worth."""

    predictions: Vector
    """(n,) of the folds in which the patients were tested."""
    thresholds: Vector
    """(n,) of the training patients of the same folds."""


def pool(scores: list[Scores], folds: list[tuple[Outcome, Outcome]], tests: list[Any], count: int) -> Judged:
    """Predictions of all tested patients; `folds` are the outcomes of training and tested patients."""
    predictions, thresholds = np.full(count, np.nan), np.full(count, np.nan)
    for one, (learnt, _), test in zip(scores, folds, tests, strict=True):
        reading = learn_reading(one.inner, learnt)
        predictions[test], thresholds[test] = reading.read(one.outer), reading.threshold
    return Judged(predictions, thresholds)


def judge(truth: Outcome, judged: Judged) -> dict[str, Any]:
    """Figures of merit as JSON: `merit.summary`, or of survival the concordance and the two groups."""
    if truth.times is None:
        return merit.summary(truth.events, judged.predictions, judged.thresholds)
    high = judged.predictions >= judged.thresholds
    groups = [{"n": int(own.sum()), "events": int(truth.events[own].sum())} for own in (~high, high)]
    return {
        "n": len(truth.events),
        "events": int(truth.events.sum()),
        "concordance": survival_merit.harrell_c(_followed(truth), judged.predictions).to_json(),
        "low_risk": groups[0],
        "high_risk": groups[1],
        "risk_groups": risk_groups(truth.times, truth.events == 1, high),
    }


def compare(truth: Outcome, models: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """Paired tests of AUC (DeLong) or concordance (bootstrap) on the same patients."""
    rows = []
    for first, second in COMPARED:
        if first in models and second in models:
            a, b = models[first].predictions, models[second].predictions
            if truth.times is None:
                test = merit.compare_auc(truth.events, a, b)
            else:
                test = survival_merit.compare_c(_followed(truth), a, b)
            rows.append({"first": first, "second": second, **test.to_json()})
    return rows


def judge_set_aside(truth: Outcome, scores: Vector, reading: Reading) -> dict[str, Any] | None:
    """Figures on the patients set aside once; None where they are too few to say anything."""
    events = int(truth.events.sum())
    if min(events, len(truth.events) - events) < 2:
        return None
    return judge(truth, Judged(reading.read(scores), np.full(len(scores), reading.threshold)))


def _followed(truth: Outcome) -> survival_merit.Outcome:
    assert truth.times is not None
    return survival_merit.Outcome(truth.times, truth.events == 1)
