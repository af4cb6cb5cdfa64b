"""Kaplan-Meier curves of groups, what is read from them, and whether they differ.

Curves, their log-log intervals and log-rank tests are those of lifelines; restricted means have their own
variance here, since lifelines gives that of the time and not of its mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times
from scipy import stats

from models.statistics.errors import AnalysisConfigError, ConstantColumn, TooFewEvents, TooFewPatients
from models.statistics.multiplicity import adjust
from models.statistics.survival_cox import Z95
from rt.cohort import Column

Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Cut = float | Literal["median", "optimal"] | None
PERMUTATIONS = 2000
SMALLEST_SIDE = 0.1
"""Share of the patients that an optimal cut leaves on either side at least."""


@dataclass(frozen=True)
class Groups:
    """Patients by group: `labels` has shape (n,) and indexes `names`."""

    names: list[str]
    labels: npt.NDArray[np.intp]
    cut: dict[str, Any] | None = None
    """`{"kind", "value", "statistic", "p", "correction"}`; the last three for an optimal cut only."""


def curve(time: Vector, event: Bools) -> dict[str, Any]:
    """Kaplan-Meier steps with log-log 95 % limits: `{"time", "survival", "low", "high"}`, from time 0."""
    fitted = KaplanMeierFitter().fit(time, event)
    limits = fitted.confidence_interval_survival_function_.to_numpy()
    limits = np.where(np.isfinite(limits), limits, fitted.survival_function_.to_numpy())
    return {
        "time": [float(one) for one in fitted.survival_function_.index],
        "survival": [float(one) for one in fitted.survival_function_.iloc[:, 0]],
        "low": [float(one) for one in limits[:, 0]],
        "high": [float(one) for one in limits[:, 1]],
    }


def median(time: Vector, event: Bools) -> dict[str, float | None]:
    """Median time with 95 % limits (log-log): `{"value", "low", "high"}`, None where it is not reached."""
    fitted = KaplanMeierFitter().fit(time, event)
    limits = median_survival_times(fitted.confidence_interval_survival_function_).to_numpy().ravel()
    named = {"value": float(fitted.median_survival_time_), "low": float(limits[0]), "high": float(limits[1])}
    return {name: value if np.isfinite(value) else None for name, value in named.items()}


def restricted_mean(time: Vector, event: Bools, horizon: float) -> dict[str, float]:
    """Mean time up to `horizon`: `{"value", "error", "low", "high"}`; Greenwood's variance of the area."""
    moments = np.unique(time[event & (time <= horizon)])
    left = np.array([(time >= one).sum() for one in moments], float)
    gone = np.array([(event & (time == one)).sum() for one in moments], float)
    survival = np.cumprod(1 - gone / left) if len(moments) else np.array([])
    edges = np.concatenate([[0.0], moments, [horizon]])
    areas = np.diff(edges) * np.concatenate([[1.0], survival])
    value = float(areas.sum())
    after = value - np.cumsum(areas)[:-1]
    below = left * (left - gone)
    terms = np.divide(after**2 * gone, below, out=np.zeros_like(after), where=below > 0)
    error = float(np.sqrt(terms.sum()))
    return {"value": value, "error": error, "low": value - Z95 * error, "high": value + Z95 * error}


def at_risk(time: Vector, times: Sequence[float]) -> list[int]:
    """How many are still followed just before each of the times."""
    return [int((time >= one).sum()) for one in times]


def median_follow_up(time: Vector, event: Bools) -> dict[str, float | None]:
    """Reverse Kaplan-Meier (Schemper and Smith 1996): when everybody would have been censored."""
    return median(time, ~event)


def risk_times(time: Vector, count: int = 6) -> list[float]:
    """Round times from 0 to the last follow-up, for the table under the curves."""
    last = float(time.max())
    raw = last / (count - 1)
    unit = 10.0 ** np.floor(np.log10(raw))
    step = float(min(one * unit for one in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if one * unit >= raw * 0.999))
    return [float(one) for one in np.arange(0, last + 1e-9, step)]


def log_rank(time: Vector, event: Bools, labels: npt.NDArray[np.intp]) -> dict[str, float]:
    """Log-rank test of two or several groups: `{"statistic", "df", "p"}`."""
    if not event.any():
        raise TooFewEvents("a log-rank test needs an event")
    found = multivariate_logrank_test(time, labels, event)
    return {
        "statistic": float(found.test_statistic),
        "df": len(np.unique(labels)) - 1,
        "p": float(found.p_value),
    }


