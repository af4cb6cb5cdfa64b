"""Cox regression from its risk sets, so that ties, penalties and competing risks are one fit.

A partial likelihood is a product of one factor an event; each factor has a row of weights over the patients
at risk.  `efron_rows` makes those of Cox's model (ties after Efron, JASA 1977;72:557), `survival_competing`
those of Fine and Gray.  The fit is Newton's; it is checked against lifelines and R's survival in the tests.
Written out because no library here has Firth's penalty, Fine and Gray's model, and the score test of
proportional hazards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from models.statistics.errors import NotConverged, Separation

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Penalty = Literal["none", "firth", "ridge"]
Z95 = 1.959963984540054
MAX_STEPS = 100
NO_END = 12.0
"""Absolute coefficient a standard deviation at which the likelihood is taken to have no maximum."""


@dataclass(frozen=True)
class RiskSets:
    """Factors of a partial likelihood."""

    weights: Matrix
    """Shape (events, patients): how much a patient counts in the factor of an event."""
    dying: npt.NDArray[np.intp]
    """Shape (events,): the patient whose event it is."""
    times: Vector
    """Shape (events,): when."""


@dataclass(frozen=True)
class CoxFit:
    """Estimates on the scale of the columns."""

    coefficients: Vector
    covariance: Matrix
    log_likelihood: float
    """Penalised with Firth's penalty, else plain."""
    null_log_likelihood: float
    low: Vector
    high: Vector
    """95 % interval of the coefficients: Wald's, with Firth's penalty that of the profile likelihood."""
    p: Vector
    """Wald's test, with Firth's penalty the likelihood ratio."""


def efron_rows(time: Vector, event: npt.NDArray[np.bool_]) -> RiskSets:
    """Risk sets of Cox's model, ties after Efron; `time` and `event` have shape (n,)."""
    dying = np.flatnonzero(event)
    dying = dying[np.argsort(time[dying], kind="stable")]
    rows = []
    for moment in np.unique(time[dying]):
        at_risk = (time >= moment).astype(float)
        tied = event & (time == moment)
        count = int(tied.sum())
        rows += [at_risk - tied * (step / count) for step in range(count)]
    return RiskSets(np.array(rows).reshape(len(dying), len(time)), dying, time[dying])


def _derivatives(x: Matrix, sets: RiskSets, beta: Vector) -> tuple[float, Vector, Matrix]:
    """Log partial likelihood, its gradient and the information at `beta`."""
    eta = x @ beta
    top = eta.max()
    shares = sets.weights * np.exp(eta - top)
    total = shares.sum(axis=1)
    shares /= total[:, None]
    means = shares @ x
    value = float(np.sum(eta[sets.dying] - top - np.log(total)))
    gradient = np.sum(x[sets.dying] - means, axis=0)
    information = (x * shares.sum(axis=0)[:, None]).T @ x - means.T @ means
    return value, gradient, information


def _log_det(x: Matrix, sets: RiskSets, beta: Vector) -> float:
    sign, value = np.linalg.slogdet(_derivatives(x, sets, beta)[2])
    return float(value) if sign > 0 else -np.inf


def _objective(x: Matrix, sets: RiskSets, penalty: Penalty, ridge: float) -> Callable[[Vector], Any]:
    def evaluate(beta: Vector) -> tuple[float, Vector, Matrix]:
        value, gradient, information = _derivatives(x, sets, beta)
        if penalty == "ridge":
            value -= ridge / 2 * float(beta @ beta)
            gradient = gradient - ridge * beta
            information = information + ridge * np.eye(len(beta))
        if penalty == "firth":
            value += _log_det(x, sets, beta) / 2
            steps = 1e-5 * np.eye(len(beta))
            gradient = gradient + np.array(
                [(_log_det(x, sets, beta + s) - _log_det(x, sets, beta - s)) / 4e-5 for s in steps]
            )
        return value, gradient, information

    return evaluate


def _maximise(evaluate: Callable[[Vector], Any], start: Vector, free: npt.NDArray[np.bool_]) -> Vector:
    """Newton's method with halved steps over the free coefficients; NotConverged where it finds no end."""
    beta = start.copy()
    value, gradient, information = evaluate(beta)
    for _ in range(MAX_STEPS):
        if not free.any() or np.abs(gradient[free]).max() < 1e-7:
            return beta
        try:
            step = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
        except np.linalg.LinAlgError:
            break
        scale = min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        for _ in range(40):
            trial = beta.copy()
            trial[free] += scale * step
            new_value, new_gradient, new_information = evaluate(trial)
            if new_value >= value - 1e-10:
                break
            scale /= 2
        small = new_value - value < 1e-10 and np.abs(scale * step).max() < 1e-6
        beta, value, gradient, information = trial, new_value, new_gradient, new_information
        if small:
            return beta
        if np.abs(beta).max() > 2 * NO_END:
            return beta
    raise NotConverged("the Cox model found no maximum")


