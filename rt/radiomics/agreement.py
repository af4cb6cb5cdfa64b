"""Intraclass correlation: how much of a feature's spread is between patients, not between readings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import f as fisher

from rt.errors import IccUndefined

NOTHING = 1e-18
"""Of the mean square of the values: a spread below is rounding."""


@dataclass(frozen=True)
class Icc:
    """One coefficient, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class IccTable:
    """Of single readings, after Shrout & Fleiss 1979 (doi:10.1037/0033-2909.86.2.420)."""

    icc1: Icc
    """ICC(1,1): each patient's readings are others."""
    icc2: Icc
    """ICC(2,1): the same readings of all patients, drawn from many; absolute agreement."""
    icc3: Icc
    """ICC(3,1): the same readings of all patients, and only these; consistency."""


@dataclass(frozen=True)
class _Squares:
    """Mean squares of a table of n patients and k readings."""

    n: int
    k: int
    patients: float
    readings: float
    within: float
    error: float


def icc(values: npt.ArrayLike) -> IccTable:
    """Coefficients of one feature; values (readings, patients).

    Raises IccUndefined with fewer than two readings or patients, values that are no numbers, or a feature
    that is the same in all of them.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise IccUndefined(f"two readings of two patients are needed, not a table of {table.shape}")
    if not np.isfinite(table).all():
        raise IccUndefined(f"{int((~np.isfinite(table)).sum())} readings are no numbers")
    squares = _squares(table)
    if squares.patients == squares.within == 0:
        raise IccUndefined("the feature is the same in all readings of all patients")
    return IccTable(_first(squares), _second(squares), _third(squares))


def _squares(table: npt.NDArray[np.float64]) -> _Squares:
    k, n = table.shape
    noise = NOTHING * float((table**2).mean())
    spread = table - table.mean()
    patients, readings = spread.mean(axis=0), spread.mean(axis=1)
    rest = spread - patients - readings[:, None]
    squares = (
        k * float((patients**2).sum()) / (n - 1),
        n * float((readings**2).sum()) / (k - 1),
        float(((spread - patients) ** 2).sum()) / (n * (k - 1)),
        float((rest**2).sum()) / ((n - 1) * (k - 1)),
    )
    return _Squares(n, k, *(0.0 if square <= noise else square for square in squares))


def _first(s: _Squares) -> Icc:
    return _one_way(s, s.within, s.n * (s.k - 1))


def _third(s: _Squares) -> Icc:
    return _one_way(s, s.error, (s.n - 1) * (s.k - 1))


def _one_way(s: _Squares, unlike: float, freedom: int) -> Icc:
    if s.patients == unlike == 0:
        return Icc(0.0, 0.0, 0.0)

    def at(patients: float) -> float:
        return (patients - unlike) / (patients + (s.k - 1) * unlike)

    low = s.patients / fisher.ppf(0.975, s.n - 1, freedom)
    high = s.patients * fisher.ppf(0.975, freedom, s.n - 1)
    return Icc(at(s.patients), at(low), at(high))


def _second(s: _Squares) -> Icc:
    n, k = s.n, s.k
    whole = s.patients + (k - 1) * s.error + k * (s.readings - s.error) / n
    if whole == 0:
        raise IccUndefined("what differs between the readings is just what differs between the patients")
    rho = (s.patients - s.error) / whole
    own = k * rho * s.readings
    other = (n * (1 + (k - 1) * rho) - k * rho) * s.error
    spread = (n - 1) * own**2 + other**2
    if spread == 0:
        return Icc(rho, rho, rho)
    freedom = (k - 1) * (n - 1) * (own + other) ** 2 / spread
    low_f, high_f = fisher.ppf(0.975, n - 1, freedom), fisher.ppf(0.975, freedom, n - 1)
    apart = k * s.readings + (k * n - k - n) * s.error
    with np.errstate(over="ignore", invalid="ignore"):  # with next to no freedom the quantiles have no bounds
        low = n * (s.patients - low_f * s.error) / (low_f * apart + n * s.patients)
        high = n * (high_f * s.patients - s.error) / (apart + n * high_f * s.patients)
    limits = [
        float(limit) if math.isfinite(limit) else fallback
        for limit, fallback in ((low, min(-1, rho)), (high, max(1, rho)))
    ]
    return Icc(float(rho), *limits)
