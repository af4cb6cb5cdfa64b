"""How good a prediction of survival is: Harrell's and Uno's C, time-dependent AUC, integrated Brier score.

`risk` has shape (n,), higher means an earlier event; `time` and `event` are of the same patients.
Concordance is a ratio of sums over pairs, so a bootstrap over patients is a product of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sksurv.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score
from sksurv.util import Surv

from models.statistics.errors import StatisticsError, TooFewEvents, TooFewPatients
from models.statistics.merit import Estimate, PairedTest

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
RESAMPLES = 1000


@dataclass(frozen=True)
class Outcome:
    """Times and whether the event ended them, shape (n,) each."""

    time: Vector
    event: npt.NDArray[np.bool_]

    def structured(self) -> Any:
        """As scikit-survival wants it."""
        return Surv.from_arrays(self.event, self.time)


def _comparable(outcome: Outcome) -> Matrix:
    """Shape (n, n): whether the first patient's event came while the second was still followed."""
    if not outcome.event.any():
        raise TooFewEvents("concordance needs an event")
    t, e = outcome.time, outcome.event
    later = (t[:, None] < t[None]) | ((t[:, None] == t[None]) & ~e[None])
    comparable = (e[:, None] & later).astype(float)
    if not comparable.any():
        raise TooFewPatients("no two patients can be compared")
    return np.asarray(comparable)


def _ordered(risk: Vector) -> Matrix:
    """Shape (n, n): 1 where the first patient has the higher risk, one half where they are equal."""
    difference = risk[:, None] - risk[None]
    close = np.abs(difference) <= 1e-8
    return np.where(close, 0.5, (difference > 0).astype(float))


def _risk(values: Sequence[float] | Vector, outcome: Outcome) -> Vector:
    risk = np.asarray(values, float)
    if risk.shape != outcome.time.shape:
        raise StatisticsError(f"{risk.shape} risks do not go with {outcome.time.shape} times")
    if not np.isfinite(risk).all():
        raise StatisticsError(f"{int((~np.isfinite(risk)).sum())} of {len(risk)} risks are no finite numbers")
    return risk


def _ratio_interval(tops: Sequence[Matrix], bottom: Matrix, seed: int) -> Matrix:
    """Bootstrap draws of the sums `tops` over `bottom`, shape (draws, len(tops))."""
    n = len(bottom)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)
    total = ((counts @ bottom) * counts).sum(axis=1)
    kept = total > 0
    if kept.mean() < 0.9:
        raise TooFewPatients("more than a tenth of the bootstrap draws have no two patients to compare")
    drawn = [((counts @ top) * counts).sum(axis=1)[kept] / total[kept] for top in tops]
    return np.stack(drawn, axis=1)


def harrell_c(outcome: Outcome, risk: Sequence[float] | Vector, seed: int = 0) -> Estimate:
    """Harrell's C with a percentile bootstrap interval (1000 draws of patients)."""
    return _c(_comparable(outcome), _ordered(_risk(risk, outcome)), seed)


def uno_c(
    outcome: Outcome, risk: Sequence[float] | Vector, censoring: Outcome, until: float, seed: int = 0
) -> Estimate:
    """Uno's C up to the time `until`, pairs weighted by the censoring of a cohort (Stat Med 2011;30:1105).

    `censoring` is that cohort (of training); its Kaplan-Meier of censoring is as known in the bootstrap.
    """
    weight = _inverse_censoring(outcome, censoring, until)
    return _c(_comparable(outcome) * weight[:, None], _ordered(_risk(risk, outcome)), seed)


def _c(bottom: Matrix, ordered: Matrix, seed: int) -> Estimate:
    if not bottom.sum():
        raise TooFewEvents("no event has a weight before the time given")
    top = bottom * ordered
    low, high = np.percentile(_ratio_interval([top], bottom, seed), [2.5, 97.5])
    return Estimate(float(top.sum() / bottom.sum()), float(low), float(high))


