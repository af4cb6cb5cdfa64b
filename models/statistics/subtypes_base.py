"""Base clusterings of many subsets of the same patients at once: k-means, Ward, PAM.

A call answers for all subsets together: k-means runs every subset through the same two matrix products, and
one Ward tree answers for every k.  Distances are Euclidean, so a rotation of the features changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import pdist, squareform

from models.statistics.subtypes_config import Base
from models.statistics.subtypes_scaling import Matrix

Labels = npt.NDArray[np.int64]
Members = npt.NDArray[np.bool_]
ITERATIONS = 100
RESTARTS = 4
"""Starts of k-means by k-means++, beside the one from Ward's tree; the lowest sum of squares is kept."""


@dataclass(frozen=True)
class Points:
    """Patients as points: coordinates (patients, axes) and squared distances (patients, patients)."""

    coordinates: Matrix
    squared: Matrix

    @classmethod
    def of(cls, values: Matrix) -> Points:
        """Points of values (patients, features), turned onto as few axes as hold them exactly."""
        centred = values - values.mean(axis=0)
        if values.shape[1] >= values.shape[0]:
            left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
            centred = (left * sizes)[:, sizes > sizes.max(initial=0.0) * 1e-10]
        return cls(centred, squareform(pdist(centred, "sqeuclidean")))


def cluster_subsets(
    base: Base, points: Points, members: Members, ks: Sequence[int], rng: np.random.Generator
) -> Labels:
    """Cluster of each patient (ks, subsets, patients) from 0, -1 outside the subset.

    `members` (subsets, patients) says who is in a subset.
    """
    if base == "pam":
        return _by_pam(points, members, ks)
    trees = _by_ward(points, members, ks)
    if base == "ward":
        return trees
    return np.stack([k_means(points, members, tree, k, rng) for tree, k in zip(trees, ks, strict=True)])


def _by_ward(points: Points, members: Members, ks: Sequence[int]) -> Labels:
    found: Labels = np.full((len(ks), *members.shape), -1, np.int64)
    for b, subset in enumerate(members):
        rows = np.flatnonzero(subset)
        tree = linkage(points.coordinates[rows], "ward")
        found[:, b, rows] = cut_tree(tree, n_clusters=list(ks)).T
    return found


def _by_pam(points: Points, members: Members, ks: Sequence[int]) -> Labels:
    found: Labels = np.full((len(ks), *members.shape), -1, np.int64)
    for b, subset in enumerate(members):
        rows = np.flatnonzero(subset)
        distance = np.sqrt(points.squared[np.ix_(rows, rows)])
        for i, k in enumerate(ks):
            found[i, b, rows] = pam(distance, k)
    return found


def within_squares(points: Points, labels: Labels) -> float:
    """Sum of squared distances to the cluster's mean (the W of Tibshirani 2001)."""
    total = 0.0
    for cluster in np.unique(labels):
        inside = points.coordinates[labels == cluster]
        total += float(((inside - inside.mean(axis=0)) ** 2).sum())
    return total


def k_means(points: Points, members: Members, tree: Labels, k: int, rng: np.random.Generator) -> Labels:
    """Labels (subsets, patients) by Lloyd's algorithm, the best of several starts.

    One start are the clusters of `tree` (Ward's, the same shape), the others are drawn by k-means++: in many
    dimensions these alone often miss the least sum of squares.
    """
    shape = (len(members), k, points.coordinates.shape[1])
    best, least = _lloyd(points, members, _means(points.coordinates, tree, np.zeros(shape)))
    for _ in range(RESTARTS):
        seeds = _seeds(points, members, k, rng)
        labels, squares = _lloyd(points, members, points.coordinates[seeds])
        better = squares < least
        best[better], least[better] = labels[better], squares[better]
    return best


