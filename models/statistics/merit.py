"""How good a binary prediction is: discrimination, operating point, calibration and use, with intervals.

All functions take `labels` (shape (n,), 0 or 1) and `scores` or `probabilities` (shape (n,), higher means
more likely 1) of the same patients, in the same order, one value a patient.  Nothing here is random but
`bootstrap`, which is so by its seed.  Survival has its own module, `survival_merit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from models.statistics.errors import OneClass, StatisticsError, TooFewPatients

Vector = npt.NDArray[np.float64]
Values = Sequence[float] | npt.NDArray[Any]
EXACT_BELOW = 25
"""Discordant pairs up to which McNemar's test is the exact binomial one."""
NEAR_ZERO = 1e-6
"""Probabilities are kept this far from 0 and 1 before their logit is taken."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """`{"value", "low", "high"}`."""
        return asdict(self)


@dataclass(frozen=True)
class PairedTest:
    """The second figure minus the first on the same patients; two-sided p."""

    difference: float
    low: float
    high: float
    p: float

    def to_json(self) -> dict[str, float]:
        """`{"difference", "low", "high", "p"}`."""
        return asdict(self)


def auc(labels: Values, scores: Values, level: float = 0.95) -> Estimate:
    """Area under the ROC curve with DeLong's interval; OneClass where there is nothing to tell apart.

    Where all pairs are in order the variance is 0; the interval is then the exact binomial one of as many
    patients as the smaller class has.  Source: DeLong et al., Biometrics 1988;44:837.
    """
    y, s = _pair(labels, scores)
    areas, covariance = _delong(y, s[None])
    value, variance = float(areas[0]), float(covariance[0, 0])
    if variance <= 1e-15 and value in (0.0, 1.0):
        edge = ((1 - level) / 2) ** (1 / min(int(y.sum()), int((1 - y).sum())))
        return Estimate(value, edge, 1.0) if value else Estimate(value, 0.0, 1 - edge)
    half = float(stats.norm.ppf(0.5 + level / 2)) * variance**0.5
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def compare_auc(labels: Values, first: Values, second: Values) -> PairedTest:
    """DeLong's paired test of two scores of the same patients: second minus first."""
    y, a = _pair(labels, first)
    _, b = _pair(labels, second)
    areas, covariance = _delong(y, np.stack([a, b]))
    difference = float(areas[1] - areas[0])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 1e-15:
        return PairedTest(difference, difference, difference, 1.0 if abs(difference) < 1e-12 else 0.0)
    error = variance**0.5
    half = float(stats.norm.ppf(0.975)) * error
    p = 2 * float(stats.norm.sf(abs(difference) / error))
    return PairedTest(difference, difference - half, difference + half, p)


def _delong(labels: Vector, scores: npt.NDArray[np.float64]) -> tuple[Vector, npt.NDArray[np.float64]]:
    """Areas (m,) and their covariance (m, m) of m scores (m, n), by midranks (Sun and Xu 2014)."""
    sick, well = scores[:, labels == 1], scores[:, labels == 0]
    m, n = sick.shape[1], well.shape[1]
    both = stats.rankdata(np.concatenate([sick, well], axis=1), axis=1)
    among_sick, among_well = stats.rankdata(sick, axis=1), stats.rankdata(well, axis=1)
    areas = (both[:, :m].sum(axis=1) / m - (m + 1) / 2) / n
    v10 = (both[:, :m] - among_sick) / n
    v01 = 1 - (both[:, m:] - among_well) / m
    if m < 2 or n < 2:
        raise TooFewPatients(f"an interval of an AUC needs two patients of each class, not {m} and {n}")
    covariance = np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n
    return areas, covariance


def roc_curve(labels: Values, scores: Values) -> dict[str, list[float]]:
    """Points of the ROC curve: `{"false_positive_rate", "true_positive_rate", "threshold"}`.

    A score at the threshold or above counts as positive; the first point, where nobody is positive, has no
    threshold of its own, so it stands one above the highest score.
    """
    y, s = _pair(labels, scores)
    cuts = np.unique(s)[::-1]
    positive = s[None] >= cuts[:, None]
    tpr = positive[:, y == 1].mean(axis=1)
    fpr = positive[:, y == 0].mean(axis=1)
    return {
        "false_positive_rate": [0.0, *fpr.tolist()],
        "true_positive_rate": [0.0, *tpr.tolist()],
        "threshold": [float(cuts[0]) + 1, *cuts.tolist()],
    }


