"""Regions of a CT found by rule, without weights: the body outline, lungs and bones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.geometry import Grid
from rt.masks import centre_lps_mm
from rt.morphology import dilate_box, erode_box, fill_holes

HounsfieldArray = npt.NDArray[np.integer] | npt.NDArray[np.floating]

BODY_THRESHOLD_HU = -300.0
"""Air and couch foam are below, fat (about -100 HU) and lung walls above."""
OPENING_MM = 2.5
"""Radius of the opening that parts the patient from couch, mask and cables; a jaw or a nose is thicker."""
CLOSING_MM = 6.0
"""Radius, in a slice, of the closing that shuts nostrils, lips and ear canals before holes are filled."""

LUNG_THRESHOLD_HU = -400.0
"""Between lung parenchyma (about -850 to -600 HU) and soft tissue."""
LUNG_MEAN_HU = (-950.0, -500.0)
"""Mean of a lung; trachea, sinuses and bowel gas are near -1000 HU."""
LUNG_LEAST_CC = 50.0
"""Smaller aerated parts are airways, sinuses or noise; the apices on a head-and-neck CT are larger."""
LUNG_LATERAL_MM = 25.0
"""A lung's centre lies at least this far from the body's midline; the trachea's does not."""
BONE_THRESHOLD_HU = 200.0
"""Cancellous bone and above."""
BONE_CORTEX_HU = 400.0
"""A bone has cortex somewhere; enhanced vessels do not."""
MARROW_MM2 = 2000.0
"""Largest area of marrow that cortex may enclose in a slice: a lumbar vertebra has about 1500 mm²."""
IN_PLANE = np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))], dtype=bool)
"""Neighbourhood that joins voxels of one slice only."""
BONE_LEAST_CC = 0.5
"""Smaller dense parts are calcifications or noise."""


OUTSIDE_MM = 10.0
"""So far from the body no margin around a target reaches by intention."""
OUTSIDE_LEAST_CC = 0.05
"""Less is no stroke: a brush of 5 mm in one slice of 3 mm draws 0.06 cc."""
COARSE_MM = 2.0
"""Pixels up to this size do where only `OUTSIDE_MM` counts."""


def find_body(hu_kji: HounsfieldArray, grid: Grid) -> npt.NDArray[np.bool_]:
    """The patient without couch and mask: the largest part over -300 HU, opened; airways filled per slice."""
    dense = hu_kji > BODY_THRESHOLD_HU
    radius = [max(1, round(OPENING_MM / s)) if s < 2 * OPENING_MM else 0 for s in grid.spacing_ijk_mm[::-1]]
    core = erode_box(dense, radius)
    if not core.any():
        return dense
    grown = dilate_box(_largest(core), [r + 1 for r in radius])
    return fill_holes(_closed(_largest(grown & dense), grid))


def outside_body_cc(mask_kji: npt.NDArray[np.bool_], hu_kji: HounsfieldArray, grid: Grid) -> float:
    """How much of a mask lies in air, `OUTSIDE_MM` and more from the body (cc); 0 below `OUTSIDE_LEAST_CC`.

    Both are (k, j, i) on `grid`.  Without a body in the scan nothing is outside it.
    """
    least = OUTSIDE_LEAST_CC * 1000 / grid.voxel_mm3
    in_air = mask_kji & (hu_kji <= BODY_THRESHOLD_HU)
    if np.count_nonzero(in_air) < least:
        return 0.0
    i_mm, j_mm, k_mm = grid.spacing_ijk_mm
    step_j, step_i = (max(1, int(COARSE_MM / mm)) for mm in (j_mm, i_mm))
    coarse = hu_kji[:, ::step_j, ::step_i]
    spacing = (i_mm * step_i, j_mm * step_j, k_mm)
    body = find_body(coarse, Grid.of(coarse.shape, spacing, (0.0, 0.0, 0.0), np.eye(3)))
    if not body.any():
        return 0.0
    far = ~dilate_box(body, [round(OUTSIDE_MM / mm) for mm in spacing[::-1]])
    _, rows, columns = mask_kji.shape
    count = 0
    for k in np.flatnonzero(in_air.any(axis=(1, 2))):
        plane = far[k].repeat(step_j, axis=0)[:rows].repeat(step_i, axis=1)[:, :columns]
        count += int(np.count_nonzero(plane & in_air[k]))
    return count * grid.voxel_mm3 / 1000 if count >= least else 0.0