def _seeds(points: Points, members: Members, k: int, rng: np.random.Generator) -> Labels:
    """Patients to begin with (subsets, k) by k-means++ (Arthur and Vassilvitskii 2007)."""
    weight = members.astype(np.float64)
    chosen = np.empty((len(members), k), np.int64)
    for i in range(k):
        total = weight.cumsum(axis=1)
        drawn = rng.random(len(members))[:, None] * total[:, -1:]
        chosen[:, i] = np.minimum((total <= drawn).sum(axis=1), members.shape[1] - 1)
        distance = points.squared[chosen[:, i]]
        weight = distance * members if i == 0 else np.minimum(weight, distance)
    return chosen


def _lloyd(points: Points, members: Members, centres: Matrix) -> tuple[Labels, npt.NDArray[np.float64]]:
    """Labels and sums of squares from these centres (subsets, k, axes); subsets that have settled rest."""
    at, (subsets, k, _) = points.coordinates, centres.shape
    own = (at**2).sum(axis=1)
    labels = np.full(members.shape, -1, np.int64)
    squares = np.zeros(subsets)
    moving = np.arange(subsets)
    for _ in range(ITERATIONS):
        inside = members[moving]
        cross = (centres[moving].reshape(-1, at.shape[1]) @ at.T).reshape(len(moving), k, -1)
        distance = (centres[moving] ** 2).sum(axis=2)[:, :, None] - 2 * cross
        nearest = distance.argmin(axis=1)
        squares[moving] = ((distance.min(axis=1) + own) * inside).sum(axis=1)
        new = np.where(inside, nearest, -1)
        changed = (new != labels[moving]).any(axis=1)
        labels[moving] = new
        moving = moving[changed]
        if not len(moving):
            break
        centres[moving] = _means(at, new[changed], centres[moving])
    return labels, squares


def _means(at: Matrix, labels: Labels, before: Matrix) -> Matrix:
    """Means (subsets, k, axes) of the clusters; an empty cluster stays where it was."""
    belongs = (labels[:, None, :] == np.arange(before.shape[1])[None, :, None]).astype(np.float64)
    sizes = belongs.sum(axis=2)[:, :, None]
    sums = (belongs.reshape(-1, belongs.shape[2]) @ at).reshape(before.shape)
    means: Matrix = np.where(sizes > 0, sums / np.maximum(sizes, 1), before)
    return means


def pam(distance: Matrix, k: int) -> Labels:
    """Labels (patients,) by partitioning around medoids, BUILD and SWAP (Kaufman and Rousseeuw 1990)."""
    medoids = _build(distance, k)
    for _ in range(ITERATIONS):
        swapped = _swap(distance, medoids)
        if swapped is None:
            break
        medoids = swapped
    labels: Labels = distance[:, medoids].argmin(axis=1).astype(np.int64)
    labels[medoids] = np.arange(k)
    return labels


def _build(distance: Matrix, k: int) -> list[int]:
    medoids = [int(distance.sum(axis=0).argmin())]
    nearest = distance[:, medoids[0]]
    for _ in range(k - 1):
        gain = np.maximum(nearest[:, None] - distance, 0).sum(axis=0)
        gain[medoids] = -1
        medoids.append(int(gain.argmax()))
        nearest = np.minimum(nearest, distance[:, medoids[-1]])
    return medoids


def _swap(distance: Matrix, medoids: list[int]) -> list[int] | None:
    """Medoids after the swap that lowers the sum of distances most; None where none does (FastPAM1, 2019)."""
    to = distance[:, medoids]
    order = np.sort(to, axis=1)
    owner, first, second = to.argmin(axis=1), order[:, 0], order[:, 1]
    shared = np.minimum(distance - first[:, None], 0)
    lost = np.minimum(distance, second[:, None]) - first[:, None] - shared
    changes = np.stack([lost[owner == i].sum(axis=0) for i in range(len(medoids))]) + shared.sum(axis=0)
    changes[:, medoids] = 0
    i, candidate = np.unravel_index(int(changes.argmin()), changes.shape)
    if changes[i, candidate] >= -1e-9 * max(float(first.sum()), 1.0):
        return None
    return [*medoids[: int(i)], int(candidate), *medoids[int(i) + 1 :]]
