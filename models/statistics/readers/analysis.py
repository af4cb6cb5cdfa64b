"""A reader study analysed: every figure of merit by readers, conditions and levels; time; curves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from models.statistics.errors import StatisticsError
from models.statistics.merit import auc, wilson
from models.statistics.readers import curves, levels
from models.statistics.readers.anova import analyses, dbm, each_reader, estimate
from models.statistics.readers.config import ReaderConfig
from models.statistics.readers.crossed import Array, Crossed, cross
from models.statistics.readers.errors import NothingCalled, NoVariation
from models.statistics.readers.foms import (
    Figure,
    Ratio,
    covariance_of,
    figures_of_merit,
    pseudovalues,
    values,
)
from models.statistics.readers.study import Study
from models.statistics.results import plain

KIND = "reader-study"
SECONDS = "seconds"
"""Geometric mean of the time of a case; conditions are compared by ratios."""
WAYS = ("readers-and-cases", "cases", "readers")
QUARTILES = (0, 25, 50, 75, 100)


def analyse(study: Study, config: ReaderConfig) -> dict[str, Any]:
    """All that is told of a reader study, plain JSON of kind `reader-study`.

    A figure that the readings do not give is in `refused` with its reason, and so is who did not finish in
    `readers` and `missing`.  TooFewReaders and OneClass where nothing can be told at all.
    """
    read, accounts = cross(study, config)
    figures: dict[str, Figure] = dict(figures_of_merit(read, config))
    figures[SECONDS] = Ratio(np.log(read.seconds_trc), np.ones_like(read.seconds_trc))
    told, refused = [], []
    for name, figure in figures.items():
        try:
            told.append(_told(name, figure, read, config))
        except StatisticsError as error:
            refused.append({"figure": name, "slug": error.slug, "detail": str(error)})
    return plain(
        {
            "kind": KIND,
            "config": config.to_json(),
            "study": _size(study, read),
            "readers": accounts.readers,
            "missing": accounts.missing,
            "cases_left_out": [{"case": one} for one in accounts.cases_left_out],
            "figures_of_merit": told,
            "times": _times(read),
            "roc": curves.roc(read),
            "froc": curves.froc(read),
            "refused": refused,
        }
    )


def _size(study: Study, read: Crossed) -> dict[str, Any]:
    return {
        "conditions": list(study.conditions),
        "readers": len(study.readers),
        "readers_analysed": len(read.readers),
        "cases": len(study.cases),
        "cases_analysed": len(read.cases),
        "positive": int(read.positive.sum()),
        "lesions": None if read.lesions is None else int(read.lesions.case.size),
    }


def _told(name: str, figure: Figure, read: Crossed, config: ReaderConfig) -> dict[str, Any]:
    theta = values(figure)
    _check(name, theta, read)
    covariance, made_by = covariance_of(figure, read.positive, config)
    if not np.isfinite(covariance).all():
        raise NothingCalled("without one case a reader called nothing positive", where=name)
    found = analyses(theta, covariance, config.level)
    out = {
        "figure": name,
        "covariance": made_by,
        "estimates": _estimates(name, figure, read, (theta, covariance, config.level)),
        "conditions": list(_conditions(found, read)),
        "differences": list(_differences(found, read)),
        "tests": [
            {"generalise": way} | {key: found[way].get(key) for key in ("f", "chi2", "df1", "df2", "p")}
            for way in WAYS
            if found[way] is not None
        ],
        "reader_differences": _of_readers(theta, covariance, read, config.level),
        "levels": levels.within(read, theta, covariance, config.level),
        "level_contrasts": levels.between(read, theta, config.level),
        "components": found["components"],
        "dbm": _dbm(figure, len(read.readers)),
    }
    return _as_seconds(out) if name == SECONDS else _within_bounds(out)


def _check(name: str, theta: Array, read: Crossed) -> None:
    for t, r in np.argwhere(~np.isfinite(theta)):
        raise NothingCalled(
            f"{read.readers[r].reader} called nothing positive in '{read.conditions[t]}'", where=name
        )


def _dbm(figure: Figure, readers: int) -> dict[str, float | None] | None:
    """None for one reader, and where nothing varies."""
    if readers < 2:
        return None
    try:
        numbers = dbm(pseudovalues(figure))
    except NoVariation:
        return None
    return {key: value if math.isfinite(value) else None for key, value in numbers.items()}


def _conditions(found: dict[str, Any], read: Crossed) -> Iterable[dict[str, Any]]:
    for way in WAYS:
        for name, one in zip(read.conditions, (found[way] or {}).get("conditions", ()), strict=False):
            yield {"generalise": way, "condition": name} | one


def _differences(found: dict[str, Any], read: Crossed) -> Iterable[dict[str, Any]]:
    for way in WAYS:
        for one in (found[way] or {}).get("differences", ()):
            yield {"generalise": way} | one | _names(one, read)


def _names(one: dict[str, Any], read: Crossed) -> dict[str, str]:
    return {key: read.conditions[one[key]] for key in ("first", "second")}


def _of_readers(theta: Array, covariance: Array, read: Crossed, level: float) -> list[dict[str, Any]]:
    """Of each reader alone; [] where one of them does not vary."""
    try:
        found = each_reader(theta, covariance, level)
    except NoVariation:
        return []
    return [one | _names(one, read) | _named(read, one["reader"]) for one in found]


def _named(read: Crossed, r: int) -> dict[str, Any]:
    return {"reader": read.readers[r].reader, "level": read.readers[r].level}


def _estimates(
    name: str, figure: Figure, read: Crossed, found: tuple[Array, Array, float]
) -> list[dict[str, Any]]:
    theta, covariance, level = found
    errors = np.sqrt(np.clip(np.diag(covariance), 0, None)).reshape(theta.shape)
    out = []
    for t, condition in enumerate(read.conditions):
        for r in range(len(read.readers)):
            said = estimate(float(theta[t, r]), float(errors[t, r]), math.inf, level)
            interval = {key: said[key] for key in ("value", "low", "high")}
            if name == "auc":
                interval = auc(read.positive.astype(float), read.confidence_trc[t, r], level).to_json()
            elif name in ("sensitivity", "specificity", "ppv") and isinstance(figure, Ratio):
                counts, of = figure.counts_trc[t, r].sum(), figure.of_trc[t, r].sum()
                interval = wilson(int(counts), int(of), level).to_json()
            out.append(_named(read, r) | {"condition": condition} | interval)
    return out


def _within_bounds(out: dict[str, Any]) -> dict[str, Any]:
    """No share or area below 0 or above 1, and no number of marks below 0."""
    top = math.inf if out["figure"] == "false-marks" else 1.0
    for one in (*out["estimates"], *out["conditions"]):
        one["low"], one["high"] = max(one["low"], 0.0), min(one["high"], top)
    return out


def _as_seconds(out: dict[str, Any]) -> dict[str, Any]:
    """Logarithms as seconds, and their differences as ratios."""
    keys = ("value", "low", "high", "value_first", "value_second", "junior", "senior")
    for part in ("estimates", "conditions", "differences", "reader_differences", "levels", "level_contrasts"):
        for one in out[part]:
            one |= {key: math.exp(one[key]) for key in keys if one.get(key) is not None}
    return out


def _times(read: Crossed) -> list[dict[str, Any]]:
    """Minimum, quartiles, maximum and mean of the seconds of a case, of each reader in each condition."""
    out = []
    for t, condition in enumerate(read.conditions):
        for r in range(len(read.readers)):
            seconds = read.seconds_trc[t, r]
            low, q1, median, q3, high = (float(one) for one in np.percentile(seconds, QUARTILES))
            said = {"minimum_s": low, "q1_s": q1, "median_s": median, "q3_s": q3, "maximum_s": high}
            said |= {"mean_s": float(seconds.mean()), "total_s": float(seconds.sum())}
            out.append(_named(read, r) | {"condition": condition} | said)
    return out
