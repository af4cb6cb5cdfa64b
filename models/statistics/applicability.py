"""How far a patient is from those that a model learnt from.

Distance is Mahalanobis' over the model's own standardised columns, with a covariance shrunk after Ledoit and
Wolf (J Multivar Anal 2004;88:365); a new patient's is ranked among those that the training patients had from
folds that did not hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.covariance import LedoitWolf

from models.statistics.outcomes_validate import folds_of

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
INSIDE = 95.0
"""Percentile of the training patients' distances up to which a new patient is taken to be like them."""


def learn_applicability(x: Matrix, event: npt.NDArray[np.bool_], seed: int) -> dict[str, Any]:
    """Plain JSON that `applicability` reads, of the training patients' standardised columns (n, columns)."""
    fold = folds_of(event, min(5, len(x)), (seed, 11))
    held = np.empty(len(x))
    for index in np.unique(fold):
        mean, precision = _shape(x[fold != index])
        held[fold == index] = _distance(x[fold == index], mean, precision)
    mean, precision = _shape(x)
    return {
        "mean": mean.tolist(),
        "precision": precision.tolist(),
        "quantiles": np.quantile(held, np.linspace(0, 1, 101)).tolist(),
    }


def applicability(learnt: Mapping[str, Any], x: Matrix) -> list[dict[str, Any]]:
    """`{"distance", "percentile", "inside"}` of each new patient."""
    mean, precision = (np.asarray(learnt[name], float) for name in ("mean", "precision"))
    quantiles = np.asarray(learnt["quantiles"], float)
    distance = _distance(x, mean, precision)
    percentile = np.interp(distance, quantiles, np.linspace(0, 100, len(quantiles)))
    return [
        {"distance": float(far), "percentile": float(rank), "inside": bool(rank <= INSIDE)}
        for far, rank in zip(distance, percentile, strict=True)
    ]


def _shape(x: Matrix) -> tuple[Vector, Matrix]:
    found = LedoitWolf().fit(x)
    return found.location_, found.precision_


def _distance(x: Matrix, mean: Vector, precision: Matrix) -> Vector:
    centred = x - mean
    squares = np.einsum("ni,ij,nj->n", centred, precision, centred)
    return np.asarray(np.sqrt(np.maximum(squares, 0) / x.shape[1]))
