"""ROC and FROC curves of each reader in each condition, and their means over readers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.statistics.merit import roc_curve
from models.statistics.readers.crossed import Array, Crossed, Lesions

MEAN = "mean"
"""In the place of the reader's name, of the curve over all."""


def roc(read: Crossed) -> list[dict[str, Any]]:
    """`{reader, condition, false_positive_rate: [], true_positive_rate: []}`; the mean is vertical.

    Points are joined by lines, so that the area under the mean is the mean of the areas.
    """
    out = []
    for t, condition in enumerate(read.conditions):
        curves = []
        for r, reader in enumerate(read.readers):
            curve = roc_curve(read.positive.astype(float), read.confidence_trc[t, r])
            x, y = np.array(curve["false_positive_rate"]), np.array(curve["true_positive_rate"])
            curves.append((x, y))
            out.append(_roc(reader.reader, condition, x, y))
        grid = np.unique(np.concatenate([x for x, _ in curves]))
        sides = np.array([_both_sides(x, y, grid) for x, y in curves]).mean(axis=0)
        out.append(_roc(MEAN, condition, np.repeat(grid, 2), sides.ravel()))
    return out


def _roc(reader: str, condition: str, x: Array, y: Array) -> dict[str, Any]:
    return {
        "reader": reader,
        "condition": condition,
        "false_positive_rate": x.tolist(),
        "true_positive_rate": y.tolist(),
    }


def _both_sides(x: Array, y: Array, grid: Array) -> Array:
    """(grid, 2) of a curve where it comes from and where it goes on: it may rise without going on."""
    out = np.empty((grid.size, 2))
    for index, place in enumerate(grid):
        here = y[x == place]
        out[index] = (here.min(), here.max()) if here.size else np.interp(place, x, y)
    return out


def froc(read: Crossed) -> list[dict[str, Any]]:
    """`{reader, condition, false_marks_per_case: [], lesion_sensitivity: []}`, steps; [] without lesions."""
    if read.lesions is None:
        return []
    out = []
    for t, condition in enumerate(read.conditions):
        curves = [_froc_of(read.lesions, (t, r), len(read.cases)) for r in range(len(read.readers))]
        for reader, (x, y) in zip(read.readers, curves, strict=True):
            out.append(_froc(reader.reader, condition, x, y))
        grid = np.unique(np.concatenate([x for x, _ in curves]))
        held = [y[np.searchsorted(x, grid, side="right") - 1] for x, y in curves]
        out.append(_froc(MEAN, condition, grid, np.mean(held, axis=0)))
    return out


def _froc(reader: str, condition: str, x: Array, y: Array) -> dict[str, Any]:
    return {
        "reader": reader,
        "condition": condition,
        "false_marks_per_case": x.tolist(),
        "lesion_sensitivity": y.tolist(),
    }


def _froc_of(lesions: Lesions, place: tuple[int, int], cases: int) -> tuple[Array, Array]:
    found = lesions.rating_trl[place]
    false = np.array([one for marks in lesions.all_false[place] for one in marks])
    cuts = np.unique(np.concatenate([found[np.isfinite(found)], false]))[::-1]
    x = np.array([0.0, *(_share(false, cut, cases) for cut in cuts)])
    y = np.array([0.0, *(_share(found, cut, found.size) for cut in cuts)])
    return x, y


def _share(ratings: npt.NDArray[np.float64], cut: float, of: int) -> float:
    return float((ratings >= cut).sum()) / of
