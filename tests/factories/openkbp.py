"""A real head-and-neck patient of ../shared/data/openkbp as a DICOM CT series, as a clinic would send it.

The source is 128×128×128 at about 4 mm, cropped to the body; `CtOptions` bring back what real scans have:
512×512 pixels, slices of 1 to 5 mm, any orientation, a couch below the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset

from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.resample import read_nifti, resample
from tests.factories.dicom import AXIAL, ORIENTATIONS, Ids, make_ct_series

ROOT = Path(__file__).parents[3] / "shared" / "data" / "openkbp"
BITS = {
    "Brainstem": 0,
    "SpinalCord": 1,
    "Parotid_R": 2,
    "Parotid_L": 3,
    "Esophagus": 4,
    "Larynx": 5,
    "Bone_Mandible": 6,
}
"""Bit of each organ in structures.nii.gz."""
BODY_HU = -300
"""Above it is body, below air and foam."""


@dataclass(frozen=True)
class CtOptions:
    """How the patient was scanned."""

    pixels: int = 512
    """Rows and columns."""
    thickness_mm: float = 2.5
    """Slice spacing."""
    orientation: str = "HFS"
    """A key of tests.factories.dicom.ORIENTATIONS."""
    couch: bool = True
    """A table top below the patient."""


@dataclass(frozen=True)
class OpenKbpCt:
    """The series and the truth on its grid."""

    series: list[Dataset]
    grid: Grid
    hu_kji: npt.NDArray[np.int16]
    organs: dict[str, Mask]
    """Clinical contours by TG-263 name; an organ that was not contoured is absent."""


def openkbp_folder(name: str = "pt_201") -> Path:
    """A patient's folder; the test is skipped where the data are not there."""
    folder = ROOT / name
    if not folder.is_dir():
        pytest.skip(f"real patients are not at {ROOT}")
    return folder


def openkbp_ct(name: str = "pt_201", options: CtOptions | None = None, ids: Ids | None = None) -> OpenKbpCt:
    """A patient's CT as DICOM with its organs on the same grid."""
    options = options or CtOptions()
    folder = openkbp_folder(name)
    source, source_grid = read_nifti(folder / "ct.nii.gz")
    labels, _ = read_nifti(folder / "structures.nii.gz")
    if options.couch:
        source = _with_couch(source, source_grid)
    grid = _scan_grid(source_grid, options)
    hu = np.rint(resample(source, source_grid, grid, outside=-1000)).astype(np.int16)
    on_grid = resample(labels, source_grid, grid, outside=0, nearest=True)
    organs = {
        organ: (on_grid >> bit & 1).astype(bool) for organ, bit in BITS.items() if (labels >> bit & 1).any()
    }
    series = make_ct_series(
        grid.shape_kji,
        orientation=ORIENTATIONS.get(options.orientation, AXIAL),
        spacing_ijk_mm=grid.spacing_ijk_mm,
        origin_lps_mm=grid.origin_lps_mm,
        hu_kji=hu,
        ids=ids or _ids(name, options),
    )
    return OpenKbpCt(series, grid, hu, organs)


def _ids(name: str, options: CtOptions) -> Ids:
    made = Ids.fresh(f"{name} {options}")
    return Ids(
        made.study, made.series, made.frame_of_reference, patient=f"KBP-{name}", name=f"OpenKBP^{name}"
    )


def _scan_grid(source: Grid, options: CtOptions) -> Grid:
    """A grid over the same region along the axes of the orientation, rows and columns square."""
    cosines = np.asarray(ORIENTATIONS[options.orientation])
    i, j = cosines[:3], cosines[3:]
    axes = np.stack([i, j, np.cross(i, j)], axis=1)
    ends = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    corners: FloatArray = source.to_lps(ends * (np.asarray(source.shape_kji[::-1]) - 1)) @ axes
    low, high = corners.min(axis=0), corners.max(axis=0)
    field = float(max(high[0] - low[0], high[1] - low[1]))
    pixel = field / (options.pixels - 1)
    slices = max(1, round(float(high[2] - low[2]) / options.thickness_mm))
    middle = (low + high) / 2
    shape = (slices, options.pixels, options.pixels)
    spacing = np.array([pixel, pixel, options.thickness_mm])
    origin = axes @ (middle - (np.asarray(shape[::-1]) - 1) / 2 * spacing)
    return Grid.of(shape, spacing, origin, axes)


def _with_couch(hu_kji: npt.NDArray[np.int16], grid: Grid) -> npt.NDArray[np.int16]:
    """A carbon shell over foam, 20 mm below the lowest point of the body."""
    rows = np.arange(grid.shape_kji[1])
    below_mm = grid.to_lps(np.stack([0 * rows, rows, 0 * rows], axis=1))[:, 1]
    body = (hu_kji > BODY_HU).any(axis=(0, 2))
    top = float(below_mm[body].max()) + 20 if body.any() else float(below_mm.mean())
    with_couch = hu_kji.copy()
    for low, high, value in ((0, 5, 0), (5, 35, -900), (35, 40, 0)):
        inside = (below_mm >= top + low) & (below_mm < top + high)
        with_couch[:, inside, :] = np.maximum(with_couch[:, inside, :], value)
    return with_couch
