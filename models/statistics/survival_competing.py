"""Competing risks: how often each event comes, whether groups differ in it, and what it depends on.

Cumulative incidence is that of Aalen and Johansen (scikit-survival); Gray's test and the regression of Fine
and Gray are in no library here and are checked against R's cmprsk in the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sksurv.nonparametric import cumulative_incidence_competing_risks

from models.statistics.survival_cox import Z95, CoxFit, RiskSets, fit_cox

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


def cumulative_incidence(time: Vector, status: Codes) -> list[dict[str, Any]]:
    """Of each event code: `{"event", "time", "incidence", "low", "high"}`, from time 0, log-log 95 % limits.

    Patients shape (n,); a status of 0 is censored.  Steps at the times of any event or censoring.
    """
    codes = [int(one) for one in np.unique(status) if one > 0]
    ranked = np.searchsorted(codes, status) + 1
    ranked[status == 0] = 0
    if not codes:
        return []
    moments, incidence, limits = cumulative_incidence_competing_risks(
        ranked, time, conf_level=0.95, conf_type="log-log"
    )
    return [
        {
            "event": code,
            "time": [0.0, *moments.tolist()],
            "incidence": [0.0, *incidence[index].tolist()],
            "low": [0.0, *limits[index, 0].tolist()],
            "high": [0.0, *limits[index, 1].tolist()],
        }
        for index, code in enumerate(codes, start=1)
    ]


def gray_test(time: Vector, status: Codes, labels: Codes) -> dict[str, float]:
    """Gray's test (rho 0) that groups have the same cumulative incidence of event 1.

    `{"statistic", "df", "p"}`; `labels` has shape (n,).  Source: Gray, Ann Stat 1988;16:1141.
    """
    groups = np.unique(labels)
    score, covariance = _gray_score(time, status, labels[None] == groups[:, None])
    score, covariance = score[:-1], covariance[:-1, :-1]
    statistic = float(score @ np.linalg.pinv(covariance, hermitian=True) @ score)
    df = len(groups) - 1
    return {"statistic": statistic, "df": df, "p": float(stats.chi2.sf(statistic, df))}


def _gray_score(time: Vector, status: Codes, member: npt.NDArray[np.bool_]) -> tuple[Vector, Matrix]:
    """Scores (groups,) and their covariance; `member` has shape (groups, n).

    A group's weight at a time is its number at risk over its survival from any event, R/S; the incidence F
    that all groups share steps by d/sum(R/S).  A group's martingales enter the scores directly (`step`), and
    through the F of all that follows (`drift`: that of the end is added, that of here taken off).
    """
    count = len(member)
    score, drift, plain = np.zeros(count), np.zeros((count, count)), np.zeros((count, count))
    pulls, crossed = np.zeros(count), np.zeros((count, count))
    survival, own, shared = np.ones(count), np.zeros(count), 0.0
    for moment in np.unique(time[status > 0]):
        here = time == moment
        left = (member & (time >= moment)).sum(axis=1).astype(float)
        first = (member & here & (status == 1)).sum(axis=1).astype(float)
        other = (member & here & (status > 1)).sum(axis=1).astype(float)
        weight = left / survival
        total, events = float(weight.sum()), float(first.sum())
        step = np.diag(weight) - np.outer(weight, weight) / total
        drift += step * events / (total * (1 - shared))
        expected = weight * (1 - own)
        score += first - events * expected / expected.sum()
        shared += events / total
        safe = np.maximum(left, 1)
        after = survival * (left - first - other) / safe
        kept = np.divide(1 - shared, after, out=np.zeros(count), where=after > 0)
        ties = 1 - max(events - 1, 0) / np.maximum(total * survival - 1, 1e-9)
        own_ties = 1 - np.maximum(other - 1, 0) / np.maximum(left - 1, 1)
        sizes = (
            np.where(left > 0, ties * survival * events / (total * safe), 0),
            np.where(after > 0, own_ties * survival**2 * other / safe**2, 0),
        )
        for pull, direct, size in zip((1 - kept, -kept), (step, 0 * step), sizes, strict=True):
            part = direct - drift * pull
            plain += (part * size) @ part.T
            crossed += part * (pull * size)
            pulls += pull**2 * size
        own += survival * first / safe
        survival = np.where((left > 0) & (after > 0), after, survival)
    return score, plain + (drift * pulls) @ drift.T + drift @ crossed.T + crossed @ drift.T


def fine_gray(matrix: Matrix, time: Vector, status: Codes, names: list[str]) -> tuple[CoxFit, Vector]:
    """Subdistribution hazard regression of event 1, and the robust errors of its coefficients.

    Who had a competing event stays at risk with the weight G(t)/G(own time), G the Kaplan-Meier of the
    censoring; ties after Breslow.  The errors are the sandwich of the patients' score residuals, G taken as
    known.  Source: Fine and Gray, JASA 1999;94:496.
    """
    event = status == 1
    dying = np.flatnonzero(event)
    dying = dying[np.argsort(time[dying], kind="stable")]
    moments = time[dying]
    weights = (time[None] >= moments[:, None]).astype(float)
    gone = (status[None] > 1) & (time[None] < moments[:, None])
    at_event = _censoring_survival(time, status, moments)[:, None]
    at_own = _censoring_survival(time, status, time)[None]
    weights += np.where(gone, at_event / np.maximum(at_own, 1e-12), 0)
    sets = RiskSets(weights, dying, moments)
    fit = fit_cox(matrix, sets, names)
    residuals = _score_residuals(matrix - matrix.mean(axis=0), sets, fit.coefficients)
    half = residuals @ fit.covariance
    return fit, np.sqrt(np.sum(half**2, axis=0))


def _censoring_survival(time: Vector, status: Codes, at: Vector) -> Vector:
    """Kaplan-Meier of the censoring just before each of the times; events at a time come before censoring."""
    moments = np.unique(time[status == 0])
    left = np.array([((time > one) | ((time == one) & (status == 0))).sum() for one in moments])
    gone = np.array([((time == one) & (status == 0)).sum() for one in moments])
    survival = np.concatenate([[1.0], np.cumprod(1 - gone / left) if len(moments) else []])
    return np.asarray(survival[np.searchsorted(moments, at, side="left")])


def _score_residuals(x: Matrix, sets: RiskSets, beta: Vector) -> Matrix:
    shares = sets.weights * np.exp(x @ beta - (x @ beta).max())
    shares /= shares.sum(axis=1)[:, None]
    means = shares @ x
    residuals = -(x * shares.sum(axis=0)[:, None] - shares.T @ means)
    np.add.at(residuals, sets.dying, x[sets.dying] - means)
    return np.asarray(residuals)


def hazard_rows(fit: CoxFit, error: Vector) -> list[dict[str, float]]:
    """`{"coefficient", "hazard_ratio", "low", "high", "p"}` a term, by Wald with these errors."""
    z = fit.coefficients / error
    return [
        {
            "coefficient": float(b),
            "hazard_ratio": float(np.exp(b)),
            "low": float(np.exp(b - Z95 * e)),
            "high": float(np.exp(b + Z95 * e)),
            "p": float(2 * stats.norm.sf(abs(one))),
        }
        for b, e, one in zip(fit.coefficients, error, z, strict=True)
    ]
