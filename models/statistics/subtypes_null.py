"""Whether there are clusters at all: the split against those of a single Gaussian with the same covariance.

The statistic is how far the log of the share of the sum of squares that lies within clusters is below that of
the same clustering of simulated patients: the cluster index of SigClust (Liu et al., J Am Stat Assoc 103
(2008) 1281-1293) for any k, as a gap (Tibshirani et al., J R Stat Soc B 63 (2001) 411-423).  Simulated
patients are the sample after a random rotation among patients: of a multivariate normal sample X = U S V',
whatever its covariance, U is uniform given S and V, so the test is exact in any number of dimensions
(Langsrud, Stat Comput 15 (2005) 53-60), and correlation and long axes are no clusters.  p values are adjusted
for all k that were tried by the maximum over k (Westfall and Young 1993).  As in M3C (John et al., Sci Rep 10
(2020) 1816), PAC is compared with that of such patients too, since it falls with k of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.statistics.subtypes_base import Points, cluster_subsets, within_squares
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_consensus import consensus
from models.statistics.subtypes_scaling import Matrix

PAC_SUBSAMPLES = 50
"""Of the consensus of each simulated table."""


@dataclass(frozen=True)
class Gap:
    """One k against no clusters."""

    k: int
    log_within: float
    """Log of the share of the sum of squares that lies within the clusters."""
    expected: float
    """Its mean in the simulated patients."""
    spread: float
    """Their standard deviation."""
    z: float
    """(expected - log_within) / spread: above 0 for tighter clusters than chance makes."""
    p: float
    p_adjusted: float
    """For the choice among all k."""


def against_one_gaussian(
    points: Points, config: SubtypeConfig, rng: np.random.Generator
) -> tuple[list[Gap], list[float]]:
    """A gap for each k of the settings, and the mean PAC of simulated patients for each k."""
    observed = _log_within(points, config, rng)
    simulated, ambiguous = [], []
    for i in range(config.simulations):
        one = turned(points, rng)
        simulated.append(_log_within(one, config, rng))
        if i < config.pac_simulations:
            ambiguous.append([found.pac for found in consensus(one, config, PAC_SUBSAMPLES, rng)])
    return _gaps(observed, np.stack(simulated), config), np.mean(ambiguous, axis=0).tolist()


def turned(points: Points, rng: np.random.Generator) -> Points:
    """Patients of one Gaussian that have exactly the sample covariance of `points`."""
    sizes = np.linalg.svd(points.coordinates, compute_uv=False)
    sizes = sizes[sizes > sizes.max() * 1e-10]
    drawn = rng.standard_normal((len(points.coordinates), len(sizes)))
    axes, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    return Points.of(axes * sizes)


def _gaps(observed: Matrix, simulated: Matrix, config: SubtypeConfig) -> list[Gap]:
    expected, spread = simulated.mean(axis=0), np.maximum(simulated.std(axis=0, ddof=1), 1e-12)
    z, chance = (expected - observed) / spread, (expected - simulated) / spread
    runs = len(simulated) + 1
    alone = (1 + (chance >= z).sum(axis=0)) / runs
    adjusted = (1 + (chance.max(axis=1)[:, None] >= z).sum(axis=0)) / runs
    return [
        Gap(k, *(float(one[i]) for one in (observed, expected, spread, z, alone, adjusted)))
        for i, k in enumerate(config.ks)
    ]


def _log_within(points: Points, config: SubtypeConfig, rng: np.random.Generator) -> Matrix:
    everybody = np.ones((1, len(points.coordinates)), np.bool_)
    found = cluster_subsets(config.base, points, everybody, config.ks, rng)[:, 0]
    total = float((points.coordinates**2).sum())
    return np.log([max(within_squares(points, labels), 1e-300) / total for labels in found])
