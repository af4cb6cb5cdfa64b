"""Whether the same clusters come again: with other patients, and with the contours moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from models.statistics.subtypes_base import Labels, Points, cluster_subsets
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_consensus import consensus
from models.statistics.subtypes_features import Prepared
from models.statistics.subtypes_model import Projection

STABLE = 0.75
"""Mean Jaccard from which a cluster is called stable (Hennig 2007)."""
NOISE_SUBSAMPLES = 50
"""Of the consensus that is made again for each noisy table."""


def jaccards(points: Points, labels: Labels, config: SubtypeConfig, rng: np.random.Generator) -> list[float]:
    """Mean Jaccard of each cluster with its likest in bootstraps (doi:10.1016/j.csda.2006.11.025)."""
    patients, k = len(labels), int(labels.max())
    drawn = rng.integers(patients, size=(config.bootstraps, patients))
    members = np.zeros((config.bootstraps, patients), np.bool_)
    np.put_along_axis(members, drawn, True, axis=1)
    found = cluster_subsets(config.base, points, members, [k], rng)[0]
    means = []
    for cluster in range(1, k + 1):
        ours = members & (labels == cluster)
        both = np.stack([(ours & (found == i)).sum(axis=1) for i in range(k)])
        either = np.stack([(ours | (found == i)).sum(axis=1) for i in range(k)])
        likest = (both / np.maximum(either, 1)).max(axis=0)
        means.append(float(likest[ours.any(axis=1)].mean()))
    return means


def under_noise(
    prepared: Prepared,
    projection: Projection | None,
    labels: Labels,
    config: SubtypeConfig,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Adjusted Rand of the clusters with those of tables as noisy as contours make them by the ICC.

    A feature of variance v gets Gaussian noise of variance v (1 - ICC), independent of the others.
    """
    scaled = prepared.scaled
    known = [config.noise_icc if one is None else float(np.clip(one, 0, 1)) for one in prepared.icc]
    spread = scaled.std(axis=0) * np.sqrt(1 - np.array(known))
    one_k = replace(config, k_minimum=int(labels.max()), k_maximum=int(labels.max()))
    rands = []
    for _ in range(config.noise_repeats):
        noisy = scaled + rng.standard_normal(scaled.shape) * spread
        points = Points.of(projection.apply(noisy) if projection else noisy)
        again = consensus(points, one_k, NOISE_SUBSAMPLES, rng)[0].labels
        rands.append(float(adjusted_rand_score(labels, again)))
    return {
        "repeats": len(rands),
        "subsamples": NOISE_SUBSAMPLES,
        "features_of_known_icc": sum(one is not None for one in prepared.icc),
        "mean": float(np.mean(rands)) if rands else None,
        "lowest": min(rands, default=None),
    }
