"""Where a second network looks closer: the box between the globes and the brainstem.

The first network sees the whole head on coarse cubes and finds the globes well, the optic nerves, two of its
voxels wide, hardly.  The box lies around the globes it found and reaches as far back as the nerves and the
chiasm do; where it found none, around the chiasm.  Where it found neither, there is no second look.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from models.registry.network import LANDMARKS
from rt.geometry import Grid

Mask = npt.NDArray[np.bool_]
Reach = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

LEAST_CC = 1.0
"""Of both globes together: less is a speck."""
FROM_EYES: Reach = ((18.0, 32.0), (8.0, 72.0), (10.0, 10.0))
"""mm down and up, forward and back, right and left of the globes' box (LPS): the sixteen maps' nerves and
chiasms lie 0 to 14 mm higher and 53 to 63 mm further back than their globes, in a head that may be tilted."""
FROM_CHIASM: Reach = ((35.0, 25.0), (80.0, 16.0), (60.0, 60.0))
"""The same around a chiasm."""
ONE_EYE_MM, OTHER_EYE_MM = 60.0, 70.0
"""A box of globes that is narrower holds one of them; the other lies so far to one side."""
LARGEST_MM = 150.0
"""A box that is larger holds something else than globes."""


def close_box(masks: dict[str, Mask], grid: Grid, spacing_mm: float) -> Grid | None:
    """The grid of `spacing_mm` on which to look again; None where neither globes nor chiasm were found.

    `masks` (k, j, i) are what the first network drew of LANDMARKS on its LPS `grid`.
    """
    globes, behind = LANDMARKS
    eyes = _bounds(masks[globes], grid, LEAST_CC)
    if eyes is not None and (eyes[1] - eyes[0] <= LARGEST_MM).all():
        low, high = _grown(eyes, FROM_EYES)
        if eyes[1][0] - eyes[0][0] < ONE_EYE_MM:
            low[0], high[0] = low[0] - OTHER_EYE_MM, high[0] + OTHER_EYE_MM
    else:
        chiasm = _bounds(masks[behind], grid, 0.0)
        if chiasm is None or (chiasm[1] - chiasm[0] > LARGEST_MM).any():
            return None
        low, high = _grown(chiasm, FROM_CHIASM)
    corners = np.array(list(itertools.product(*((-0.5, n - 0.5) for n in grid.shape_kji[::-1]))))
    seen = grid.to_lps(corners)
    low, high = np.maximum(low, seen.min(axis=0)), np.minimum(high, seen.max(axis=0))
    count = np.maximum(1, np.floor((high - low) / spacing_mm)).astype(int)
    return Grid.of(count[::-1].tolist(), [spacing_mm] * 3, (low + spacing_mm / 2).tolist(), np.eye(3))


def _bounds(
    mask: Mask, grid: Grid, least_cc: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """The least and greatest LPS coordinates (mm) of a mask of at least `least_cc`."""
    where = np.argwhere(mask)
    if len(where) == 0 or len(where) * grid.voxel_mm3 / 1000 < least_cc:
        return None
    points = grid.to_lps(where[:, ::-1].astype(np.float64))
    return points.min(axis=0), points.max(axis=0)


def _grown(
    bounds: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], reach: Reach
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    before, after = (np.array([side[n] for side in reach[::-1]]) for n in range(2))
    return bounds[0] - before, bounds[1] + after