def find_lungs(
    hu_kji: HounsfieldArray, grid: Grid, body_kji: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """`Lung_R` and `Lung_L`, those that the scan shows: aerated parts of the body, told apart by side.

    Lungs that hang together, by the bronchi or where they touch, are parted at the body's midline.
    """
    aerated = (hu_kji < LUNG_THRESHOLD_HU) & body_kji
    labels, count = ndimage.label(aerated)
    sizes_cc = np.bincount(labels.ravel(), minlength=count + 1)[1:] * _voxel_cc(grid)
    sides: dict[str, npt.NDArray[np.bool_]] = {}
    midline = _centre_x_mm(body_kji, grid)
    for label in np.flatnonzero(sizes_cc >= LUNG_LEAST_CC) + 1:
        for part in _halves(labels == label, grid, midline):
            low, high = LUNG_MEAN_HU
            offset = _centre_x_mm(part, grid) - midline
            large = part.sum() * _voxel_cc(grid) >= LUNG_LEAST_CC
            if large and abs(offset) >= LUNG_LATERAL_MM and low <= float(hu_kji[part].mean()) <= high:
                name = "Lung_L" if offset > 0 else "Lung_R"
                sides[name] = sides[name] | part if name in sides else part
    return {name: fill_holes(mask) for name, mask in sorted(sides.items(), reverse=True)}


def find_bones(hu_kji: HounsfieldArray, body_kji: npt.NDArray[np.bool_], grid: Grid) -> npt.NDArray[np.bool_]:
    """All bones in one mask: dense connected parts of the body that have cortex, marrow filled per slice.

    What a slice encloses in more than `MARROW_MM2` is brain or canal, not marrow, and stays out.
    """
    dense = (hu_kji > BONE_THRESHOLD_HU) & body_kji
    labels, count = ndimage.label(dense)
    keep = np.bincount(labels.ravel(), minlength=count + 1) * _voxel_cc(grid) >= BONE_LEAST_CC
    cortex = np.zeros(count + 1, dtype=bool)
    cortex[np.unique(labels[hu_kji > BONE_CORTEX_HU])] = True
    keep &= cortex
    keep[0] = False
    bones = keep[labels]
    enclosed, holes = ndimage.label(fill_holes(bones) & ~bones, IN_PLANE)
    mm2 = np.bincount(enclosed.ravel(), minlength=holes + 1) * grid.spacing_ijk_mm[0] * grid.spacing_ijk_mm[1]
    marrow = mm2 <= MARROW_MM2
    marrow[0] = False
    filled: npt.NDArray[np.bool_] = bones | marrow[enclosed]
    return filled


def _halves(mask_kji: npt.NDArray[np.bool_], grid: Grid, midline_mm: float) -> list[npt.NDArray[np.bool_]]:
    """The part itself, or its left and right half when it lies on both sides of the midline."""
    right = mask_kji & (_x_mm(grid) < midline_mm)
    share = right.sum() / mask_kji.sum()
    return [mask_kji] if not 0.1 < share < 0.9 else [right, mask_kji & ~right]


def _x_mm(grid: Grid) -> npt.NDArray[np.float64]:
    """LPS x (towards the patient's left) of every voxel, in mm, (k, j, i)."""
    steps = np.asarray(grid.direction)[0] * np.asarray(grid.spacing_ijk_mm)
    k, j, i = np.ogrid[tuple(slice(n) for n in grid.shape_kji)]
    x: npt.NDArray[np.float64] = grid.origin_lps_mm[0] + i * steps[0] + j * steps[1] + k * steps[2]
    return x


def _centre_x_mm(mask_kji: npt.NDArray[np.bool_], grid: Grid) -> float:
    """LPS x of the centre of mass, in mm; 0 when there is none."""
    centre = centre_lps_mm(mask_kji, grid)
    return 0.0 if centre is None else float(centre[0])


def _voxel_cc(grid: Grid) -> float:
    return grid.voxel_mm3 / 1000.0


def _largest(mask_kji: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The largest part of a mask that is not empty."""
    labels, _ = ndimage.label(mask_kji)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: npt.NDArray[np.bool_] = labels == sizes.argmax()
    return largest


def _closed(mask_kji: npt.NDArray[np.bool_], grid: Grid) -> npt.NDArray[np.bool_]:
    """The mask closed by `CLOSING_MM` in each slice, without touching the image's border by it."""
    radius = [0, *(round(CLOSING_MM / s) for s in grid.spacing_ijk_mm[1::-1])]
    wide = np.pad(mask_kji, [(n, n) for n in radius])
    wide = erode_box(dilate_box(wide, radius), radius)
    inner = tuple(slice(n, n + extent) for n, extent in zip(radius, mask_kji.shape, strict=True))
    return mask_kji | wide[inner]