def choose_threshold(labels: Values, scores: Values) -> float:
    """Threshold of the highest Youden index, for training folds only; halfway to the next lower score."""
    curve = roc_curve(labels, scores)
    index = np.subtract(curve["true_positive_rate"], curve["false_positive_rate"])
    best = max(1, int(np.argmax(index)))
    cuts = curve["threshold"]
    return (cuts[best] + cuts[best + 1]) / 2 if best + 1 < len(cuts) else cuts[best]


def operating_point(labels: Values, scores: Values, threshold: float | Values) -> dict[str, Any]:
    """Sensitivity, specificity, accuracy, PPV and NPV with Wilson intervals, and the four counts.

    `threshold` is one for all patients, or one a patient (of the folds that did not see the patient); a score
    at it or above counts as positive.  A figure without patients below its line is None.
    """
    y, s = _pair(labels, scores)
    positive = s >= np.asarray(threshold, float)
    tp, fn = int((positive & (y == 1)).sum()), int((~positive & (y == 1)).sum())
    fp, tn = int((positive & (y == 0)).sum()), int((~positive & (y == 0)).sum())
    shares = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "accuracy": (tp + tn, len(y)),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }
    return {"tp": tp, "fn": fn, "fp": fp, "tn": tn} | {
        name: wilson(*share).to_json() if share[1] else None for name, share in shares.items()
    }


def wilson(successes: int, total: int, level: float = 0.95) -> Estimate:
    """A share with Wilson's score interval (JASA 1927;22:209); TooFewPatients of none."""
    if total <= 0:
        raise TooFewPatients("a share of no patients has no value")
    z = float(stats.norm.ppf(0.5 + level / 2))
    share, spread = successes / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / spread
    half = z / spread * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == total else middle + half
    return Estimate(share, low, high)


def mcnemar(labels: Values, first: Values, second: Values) -> dict[str, Any]:
    """McNemar's test of two sets of decisions (0 or 1) on the same patients.

    `{"only_first_right", "only_second_right", "p", "exact"}`; exact binomial below 25 discordant patients,
    else chi-squared with continuity correction (McNemar 1947, Edwards 1948).
    """
    y = np.asarray(labels, float)
    right = [np.asarray(one, float) == y for one in (first, second)]
    b, c = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    exact = b + c < EXACT_BELOW
    if b + c == 0:
        p = 1.0
    elif exact:
        p = float(stats.binomtest(b, b + c).pvalue)
    else:
        p = float(stats.chi2.sf(max(abs(b - c) - 1, 0) ** 2 / (b + c), 1))
    return {"only_first_right": b, "only_second_right": c, "p": p, "exact": exact}


def calibration(labels: Values, probabilities: Values, bins: int = 10) -> dict[str, Any]:
    """Calibration in the large, slope, Brier score, and the curve by quantiles of the prediction.

    `"intercept"` (slope held at 1) and `"slope"` are estimates with Wald intervals, ideally 0 and 1, None
    where there is no finite one; `"brier"` the mean squared error, `"brier_scaled"` its improvement on the
    prevalence; `"curve"` a list of `{"n", "predicted", "observed", "low", "high"}`.
    Source: Van Calster et al., J Clin Epidemiol 2016;74:167; Steyerberg et al., Epidemiology 2010;21:128.
    """
    y, p = _pair(labels, probabilities)
    _require_probabilities(p)
    logit = special.logit(np.clip(p, NEAR_ZERO, 1 - NEAR_ZERO))
    brier = float(np.mean((p - y) ** 2))
    prevalence = float(y.mean())
    slope = _logistic(y, np.stack([np.ones_like(logit), logit], axis=1), np.zeros_like(logit))
    intercept = _logistic(y, np.ones((len(y), 1)), logit)
    return {
        "intercept": intercept[0].to_json() if intercept else None,
        "slope": slope[1].to_json() if slope else None,
        "brier": brier,
        "brier_scaled": 1 - brier / (prevalence * (1 - prevalence)),
        "curve": _calibration_curve(y, p, bins),
    }


