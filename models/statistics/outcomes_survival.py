"""Figures of a survival prediction: concordance, AUC and Brier score over time, calibration and use."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.statistics.errors import StatisticsError
from models.statistics.outcomes_data import Matrix, Vector
from models.statistics.risk_groups import risk_groups
from models.statistics.survival_curves import curve
from models.statistics.survival_merit import Outcome, brier, harrell_c, time_auc, uno_c

BINS = 4


def judge_survival(
    outcome: Outcome,
    risk: Vector,
    survival: Matrix,
    threshold: float | Vector,
    against: tuple[Outcome, Vector, int],
) -> dict[str, Any]:
    """Figures of risks (n,) and predicted shares without the event (n, times).

    A risk at its `threshold` or above is high.  `against` is the training cohort (for the censoring), the
    times and the seed.  `{"n", "events", "harrell_c", "uno_c", "time_auc", "brier", "risk_groups",
    "calibration", "decision_curve"}`; a figure that the follow-up cannot give is `{"refused": {"slug",
    "detail"}}`.  Calibration and use are at the middle time.
    """
    train, times, seed = against
    middle = len(times) // 2
    until = float(np.quantile(outcome.time, 0.9))
    event = 1 - survival[:, middle]
    return {
        "n": len(risk),
        "events": int(outcome.event.sum()),
        "harrell_c": harrell_c(outcome, risk, seed).to_json(),
        "uno_c": _or_why(lambda: {"until": until, **uno_c(outcome, risk, train, until, seed).to_json()}),
        "time_auc": _or_why(lambda: time_auc(outcome, risk, train, times.tolist())),
        "brier": _or_why(lambda: brier(outcome, survival, train, times.tolist())),
        "risk_groups": risk_groups(outcome.time, outcome.event, risk >= threshold),
        "calibration": {
            "time": float(times[middle]),
            "curve": _calibration(outcome, event, float(times[middle])),
        },
        "decision_curve": _decision_curve(outcome, event, float(times[middle])),
    }


def _or_why(figure: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = figure()
    except StatisticsError as error:
        return {"refused": {"slug": error.slug, "detail": str(error)}}
    return found


def _had_event(outcome: Outcome, own: Any, time: float) -> tuple[float, float, float]:
    """One minus Kaplan-Meier of these patients at the time, and its limits."""
    found = curve(outcome.time[own], outcome.event[own])
    at = int(np.searchsorted(found["time"], time, side="right")) - 1
    return 1 - found["survival"][at], 1 - found["high"][at], 1 - found["low"][at]


def _share(outcome: Outcome, own: Any, time: float) -> float:
    """One minus Kaplan-Meier of these patients at the time."""
    t, e = outcome.time[own], outcome.event[own]
    moments = np.unique(t[e & (t <= time)])
    left = (t[None] >= moments[:, None]).sum(axis=1)
    gone = (e[None] & (t[None] == moments[:, None])).sum(axis=1)
    return float(1 - np.prod(1 - gone / left))


def _calibration(outcome: Outcome, event: Vector, time: float) -> list[dict[str, float]]:
    """Quantile groups of the predicted share with the event, beside what Kaplan-Meier observed."""
    edges = np.unique(np.quantile(event, np.linspace(0, 1, BINS + 1)[1:-1]))
    group = np.searchsorted(edges, event, side="left")
    rows = []
    for one in np.unique(group):
        own = group == one
        observed, low, high = _had_event(outcome, own, time)
        rows.append(
            {
                "n": int(own.sum()),
                "predicted": float(event[own].mean()),
                "observed": observed,
                "low": low,
                "high": high,
            }
        )
    return rows


def _decision_curve(outcome: Outcome, event: Vector, time: float) -> dict[str, Any]:
    """Net benefit with Kaplan-Meier among those treated (Vickers et al., BMC Med Inform 2008;8:53)."""
    cuts = np.linspace(0.01, 0.99, 99)
    everyone = _share(outcome, np.ones(len(event), bool), time)
    model = []
    for cut in cuts:
        own = event >= cut
        share = float(own.mean())
        had = _share(outcome, own, time) if own.any() else 0.0
        model.append(share * (had - (1 - had) * cut / (1 - cut)))
    return {
        "time": time,
        "threshold": cuts.tolist(),
        "model": model,
        "all": (everyone - (1 - everyone) * cuts / (1 - cuts)).tolist(),
        "none": [0.0] * len(cuts),
    }