def _inverse_censoring(outcome: Outcome, censoring: Outcome, until: float) -> Vector:
    """Each event's 1/G², 0 from `until` on; G just before the time, in the cohort `censoring`."""
    t, gone = censoring.time, ~censoring.event
    moments = np.unique(t[gone])
    left = np.array([((t > one) | ((t == one) & gone)).sum() for one in moments])
    at = np.array([((t == one) & gone).sum() for one in moments])
    survival = np.concatenate([[1.0], np.cumprod(1 - at / left) if len(moments) else []])
    g = survival[np.searchsorted(moments, outcome.time, side="right")]
    weight = np.where(outcome.event & (outcome.time < until) & (g > 0), 1 / np.maximum(g, 1e-12) ** 2, 0)
    return np.asarray(weight)


def compare_c(
    outcome: Outcome, first: Sequence[float] | Vector, second: Sequence[float] | Vector, seed: int = 0
) -> PairedTest:
    """Harrell's C of the second risk less that of the first on the same patients, by paired bootstrap.

    The interval is the percentile one; p is two-sided from the bootstrap's standard error.
    """
    bottom = _comparable(outcome)
    tops = [bottom * _ordered(_risk(one, outcome)) for one in (first, second)]
    difference = float((tops[1].sum() - tops[0].sum()) / bottom.sum())
    drawn = _ratio_interval(tops, bottom, seed)
    differences = drawn[:, 1] - drawn[:, 0]
    error = float(differences.std(ddof=1))
    low, high = np.percentile(differences, [2.5, 97.5])
    p = 2 * float(stats.norm.sf(abs(difference) / error)) if error > 0 else 1.0
    return PairedTest(difference, float(low), float(high), p)


def time_auc(
    outcome: Outcome, risk: Sequence[float] | Vector, censoring: Outcome, times: Sequence[float]
) -> dict[str, Any]:
    """Cumulative/dynamic AUC at the times that can be judged, and its mean: `{"time", "auc", "mean"}`.

    A time is left out where the censoring of either cohort leaves nobody beyond it, or no event before it.
    """
    inside, within = _judgeable(outcome, censoring, times)
    areas, mean = cumulative_dynamic_auc(
        censoring.structured(), within.structured(), _risk(risk, outcome)[_kept(outcome, censoring)], inside
    )
    return {"time": inside.tolist(), "auc": [float(one) for one in areas], "mean": float(mean)}


def brier(outcome: Outcome, survival: Matrix, censoring: Outcome, times: Sequence[float]) -> dict[str, Any]:
    """Brier score at the times, and its integral over them: `{"time", "score", "integrated"}`.

    `survival` has shape (n, times): the predicted share without the event.  The integral needs two times.
    """
    inside, within = _judgeable(outcome, censoring, times)
    columns = np.isin(np.asarray(times, float), inside)
    predicted = survival[_kept(outcome, censoring)][:, columns]
    if len(inside) < 2:
        raise TooFewPatients("a Brier score over time needs two times within the follow-up")
    train, test = censoring.structured(), within.structured()
    _, scores = brier_score(train, test, predicted, inside)
    whole = float(integrated_brier_score(train, test, predicted, inside))
    return {"time": inside.tolist(), "score": [float(one) for one in scores], "integrated": whole}


def _kept(outcome: Outcome, censoring: Outcome) -> npt.NDArray[np.bool_]:
    """Who is followed for less than the last time at which somebody may still be censored in `censoring`."""
    last = float(censoring.time.max())
    kept: npt.NDArray[np.bool_] = outcome.time < last
    if kept.sum() < 2:
        raise TooFewPatients("fewer than two patients are within the follow-up of the cohort of training")
    return kept


def _judgeable(outcome: Outcome, censoring: Outcome, times: Sequence[float]) -> tuple[Vector, Outcome]:
    kept = _kept(outcome, censoring)
    within = Outcome(outcome.time[kept], outcome.event[kept])
    if not within.event.any():
        raise TooFewEvents("no event lies within the follow-up of the cohort of training")
    first = float(within.time[within.event].min())
    wanted = np.asarray(times, float)
    inside = wanted[(wanted >= first) & (wanted > within.time.min()) & (wanted < within.time.max())]
    if not len(inside):
        raise TooFewPatients("none of the times lies between the first event and the end of follow-up")
    return inside, within
