"""Which voxels a map has again and again: selection frequencies over halves of the patients.

Halves come in complementary pairs (Shah and Samworth, J R Stat Soc B 2013;75:55), the penalty is the final
one.  Meinshausen and Bühlmann's bound on the expected number of falsely selected voxels, q² / ((2π - 1) p)
for q voxels selected on average of p at a threshold π (J R Stat Soc B 2010;72:417), is stated; it supposes
that falsely selected voxels are exchangeable, which neighbours of nearly the same dose are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.dose_maps.study import Outcome
from models.dose_maps.work import Solver, Work

EMPTY = 1e-4
"""Share of a map's highest value up to which a voxel counts as not selected."""


@dataclass(frozen=True)
class Stability:
    """Selection frequencies (k, j, i) over blocks of the box, and what they are worth."""

    frequency: npt.NDArray[np.float64]
    selected_on_average: float
    bound: float
    """Expected falsely selected blocks at most, if exchangeable."""


def halves(outcome: Outcome, count: int, seed: int) -> npt.NDArray[np.float32]:
    """Weights (count, n): halves and their complements, each with its share of events."""
    rng, n = np.random.default_rng([seed, 7]), len(outcome.values)
    values = outcome.happened if outcome.kind != "continuous" else np.zeros(n)
    rows: list[npt.NDArray[np.float32]] = []
    while len(rows) < count:
        row = np.zeros(n, dtype=np.float32)
        for value in np.unique(values):
            own = rng.permutation(np.flatnonzero(values == value))
            row[own[: (len(own) + int(rng.integers(2))) // 2]] = 1
        rows += [row, 1 - row]
    return np.stack(rows[:count])


def stability(work: Work, solver: Solver, penalty: Tensor) -> Stability:
    """Frequencies over the subsamples that the configuration asks for."""
    weights = torch.from_numpy(halves(work.study.outcome, work.config.subsamples, work.config.seed))
    found = []
    for first, own in work.chunks(weights):

        def make(own: Tensor = own) -> dict[str, Tensor]:
            batch = work.design.batch.weighted(own.to(work.design.doses))
            maps = solver.fit(batch, penalty.expand(len(own))).maps.abs()
            return {"selected": maps > EMPTY * maps.amax(1, keepdim=True).clamp_min(1e-12)}

        found.append(work.kept(f"subsample.{first}", make)["selected"])
        work.say(0.85 + 0.15 * (first + len(own)) / len(weights), "subsamples")
    selected = torch.cat(found).double().numpy()
    average, blocks = float(selected.sum(axis=1).mean()), int(work.design.blocks.mask.sum())
    bound = average**2 / ((2 * work.config.stable - 1) * blocks)
    return Stability(selected.mean(axis=0).reshape(work.design.shape), average, bound)
