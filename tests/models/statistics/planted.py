"""Cohorts of made-up features: correlated patients of one kind, or with clusters planted among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rt.cohort import CohortTable, Column, Role

Matrix = npt.NDArray[np.float64]


def one_gaussian(rng: np.random.Generator, patients: int, features: int, factors: int = 8) -> Matrix:
    """Values (patients, features) of one population, correlated as radiomic features are by a few factors."""
    loads = rng.standard_normal((factors, features)) / np.sqrt(factors)
    values: Matrix = rng.standard_normal((patients, factors)) @ loads
    return values + 0.5 * rng.standard_normal((patients, features))


def with_clusters(
    rng: np.random.Generator, size: tuple[int, int], k: int, shift: float
) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Values (patients, features) and clusters from 0; each lifts its own sixth of the features."""
    patients, features = size
    owner = rng.permutation(np.arange(features) % 6)
    clusters = rng.permutation(np.arange(patients) % k)
    values: Matrix = one_gaussian(rng, patients, features) + shift * (owner == clusters[:, None])
    return values, clusters


def table_of(
    values: Matrix,
    clinical: Sequence[Column] = (),
    icc: Sequence[float | None] | None = None,
    roles: Sequence[Role] | None = None,
) -> CohortTable:
    """A cohort of these features (patients, features), NaN for what is missing."""
    patients = len(values)
    return CohortTable(
        patients=tuple(f"P{i:03d}" for i in range(patients)),
        roles=tuple(roles or ["train"] * patients),
        clinical=tuple(clinical),
        features=tuple(
            Column(
                f"f{j:03d}",
                "number",
                tuple(None if np.isnan(v) else float(v) for v in column),
                source={} if icc is None or icc[j] is None else {"icc": icc[j]},
            )
            for j, column in enumerate(values.T)
        ),
    )
