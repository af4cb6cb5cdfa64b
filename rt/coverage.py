"""How much of each voxel a structure covers that came in as contours and may have been edited since.

Pure; memory is that of the structure's box.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rt.contours import Coverage, cover_polygons, fill_polygons, place_polygons, ringed_box
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, bounding_box, changed_slices

MOST_CUTS = (4, 2)
"""Parts along i and j of a small structure's voxel: at its edge the dose is that of a part."""
CUT_SAMPLES = 1 << 18
"""Most parts that it may then have."""


def cover_edited(polygons_mm: Sequence[FloatArray], mask_kji: Mask, grid: Grid) -> tuple[Coverage, Grid]:
    """How much of each voxel a structure covers that began as polygons, and the grid of these voxels.

    On the slices where its mask is still what they fill, by the polygons; on those edited, whole voxels.
    The grid is the structure's part of the image's, its voxels cut along i and j where it is small.
    """
    edited = changed_slices(fill_polygons(polygons_mm, grid).mask_kji, mask_kji)
    rings = place_polygons(polygons_mm, grid).rings
    boxes = [box for box in (ringed_box(rings, grid), bounding_box(mask_kji)) if box]
    if not boxes:
        return Coverage((0, 0, 0), np.zeros((0, 0, 0))), grid
    k, j, i = (
        slice(min(s.start for s in same), max(s.stop for s in same)) for same in zip(*boxes, strict=True)
    )
    window = mask_kji[k, j, i]
    parts = next((n for n in MOST_CUTS if window.size * n * n <= CUT_SAMPLES), 1)
    cut = Grid.of(window.shape, grid.spacing_ijk_mm, grid.to_lps([i.start, j.start, k.start]), grid.direction)
    cut = cut.refined((parts, parts, 1))
    fractions = np.zeros(cut.shape_kji)
    covered = cover_polygons(polygons_mm, cut)
    inner = (slice(at, at + n) for at, n in zip(covered.start_kji, covered.fractions_kji.shape, strict=True))
    fractions[tuple(inner)] = covered.fractions_kji
    for at in (n - k.start for n in edited):
        fractions[at] = window[at].repeat(parts, axis=0).repeat(parts, axis=1)
    return Coverage((0, 0, 0), fractions), cut