def pairwise(time: Vector, event: Bools, groups: Groups) -> list[dict[str, Any]]:
    """Log-rank test of each pair of groups, p adjusted after Holm."""
    rows = []
    for first, second in combinations(range(len(groups.names)), 2):
        own = np.isin(groups.labels, (first, second))
        pair: dict[str, Any] = {"first": groups.names[first], "second": groups.names[second]}
        test = log_rank(time[own], event[own], groups.labels[own]) if event[own].any() else None
        rows.append(pair | (test or {"statistic": 0.0, "df": 1, "p": 1.0}))
    adjusted = adjust([row["p"] for row in rows], "holm")
    return [row | {"p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)]


def describe(time: Vector, event: Bools, groups: Groups, times: Sequence[float]) -> list[dict[str, Any]]:
    """Each group's curve, median, numbers at risk, times of censoring and restricted mean."""
    horizon = min(float(time[groups.labels == i].max()) for i in range(len(groups.names)))
    rows = []
    for index, name in enumerate(groups.names):
        own = groups.labels == index
        t, e = time[own], event[own]
        rows.append(
            {
                "name": name,
                "n": int(own.sum()),
                "events": int(e.sum()),
                "median": median(t, e),
                "restricted_mean": {"horizon": horizon, **restricted_mean(t, e, horizon)},
                "curve": curve(t, e),
                "censored_at": sorted(float(one) for one in t[~e]),
                "at_risk": at_risk(t, times),
            }
        )
    return rows


def group(
    column: Column, rows: npt.NDArray[np.intp], cut: Cut, followed: tuple[Vector, Bools, int]
) -> Groups:
    """Groups of the patients `rows`, who all have a value: by category, or on either side of a cut.

    `followed` is time, event and seed, of use for an optimal cut only; its p is that of the highest statistic
    over all cuts among permuted outcomes, so that having looked for it is paid for.
    """
    values: list[Any] = [column.values[i] for i in rows]
    if column.kind == "category":
        if cut is not None:
            raise AnalysisConfigError("a category has no cut", where=column.name)
        names = sorted(set(values))
        _require_groups(column.name, names, values)
        return Groups(names, np.array([names.index(one) for one in values], np.intp))
    if cut is None:
        raise AnalysisConfigError("a number needs a cut: a value, 'median' or 'optimal'", where=column.name)
    numbers = np.asarray(values, float)
    if cut == "optimal":
        found = optimal_cut(column.name, numbers, *followed)
    else:
        found = {"kind": "given", "value": float(cut)} if cut != "median" else _at_median(numbers)
    high = numbers > found["value"]
    names = [f"≤ {found['value']:.4g}", f"> {found['value']:.4g}"]
    _require_groups(column.name, names, [names[int(one)] for one in high])
    return Groups(names, high.astype(np.intp), found)


def _at_median(numbers: Vector) -> dict[str, Any]:
    return {"kind": "median", "value": float(np.median(numbers))}


def _require_groups(name: str, names: Sequence[str], values: Sequence[str]) -> None:
    if len(set(values)) < 2:
        raise ConstantColumn(f"all {len(values)} patients are in the group {values[0]!r}", where=name)
    small = [one for one in names if values.count(one) < 2]
    if small:
        raise TooFewPatients(f"a group needs two patients: {', '.join(small)}", where=name)


def log_rank_scores(time: Vector, event: Bools) -> Vector:
    """Each patient's event less the hazard that was expected of them (Nelson-Aalen); shape (n,), sum 0."""
    moments = np.unique(time[event])
    left = np.array([(time >= one).sum() for one in moments])
    gone = np.array([(event & (time == one)).sum() for one in moments])
    hazard = np.concatenate([[0.0], np.cumsum(gone / left)])
    return np.asarray(event - hazard[np.searchsorted(moments, time, side="right")], float)


def optimal_cut(name: str, numbers: Vector, time: Vector, event: Bools, seed: int) -> dict[str, Any]:
    """The cut of the highest standardised log-rank statistic, and its p over permutations.

    Source: Lausen and Schumacher, Biometrics 1992;48:73; permutations as in Hothorn and Lausen 2003.
    """
    if not event.any():
        raise TooFewEvents("a cut cannot be chosen without an event", where=name)
    count = len(numbers)
    values = np.unique(numbers)
    cuts = (values[:-1] + values[1:]) / 2
    low = numbers[None] <= cuts[:, None]
    share = low.mean(axis=1)
    inside = (share >= SMALLEST_SIDE) & (share <= 1 - SMALLEST_SIDE)
    if not inside.any():
        raise ConstantColumn("no cut leaves a tenth of the patients on either side", where=name)
    cuts, low = cuts[inside], low[inside].astype(float)
    scores = log_rank_scores(time, event)
    below = low.sum(axis=1)
    error = np.sqrt(below * (count - below) / (count * (count - 1)) * np.sum((scores - scores.mean()) ** 2))
    middle = below * scores.mean()
    observed = np.abs(low @ scores - middle) / error
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.tile(scores, (PERMUTATIONS, 1)), axis=1)
    highest = (np.abs(low @ shuffled.T - middle[:, None]) / error[:, None]).max(axis=0)
    best = int(np.argmax(observed))
    return {
        "kind": "optimal",
        "value": float(cuts[best]),
        "statistic": float(observed[best]),
        "p": float((1 + np.sum(highest >= observed[best] - 1e-12)) / (1 + PERMUTATIONS)),
        "p_unadjusted": float(2 * stats.norm.sf(observed[best])),
        "correction": f"maximally selected log-rank, {PERMUTATIONS} permutations",
    }
