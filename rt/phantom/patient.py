"""A generated head-and-neck patient: CT, organs, targets and a dose that fits them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.errors import GeometryError
from rt.geometry import Grid
from rt.phantom.anatomy import AIR, build_anatomy
from rt.phantom.shapes import Field, Mask, Space
from rt.resample import resample

NOISE_HU = 9.0
"""Standard deviation of the noise of a planning CT in soft tissue."""
BLUR_MM = 0.9
"""Sigma of the scanner's point spread."""
DOSE_SPACING_MM = 4.0
ORIENTATIONS = {"HFS": (1, 1, 1), "HFP": (-1, -1, 1), "FFS": (-1, 1, -1), "FFP": (1, -1, -1)}
"""Patient position to the ways of i, j, k along left, posterior, superior (PS3.3 C.7.3.1.1.2)."""


@dataclass(frozen=True)
class PhantomOptions:
    """Size and place of the CT."""

    shape_kji: tuple[int, int, int] = (112, 256, 256)
    spacing_ijk_mm: tuple[float, float, float] = (2.0, 2.0, 2.5)
    orientation: str = "HFS"
    lowest_mm: float = -176.0
    """Lowest slice, below the foramen magnum."""


@dataclass(frozen=True)
class PhantomPatient:
    """What a planning study of the generated patient holds."""

    grid: Grid
    hu_kji: npt.NDArray[np.int16]
    structures: dict[str, Mask]
    """Masks on `grid` by TG-263 name: seven organs, PTV70, PTV56, External."""
    dose_grid: Grid
    dose_gy_kji: Field


def make_patient(seed: int = 1, options: PhantomOptions | None = None) -> PhantomPatient:
    """The patient of a seed; other seeds give other people, noise and lesions."""
    options = options or PhantomOptions()
    grid = phantom_grid(options)
    rng = np.random.default_rng(seed)
    anatomy = build_anatomy(Space(grid, rng, warp_mm=1.5))
    hu = ndimage.gaussian_filter(anatomy.hu_kji, [BLUR_MM / s * 0.8 for s in grid.spacing_ijk_mm[::-1]])
    hu += ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), 0.5) * np.float32(
        NOISE_HU * 2
    )
    structures = anatomy.organs | _targets(grid, anatomy.body, anatomy.hu_kji) | {"External": anatomy.body}
    dose_grid = _dose_grid(grid)
    dose = _dose(structures, grid, dose_grid)
    return PhantomPatient(
        grid, np.clip(np.rint(hu), -1024, 3071).astype(np.int16), structures, dose_grid, dose
    )


def phantom_grid(options: PhantomOptions) -> Grid:
    """The CT's grid: centred on the patient, in the chosen orientation."""
    if options.orientation not in ORIENTATIONS:
        raise GeometryError(
            f"patient position {options.orientation!r} is not one of {', '.join(ORIENTATIONS)}"
        )
    ways = np.array(ORIENTATIONS[options.orientation])
    extent = (np.array(options.shape_kji[::-1]) - 1) * options.spacing_ijk_mm
    low = np.array([-extent[0] / 2, -extent[1] / 2, options.lowest_mm])
    origin = np.where(ways > 0, low, low + extent)
    return Grid.of(options.shape_kji, options.spacing_ijk_mm, origin, np.diag(ways))


def _targets(grid: Grid, body: Mask, hu: Field) -> dict[str, Mask]:
    """A right tonsil tumour with its margin, and the lymph node levels of both sides."""
    space = Space(grid, np.random.default_rng(0), warp_mm=0.0)
    inside = ndimage.binary_erosion(body, iterations=2) & (hu > AIR + 300)
    tumour = space.ellipsoid((-22, -42, -28), (22, 23, 26)) & inside
    nodes = space.tube(
        [(-125, 34, -8, 13, 18), (-80, 38, -14, 14, 20), (-40, 42, -14, 13, 20), (-8, 40, -16, 9, 13)],
        sides=True,
    )
    return {"PTV70": tumour, "PTV56": ((nodes & inside & (hu < 300)) | tumour)}


def _dose_grid(grid: Grid) -> Grid:
    """An axis-aligned grid over the middle of the patient."""
    shape = (60, 56, 60)
    half = (np.array(shape[::-1]) - 1) * DOSE_SPACING_MM / 2
    lowest = grid.affine[2, 3] if grid.direction[2][2] > 0 else grid.to_lps([0, 0, grid.shape_kji[0] - 1])[2]
    return Grid.of(shape, [DOSE_SPACING_MM] * 3, np.array([0.0, -10.0, lowest + half[2]]) - half, np.eye(3))


def _dose(structures: dict[str, Mask], grid: Grid, dose_grid: Grid) -> Field:
    """Prescribed dose in the targets, falling off around them and faster toward the spared organs, in Gy."""

    def near(name: str) -> Mask:
        return resample(structures[name], grid, dose_grid, outside=0, nearest=True) > 0

    dose = np.zeros(dose_grid.shape_kji, dtype=np.float32)
    for name, level, reach_mm in (("PTV56", 56.0, 22.0), ("PTV70", 70.0, 26.0)):
        target = near(name)
        if target.any():
            away = ndimage.distance_transform_edt(~target, [DOSE_SPACING_MM] * 3)
            dose = np.maximum(dose, level * 1.02 * np.exp(-((away / reach_mm) ** 1.4)))
    for name, factor in (("SpinalCord", 0.72), ("Brainstem", 0.75), ("Parotid_L", 0.8)):
        dose = np.where(near(name), dose * factor, dose)
    smooth = ndimage.gaussian_filter(dose, 0.8) * near("External")
    return np.asarray(smooth, dtype=np.float32)