def fit_cox(
    matrix: Matrix, sets: RiskSets, names: list[str], penalty: Penalty = "none", ridge: float = 0.0
) -> CoxFit:
    """Maximum of the (penalised) partial likelihood; columns are standardised inside.

    `ridge` is the weight of half the squared coefficients a standard deviation.  Separation where the
    likelihood has no maximum and no penalty gives it one.
    """
    centre, spread = matrix.mean(axis=0), matrix.std(axis=0)
    x = (matrix - centre) / spread
    everything = np.ones(x.shape[1], bool)
    evaluate = _objective(x, sets, penalty, ridge)
    beta = _maximise(evaluate, np.zeros(x.shape[1]), everything)
    if penalty == "none" and np.abs(beta).max() > NO_END:
        worst = names[int(np.argmax(np.abs(beta)))]
        raise Separation(
            "its hazard ratio has no finite estimate: use the penalty 'firth' or 'ridge'", where=worst
        )
    value, _, information = evaluate(beta)
    if np.linalg.cond(information) > 1e12:
        raise NotConverged("the information matrix cannot be inverted")
    covariance = np.linalg.inv(information)
    error = np.sqrt(np.diag(covariance))
    low, high = beta - Z95 * error, beta + Z95 * error
    p = 2 * stats.norm.sf(np.abs(beta / error))
    if penalty == "firth":
        low, high, p = _profile(evaluate, beta, error, value)
    plain = _derivatives(x, sets, beta)[0] if penalty == "ridge" else value
    return CoxFit(
        beta / spread,
        covariance / np.outer(spread, spread),
        plain,
        evaluate(np.zeros_like(beta))[0],
        low / spread,
        high / spread,
        p,
    )


def _profile(
    evaluate: Callable[[Vector], Any], beta: Vector, error: Vector, best: float
) -> tuple[Vector, Vector, Vector]:
    """Limits and p of the profile penalised likelihood (Heinze and Schemper, Biometrics 2001;57:114)."""
    low, high, p = np.empty_like(beta), np.empty_like(beta), np.empty_like(beta)
    for index in range(len(beta)):
        free = np.arange(len(beta)) != index

        def lost(at: float, index: int = index, free: npt.NDArray[np.bool_] = free) -> float:
            start = beta.copy()
            start[index] = at
            return 2 * (best - float(evaluate(_maximise(evaluate, start, free))[0]))

        def limit(direction: float, index: int = index, lost: Callable[[float], float] = lost) -> float:
            inner, outer = float(beta[index]), float(beta[index] + direction * 2 * error[index])
            while lost(outer) < Z95**2:
                inner, outer = outer, outer + direction * 2 * float(error[index])
                if abs(outer) > 100:
                    raise NotConverged("the profile likelihood has no limit")
            return float(optimize.brentq(lambda at: lost(at) - Z95**2, inner, outer, xtol=1e-6))

        low[index], high[index] = limit(-1), limit(1)
        p[index] = stats.chi2.sf(max(lost(0.0), 0.0), 1)
    return low, high, p


def global_tests(fit: CoxFit) -> dict[str, Any]:
    """Likelihood ratio and Wald test of all coefficients at once: `{"statistic", "df", "p"}` each."""
    df = len(fit.coefficients)
    ratio = max(2 * (fit.log_likelihood - fit.null_log_likelihood), 0.0)
    wald = float(fit.coefficients @ np.linalg.solve(fit.covariance, fit.coefficients))
    return {
        name: {"statistic": value, "df": df, "p": float(stats.chi2.sf(value, df))}
        for name, value in (("likelihood_ratio", ratio), ("wald", wald))
    }


def proportional_hazards(
    matrix: Matrix, time: Vector, event: npt.NDArray[np.bool_], beta: Vector
) -> dict[str, Any]:
    """Score test that coefficients do not change with time, on the Kaplan-Meier scale of time.

    `{"terms": [{"statistic", "p"}], "global": {"statistic", "df", "p"}}`.  It is the test of R's `cox.zph`
    (survival 3), of the Schoenfeld residuals (Grambsch and Therneau, Biometrika 1994;81:515).
    """
    x, sets = matrix - matrix.mean(axis=0), efron_rows(time, event)
    shares = sets.weights * np.exp(x @ beta - (x @ beta).max())
    shares /= shares.sum(axis=1)[:, None]
    means = shares @ x
    second = np.einsum("rn,ni,nj->rij", shares, x, x, optimize=True) - means[:, :, None] * means[:, None, :]
    scale = _left_survival(time, event, sets.times)
    scale = scale - scale.mean()
    residuals = _schoenfeld(x, sets, means)
    score = (scale[:, None] * residuals).sum(axis=0)
    plain, once, twice = (np.einsum("r,rij->ij", scale**power, second) for power in (0, 1, 2))
    remaining = twice - once @ np.linalg.solve(plain, once)
    statistics = score**2 / np.diag(remaining)
    whole = float(score @ np.linalg.solve(remaining, score))
    return {
        "terms": [{"statistic": float(one), "p": float(stats.chi2.sf(one, 1))} for one in statistics],
        "global": {"statistic": whole, "df": len(beta), "p": float(stats.chi2.sf(whole, len(beta)))},
    }


def _schoenfeld(x: Matrix, sets: RiskSets, means: Matrix) -> Matrix:
    return np.asarray(x[sets.dying] - means)


def _left_survival(time: Vector, event: npt.NDArray[np.bool_], at: Vector) -> Vector:
    """One minus Kaplan-Meier just before each of the times `at`."""
    moments = np.unique(time[event])
    left = np.array([(time >= one).sum() for one in moments])
    gone = np.array([(event & (time == one)).sum() for one in moments])
    survival = np.concatenate([[1.0], np.cumprod(1 - gone / left)])
    return np.asarray(1 - survival[np.searchsorted(moments, at, side="left")])
