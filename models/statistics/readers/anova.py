"""Obuchowski and Rockette's analysis of variance with Hillis' degrees of freedom, and that of pseudovalues.

`theta[t, r]` are figures of merit; t conditions, r readers, c cases.  Sources: Obuchowski and Rockette,
Commun Stat Simul Comput 1995;24:285; Hillis et al., Stat Med 2005;24:1579; Hillis, Stat Med 2007;26:596.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from models.statistics.readers.crossed import Array
from models.statistics.readers.errors import NoVariation, TooFewReaders

NOTHING = 1e-14
"""Mean squares up to here are rounding."""


@dataclass(frozen=True)
class Components:
    """Mean squares of the figures, and how their errors vary together."""

    ms_t: float
    ms_r: float
    ms_tr: float
    var_error: float
    cov1: float
    """Same reader, other condition."""
    cov2: float
    """Other reader, same condition."""
    cov3: float
    """Other reader, other condition."""
    var_r: float
    var_tr: float

    @property
    def shared(self) -> float:
        """max(Cov2 - Cov3, 0)."""
        return max(self.cov2 - self.cov3, 0.0)


@dataclass(frozen=True)
class Errors:
    """Of one kind of generalisation: what a difference and a single mean are compared with."""

    mean_square: float
    """In the place of the error of F, on the scale of MS(T)."""
    df: float
    """Infinite where readers are fixed."""
    single: list[tuple[float, float]]
    """Variance and degrees of freedom of the mean of each condition alone."""


def components(theta: Array, covariance: Array) -> Components:
    """From (t, r) figures and their (t r, t r) covariance over cases; variances may come out negative."""
    t, r = theta.shape
    ms_t, ms_r, ms_tr = mean_squares(theta)
    cube = covariance.reshape(t, r, t, r)
    same_t, same_r = np.eye(t, dtype=bool), np.eye(r, dtype=bool)
    of = {
        (a, b): cube[(same_t == a)[:, None, :, None] & (same_r == b)[None, :, None, :]]
        for a in (True, False)
        for b in (True, False)
    }
    var, cov1, cov2, cov3 = (
        float(of[key].mean()) if of[key].size else 0.0
        for key in ((True, True), (False, True), (True, False), (False, False))
    )
    return Components(
        ms_t, ms_r, ms_tr, var, cov1, cov2, cov3,
        var_r=(ms_r - ms_tr) / t - cov1 + cov3,
        var_tr=ms_tr - var + cov1 + max(cov2 - cov3, 0.0),
    )  # fmt: skip


def mean_squares(theta: Array) -> tuple[float, float, float]:
    """Of conditions, readers and their interaction; the last two are 0 for one reader."""
    t, r = theta.shape
    grand, by_t, by_r = theta.mean(), theta.mean(axis=1), theta.mean(axis=0)
    ms_t = r * float(((by_t - grand) ** 2).sum()) / (t - 1)
    if r == 1:
        return ms_t, 0.0, 0.0
    ms_r = t * float(((by_r - grand) ** 2).sum()) / (r - 1)
    apart = theta - by_t[:, None] - by_r[None] + grand
    return ms_t, ms_r, float((apart**2).sum()) / ((t - 1) * (r - 1))


def analyses(theta: Array, covariance: Array, level: float) -> dict[str, Any]:
    """Components and the three analyses by what they generalise to; None where one reader is no sample.

    `{components, "readers-and-cases": {f | chi2, df1, df2, p, conditions: [{value, error, df, low, high}],
    differences: [{second, first, value, error, df, low, high, p}]}, cases: …, readers: …}`; a difference is
    condition `second` minus `first`, by index.  NoVariation where conditions differ and nothing else varies.
    """
    found = components(theta, covariance)
    many = theta.shape[1] > 1
    ways: dict[str, Callable[[], Errors]] = {"cases": lambda: _fixed_readers(theta, covariance, found)}
    if many:
        ways["readers-and-cases"] = lambda: _random(theta, covariance, found)
        ways["readers"] = lambda: _fixed_cases(theta, found)
    out: dict[str, Any] = {"components": asdict(found), "readers-and-cases": None, "readers": None}
    return out | {name: _tests(theta, found, errors(), level) for name, errors in ways.items()}


def _random(theta: Array, covariance: Array, found: Components) -> Errors:
    t, r = theta.shape
    square = found.ms_tr + r * found.shared
    df = _hillis(square, found.ms_tr, (t - 1) * (r - 1))
    single = []
    for each, cov2 in zip(theta, _cov2_of_each(theta, covariance), strict=True):
        ms = float(each.var(ddof=1))
        whole = ms + r * max(cov2, 0.0)
        single.append((whole / r, _hillis(whole, ms, r - 1)))
    return Errors(square, df, single)


def _fixed_readers(theta: Array, covariance: Array, found: Components) -> Errors:
    t, r = theta.shape
    square = found.var_error - found.cov1 + (r - 1) * found.shared
    cube = covariance.reshape(t, r, t, r)
    shared = _cov2_of_each(theta, covariance) if r > 1 else [0.0] * t
    single = [
        ((float(np.diag(cube[i, :, i, :]).mean()) + (r - 1) * max(cov2, 0.0)) / r, math.inf)
        for i, cov2 in enumerate(shared)
    ]
    return Errors(square, math.inf, single)


def _fixed_cases(theta: Array, found: Components) -> Errors:
    t, r = theta.shape
    single = [(float(each.var(ddof=1)) / r, float(r - 1)) for each in theta]
    return Errors(found.ms_tr, float((t - 1) * (r - 1)), single)


def _cov2_of_each(theta: Array, covariance: Array) -> list[float]:
    t, r = theta.shape
    cube = covariance.reshape(t, r, t, r)
    return [float(cube[i, :, i, :][~np.eye(r, dtype=bool)].mean()) for i in range(t)]


def _hillis(whole: float, square: float, df: int) -> float:
    """Degrees of freedom of a sum of which only `square` is a mean square; infinite where that is 0."""
    return whole**2 / (square**2 / df) if square > NOTHING else math.inf


def _tests(theta: Array, found: Components, errors: Errors, level: float) -> dict[str, Any]:
    t, r = theta.shape
    differ = found.ms_t > NOTHING
    if differ and errors.mean_square <= NOTHING:
        raise NoVariation("the conditions differ, and neither readers nor cases vary", where="readings")
    f = found.ms_t / errors.mean_square if differ else 0.0
    overall = (
        {"chi2": f * (t - 1), "df1": t - 1, "df2": None, "p": float(stats.chi2.sf(f * (t - 1), t - 1))}
        if math.isinf(errors.df)
        else {"f": f, "df1": t - 1, "df2": errors.df, "p": float(stats.f.sf(f, t - 1, errors.df))}
    )
    means = theta.mean(axis=1)
    error = math.sqrt(max(2 / r * errors.mean_square, 0.0))
    return overall | {
        "conditions": [
            estimate(float(mean), math.sqrt(max(variance, 0.0)), df, level)
            for mean, (variance, df) in zip(means, errors.single, strict=True)
        ],
        "differences": [
            {"first": i, "second": j} | tested(float(means[j] - means[i]), error, errors.df, level)
            for i in range(t)
            for j in range(i + 1, t)
        ],
    }


def estimate(value: float, error: float, df: float, level: float) -> dict[str, Any]:
    """A value with the interval of Student's t, or of the normal where df is infinite (said as None)."""
    half = error * float(
        stats.norm.ppf(0.5 + level / 2) if math.isinf(df) else stats.t.ppf(0.5 + level / 2, df)
    )
    shown = None if math.isinf(df) else df
    return {"value": value, "error": error, "df": shown, "low": value - half, "high": value + half}


