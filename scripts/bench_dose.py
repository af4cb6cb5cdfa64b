"""DVHs of structures of several sizes on a grid of 200³ voxels, in a dose on a grid of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rt.dose import Dose
from rt.dvh import dvh_of_mask
from rt.geometry import Grid
from scripts.bench_figures import Figure, median, stopwatch

SIDE = 200
REPEATS = 7
LIMIT_MS = 50
RADII_MM = {"cord-sized, r 10 mm": 10, "parotid-sized, r 20 mm": 20, "lung-sized, r 40 mm": 40}


def histograms() -> Iterator[Figure]:
    """Milliseconds for the DVH of a ball on 200³ voxels of 1 mm in a dose of 2.5 mm."""
    grid = Grid.of([SIDE] * 3, [1.0] * 3, [0.0] * 3, np.eye(3))
    dose_grid = Grid.of([80] * 3, [2.5] * 3, [0.3, 0.4, 0.7], np.eye(3))
    gray = np.random.default_rng(0).uniform(0, 70, dose_grid.shape_kji).astype(np.float32)
    dose = Dose(gray, dose_grid)
    k, j, i = (axis - SIDE / 2 for axis in np.ogrid[:SIDE, :SIDE, :SIDE])
    for name, radius in RADII_MM.items():
        mask = k * k + j * j + i * i <= radius * radius
        taken = []
        for _ in range(REPEATS):
            with stopwatch() as elapsed:
                dvh_of_mask(mask, grid, dose)
                taken.append(1000 * elapsed())
        yield Figure(f"DVH on 200³ voxels, {name}", median(taken), "ms", LIMIT_MS)
