"""Figures of merit of out-of-fold predictions, and paired tests between models on the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.dose_maps.study import Outcome, Vector
from models.dose_maps.validation import Rows
from models.statistics import merit, survival_merit

FIGURE = {"continuous": "r2", "binary": "auc", "survival": "harrell-c"}
"""Name of the figure of merit by kind of outcome."""


def judge(outcome: Outcome, folds: list[Rows], models: Mapping[str, Vector], seed: int) -> dict[str, Any]:
    """`{"figure", "models": [{"model", "value", "low", "high"}], "comparisons": [map less each other]}`.

    R² is 1 less the squared errors by those of the training patients' means, percentile bootstrap; AUC with
    DeLong's interval and test; Harrell's C by bootstrap.  Predictions of different folds come from different
    fits, of which the intervals know nothing.
    """
    rows = [{"model": name, **_estimate(outcome, folds, own, seed).to_json()} for name, own in models.items()]
    others = [name for name in models if name != "map"]
    tests = [
        {"first": name, "second": "map", **_paired(outcome, folds, (models[name], models["map"]), seed)}
        for name in others
    ]
    return {"figure": FIGURE[outcome.kind], "models": rows, "comparisons": tests}


def _estimate(outcome: Outcome, folds: list[Rows], eta: Vector, seed: int) -> merit.Estimate:
    if outcome.kind == "binary":
        return merit.auc(outcome.values, eta)
    if outcome.kind == "survival":
        return survival_merit.harrell_c(_followed(outcome), eta, seed)
    wrong, spread = (outcome.values - eta) ** 2, _from_means(outcome.values, folds)
    return merit.bootstrap(lambda rows: _r2(wrong[rows], spread[rows]), len(eta), seed)


def _paired(outcome: Outcome, folds: list[Rows], both: tuple[Vector, Vector], seed: int) -> dict[str, float]:
    if outcome.kind == "binary":
        return merit.compare_auc(outcome.values, *both).to_json()
    if outcome.kind == "survival":
        return survival_merit.compare_c(_followed(outcome), *both, seed).to_json()
    spread = _from_means(outcome.values, folds)
    first, second = ((outcome.values - eta) ** 2 for eta in both)
    drawn: list[float] = []

    def difference(rows: npt.NDArray[np.intp]) -> float:
        drawn.append(_r2(second[rows], spread[rows]) - _r2(first[rows], spread[rows]))
        return drawn[-1]

    found = merit.bootstrap(difference, len(first), seed)
    error = float(np.std(drawn[:-1], ddof=1))
    p = 2 * float(stats.norm.sf(abs(found.value) / error)) if error > 0 else 1.0
    return merit.PairedTest(found.value, found.low, found.high, p).to_json()


def _from_means(values: Vector, folds: list[Rows]) -> Vector:
    """(n,) squared distance of each value from the mean of those that its fold learnt from."""
    out = np.zeros(len(values))
    for test in folds:
        out[test] = (values[test] - np.delete(values, test).mean()) ** 2
    return out


def _r2(wrong: Vector, spread: Vector) -> float:
    return 1 - float(wrong.sum()) / max(float(spread.sum()), 1e-300)


def _followed(outcome: Outcome) -> survival_merit.Outcome:
    return survival_merit.Outcome(outcome.values, outcome.happened == 1)
