"""Places in a scan where a detector suspects a lesion: from probabilities to a list for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.geometry import Grid

FLOOR = 0.3
"""Voxels of a lower probability belong to no candidate."""
PEAK_VOXELS = 4
"""A candidate's score is the mean of so many of its most probable voxels."""
SMALLEST_CC = 0.08
EVERYWHERE = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Candidate:
    """One suspicious place."""

    position_mm: tuple[float, float, float]
    """LPS, of its voxel nearest to its centre of mass."""
    score: float
    """0 … 1, the higher the more suspicious; not a probability of disease."""
    volume_cc: float
    box_mm: tuple[tuple[float, float, float], tuple[float, float, float]]
    """Two opposite corners, LPS: voxel centres."""


@dataclass(frozen=True)
class Suspicion:
    """The candidates of a scan, and which voxels are of which."""

    candidates: tuple[Candidate, ...]
    """By falling score."""
    labels_kji: npt.NDArray[np.int32]
    """0 nowhere, n for the n-th candidate."""


def find_candidates(probability_kji: npt.NDArray[np.floating[Any]], grid: Grid) -> Suspicion:
    """The 26-connected parts over FLOOR that are large enough, by falling score."""
    seen = probability_kji.astype(np.float32)
    parts, count = ndimage.label(seen > FLOOR, EVERYWHERE)
    least = SMALLEST_CC * 1000 / grid.voxel_mm3
    found = []
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        inside = parts[box] == number
        if inside.sum() >= least:
            found.append((_candidate(seen[box], inside, [s.start for s in box], grid), number))
    found.sort(key=lambda pair: (-pair[0].score, pair[1]))
    order = np.zeros(count + 1, dtype=np.int32)
    for rank, (_, number) in enumerate(found, start=1):
        order[number] = rank
    return Suspicion(tuple(candidate for candidate, _ in found), order[parts])


def _candidate(
    seen: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_], start: list[int], grid: Grid
) -> Candidate:
    places = np.argwhere(inside)
    centre = places.mean(axis=0)
    nearest = places[np.argmin(((places - centre) ** 2).sum(axis=1))]
    score = float(np.sort(seen[inside])[-PEAK_VOXELS:].mean())
    ends = np.stack([nearest, places.min(axis=0), places.max(axis=0)]) + start
    position, low, high = (
        (float(x), float(y), float(z)) for x, y, z in grid.to_lps(ends[:, ::-1].astype(np.float64))
    )
    return Candidate(position, round(score, 4), float(inside.sum() * grid.voxel_mm3 / 1000), (low, high))
