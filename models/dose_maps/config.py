"""What is asked of a dose-outcome map: solver, penalties, folds, permutations, subsamples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

import numpy as np

from models.statistics.errors import AnalysisConfigError

SolverName = Literal["tv", "cp"]
"""tv: convex, every voxel free, graph total variation and l1; cp: sum of few outer products, fused lasso on
the factors."""


@dataclass(frozen=True)
class MapConfig:
    """Settings of `analyse`; all of them are in its result."""

    solver: SolverName = "tv"
    voxels: int = 5000
    """An organ of more is worked on in cubes of 2, 3, … voxels; doses vary more slowly than that."""
    l1_share: float = 0.2
    """Of the penalty; the rest is total variation."""
    penalties: int = 8
    """So many, equally spaced in logarithm, from the least that leaves no map down to `lowest` of it."""
    lowest: float = 0.02
    ranks: tuple[int, ...] = (1, 2, 3)
    """Of `cp`; chosen with the penalty."""
    restarts: int = 4
    """Of `cp`: starts of which the best objective is taken."""
    folds: int = 5
    inner_folds: int = 5
    permutations: int = 200
    subsamples: int = 100
    """Halves of the patients, in complementary pairs (Shah and Samworth 2013)."""
    alpha: float = 0.05
    """Family-wise, of the whole organ."""
    stable: float = 0.75
    """Selection frequency from which a voxel counts as stably selected."""
    smoothing_mm: float = 6.0
    """Full width at half maximum of the Gaussian before statistics of voxels are compared."""
    iterations: int = 300
    tolerance: float = 1e-4
    """Relative change of the map at which a fit ends."""
    seed: int = 0

    @property
    def fractions(self) -> tuple[float, ...]:
        """Penalties as shares of the least one that leaves no map, highest first."""
        return tuple(float(one) for one in np.geomspace(1.0, self.lowest, self.penalties))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read `to_json`, or less; AnalysisConfigError names what is not known."""
        unknown = sorted(set(raw) - {one.name for one in fields(cls)})
        if unknown:
            raise AnalysisConfigError(f"unknown settings: {', '.join(unknown)}")
        given: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list | tuple) else one for name, one in raw.items()
        }
        config = cls(**given)
        config.check()
        return config

    def check(self) -> None:
        """AnalysisConfigError where a setting is none of those there are."""
        if self.solver not in get_args(SolverName):
            raise AnalysisConfigError(f"{self.solver!r} is none of {', '.join(get_args(SolverName))}")
        whole = {
            "penalties": 2, "restarts": 1, "folds": 2, "inner_folds": 2, "permutations": 0, "subsamples": 0,
            "iterations": 1, "seed": 0, "voxels": 8,
        }  # fmt: skip
        for name, least in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise AnalysisConfigError(f"is a whole number of at least {least}", where=name)
        shares = {"l1_share": (0, 1), "lowest": (0, 1), "alpha": (0, 0.5), "stable": (0.5, 1)}
        for name, (low, high) in shares.items():
            if not _number(getattr(self, name)) or not low < getattr(self, name) < high:
                raise AnalysisConfigError(f"lies between {low} and {high}", where=name)
        if not _number(self.smoothing_mm) or not 0 <= self.smoothing_mm <= 100:
            raise AnalysisConfigError("lies between 0 and 100 mm", where="smoothing_mm")
        if not _number(self.tolerance) or not 0 < self.tolerance < 0.1:
            raise AnalysisConfigError("lies between 0 and 0.1", where="tolerance")
        if not self.ranks or not all(isinstance(one, int) and 1 <= one <= 10 for one in self.ranks):
            raise AnalysisConfigError("are whole numbers of 1 to 10", where="ranks")
        if self.permutations and self.permutations < 1 / self.alpha - 1:
            raise AnalysisConfigError(
                f"{self.permutations} permutations cannot reach p = {self.alpha}", where="permutations"
            )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