def tested(value: float, error: float, df: float, level: float) -> dict[str, Any]:
    """`estimate` with the two-sided p of no difference; 1 where there is neither difference nor error."""
    if error > 0:
        z = abs(value) / error
        p = float(2 * (stats.norm.sf(z) if math.isinf(df) else stats.t.sf(z, df)))
    elif abs(value) > NOTHING**0.5:
        raise NoVariation("a difference without any variation cannot be tested", where="readings")
    else:
        p = 1.0
    return estimate(value, error, df, level) | {"p": p}


def each_reader(theta: Array, covariance: Array, level: float) -> list[dict[str, Any]]:
    """Of each reader, condition `second` minus `first`: `{reader: index, first, second, value, …, p}`."""
    t, r = theta.shape
    cube = covariance.reshape(t, r, t, r)
    out = []
    for k in range(r):
        own = cube[:, k, :, k]
        error = math.sqrt(max(2 * _variance_less_covariance(own), 0.0))
        for i in range(t):
            for j in range(i + 1, t):
                value = float(theta[j, k] - theta[i, k])
                if error == 0 and abs(value) > NOTHING**0.5:
                    raise NoVariation("a reader's difference without any variation", where=f"reader {k + 1}")
                out.append({"reader": k, "first": i, "second": j} | tested(value, error, math.inf, level))
    return out


def _variance_less_covariance(own: Array) -> float:
    between = own[~np.eye(len(own), dtype=bool)]
    return float(np.diag(own).mean() - between.mean())


def dbm(pseudo_trc: Array) -> dict[str, float]:
    """Dorfman, Berbaum and Metz's F of pseudovalues with Hillis' df, readers and cases random.

    With the jackknife's covariance it equals that of Obuchowski and Rockette.  TooFewReaders for one reader.
    """
    t, r, c = pseudo_trc.shape
    if r < 2:
        raise TooFewReaders("readers are no sample if there is one", where="readers")
    y = pseudo_trc
    m_t, m_tr, m_tc = y.mean(axis=(1, 2)), y.mean(axis=2), y.mean(axis=1)
    m_r, m_c, m_rc, grand = y.mean(axis=(0, 2)), y.mean(axis=(0, 1)), y.mean(axis=0), y.mean()
    ms_t = r * c * float(((m_t - grand) ** 2).sum()) / (t - 1)
    apart = m_tr - m_t[:, None] - m_r[None] + grand
    ms_tr = c * float((apart**2).sum()) / ((t - 1) * (r - 1))
    apart = m_tc - m_t[:, None] - m_c[None] + grand
    ms_tc = r * float((apart**2).sum()) / ((t - 1) * (c - 1))
    whole = (
        y - m_tr[:, :, None] - m_tc[:, None] - m_rc[None]
        + m_t[:, None, None] + m_r[None, :, None] + m_c[None, None] - grand
    )  # fmt: skip
    ms_trc = float((whole**2).sum()) / ((t - 1) * (r - 1) * (c - 1))
    square = ms_tr + max(ms_tc - ms_trc, 0.0)
    if square <= NOTHING:
        raise NoVariation("the pseudovalues do not vary", where="readings")
    df = _hillis(square, ms_tr, (t - 1) * (r - 1))
    f = ms_t / square
    p = float(stats.f.sf(f, t - 1, df)) if math.isfinite(df) else float(stats.chi2.sf(f * (t - 1), t - 1))
    return {
        "f": f,
        "df1": t - 1,
        "df2": df,
        "p": p,
        "ms_t": ms_t,
        "ms_tr": ms_tr,
        "ms_tc": ms_tc,
        "ms_trc": ms_trc,
    }