def _logistic(y: Vector, design: npt.NDArray[np.float64], offset: Vector) -> list[Estimate] | None:
    """Maximum likelihood with Wald intervals; None where there is no finite one."""

    def loss(beta: Vector) -> float:
        eta = offset + design @ beta
        return float(np.sum(np.logaddexp(0, eta) - y * eta))

    def slope(beta: Vector) -> Vector:
        return np.asarray(design.T @ (special.expit(offset + design @ beta) - y))

    fit = optimize.minimize(loss, np.zeros(design.shape[1]), jac=slope, method="BFGS", options={"gtol": 1e-6})
    weight = special.expit(offset + design @ fit.x)
    information = design.T @ (design * (weight * (1 - weight))[:, None])
    if np.abs(slope(fit.x)).max() > 1e-3 or np.linalg.cond(information) > 1e10 or fit.fun < 1e-3 * len(y):
        return None
    half = 1.959963984540054 * np.sqrt(np.diag(np.linalg.inv(information)))
    return [Estimate(float(b), float(b - h), float(b + h)) for b, h in zip(fit.x, half, strict=True)]


def _calibration_curve(y: Vector, p: Vector, bins: int) -> list[dict[str, Any]]:
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    group = np.searchsorted(edges, p, side="left")
    rows = []
    for one in np.unique(group):
        own = group == one
        share = wilson(int(y[own].sum()), int(own.sum()))
        rows.append(
            {
                "n": int(own.sum()),
                "predicted": float(p[own].mean()),
                "observed": share.value,
                "low": share.low,
                "high": share.high,
            }
        )
    return rows


def decision_curve(
    labels: Values, probabilities: Values, thresholds: Sequence[float] | None = None
) -> dict[str, list[float]]:
    """Net benefit of treating by the prediction, of treating all and of none, a patient.

    `{"threshold", "model", "all", "none"}` over threshold probabilities within (0, 1), by default .01 to .99.
    Source: Vickers and Elkin, Med Decis Making 2006;26:565.
    """
    y, p = _pair(labels, probabilities)
    _require_probabilities(p)
    cuts = np.linspace(0.01, 0.99, 99) if thresholds is None else np.asarray(thresholds, float)
    if ((cuts <= 0) | (cuts >= 1)).any():
        raise StatisticsError("threshold probabilities lie between 0 and 1")
    odds, positive = cuts / (1 - cuts), p[None] >= cuts[:, None]
    model = (positive & (y == 1)).mean(axis=1) - (positive & (y == 0)).mean(axis=1) * odds
    everyone = y.mean() - (1 - y.mean()) * odds
    return {
        "threshold": cuts.tolist(),
        "model": model.tolist(),
        "all": everyone.tolist(),
        "none": [0.0] * len(cuts),
    }


def bootstrap(
    figure: Callable[[npt.NDArray[np.intp]], float], patients: int, seed: int, resamples: int = 1000
) -> Estimate:
    """A figure with its percentile interval; `figure` takes indices of patients, drawn with replacement.

    Draws of which the figure says StatisticsError (one class only) are left out; if more than a tenth are,
    TooFewPatients.
    """
    rng = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(resamples):
        try:
            found.append(figure(rng.integers(patients, size=patients)))
        except StatisticsError:
            continue
    if len(found) < 0.9 * resamples:
        raise TooFewPatients(f"{resamples - len(found)} of {resamples} bootstrap draws have no value")
    low, high = np.percentile(found, [2.5, 97.5])
    return Estimate(figure(np.arange(patients)), float(low), float(high))


def summary(labels: Values, probabilities: Values, threshold: float | Values) -> dict[str, Any]:
    """All that one prediction has: AUC, ROC curve, operating point, calibration, decision curve."""
    return {
        "n": len(labels),
        "events": int(np.sum(np.asarray(labels, float))),
        "auc": auc(labels, probabilities).to_json(),
        "roc": roc_curve(labels, probabilities),
        "operating_point": operating_point(labels, probabilities, threshold),
        "calibration": calibration(labels, probabilities),
        "decision_curve": decision_curve(labels, probabilities),
    }


def _pair(labels: Values, scores: Values) -> tuple[Vector, Vector]:
    y, s = np.asarray(labels, float), np.asarray(scores, float)
    if y.ndim != 1 or y.shape != s.shape:
        raise StatisticsError(f"{y.shape} labels do not go with {s.shape} scores")
    if not np.isfinite(s).all():
        raise StatisticsError(f"{int((~np.isfinite(s)).sum())} of {len(s)} scores are no finite numbers")
    if not np.isin(y, (0, 1)).all():
        raise StatisticsError("labels are 0 or 1")
    if len(np.unique(y)) < 2:
        raise OneClass(f"all {len(y)} patients have the same outcome")
    return y, s


def _require_probabilities(p: Vector) -> None:
    if p.min() < 0 or p.max() > 1:
        raise StatisticsError(f"probabilities lie in 0 to 1, not {p.min():.3g} to {p.max():.3g}")
