"""What a network of outcome sees of a patient: image, dose and region on a cube of voxels.

The cube has LPS axes and the network's spacing; its middle is that of the region's box.  The image is
prepared as for the networks that draw (body alone, anti-aliased, scaled), so that couch and field of view do
not count.  Channels are, in this order, the image (-1: nothing), the dose if it is asked for (-1: 0 Gy, 1:
70 Gy), and the region (0 or 1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.outcome.config import CropConfig
from rt.dose import Dose
from rt.errors import DoseError, GeometryError, MaskError
from rt.geometry import Grid
from rt.masks import Mask, bounding_box
from rt.resample import resample

DOSE_UNIT_GY = 35.0
"""Half of a radical dose: maps 0 … 70 Gy to -1 … 1."""
NOTHING = -1.0


@dataclass(frozen=True)
class Patient:
    """An image with what was drawn and planned on it."""

    image_kji: npt.NDArray[np.generic]
    """HU, or the values of an MR image."""
    grid: Grid
    masks_kji: Mapping[str, Mask]
    """By structure name, on the image's grid."""
    dose: Dose | None = None


@dataclass(frozen=True)
class Crop:
    """What a network sees of a patient."""

    values: npt.NDArray[np.float32]
    """(channels, k, j, i)."""
    grid: Grid
    cut_off: float = 0.0
    """Share of the region that lies beyond the cube."""
    source: dict[str, Any] = field(default_factory=dict)
    """Provenance: series, label revisions, dose; only carried along."""

    @property
    def region_kji(self) -> Mask:
        """The region on the crop's grid."""
        inside: Mask = self.values[-1] >= 0.5
        return inside


def make_crop(patient: Patient, config: CropConfig, source: dict[str, Any] | None = None) -> Crop:
    """The crop of a patient.

    MaskError: a structure is unknown, lies on another grid, or the region is empty (also: smaller than a
    voxel of the network).  DoseError: there is no dose, or it does not reach the region.  VoxelsNotNumbers,
    EmptyImage as of `window.prepare`.
    """
    if patient.image_kji.shape != patient.grid.shape_kji:
        raise GeometryError(f"image {patient.image_kji.shape} is not on a grid of {patient.grid.shape_kji}")
    for name, mask in patient.masks_kji.items():
        if mask.shape != patient.grid.shape_kji:
            raise MaskError(
                f"{mask.shape} voxels lie outside the image's {patient.grid.shape_kji}", where=name
            )
    if config.dose and patient.dose is None:
        raise DoseError("the dose is a channel and there is no dose")
    region = config.region.mask(patient.masks_kji, patient.grid, patient.dose)
    prepared = config.window.prepare(patient.image_kji, patient.grid, config.spacing_mm)
    grid = _cube(region, patient.grid, prepared.grid, config.size)
    inside = resample(region.astype(np.float32), patient.grid, grid, outside=0.0) >= 0.5
    if not inside.any():
        raise MaskError(f"the region is smaller than a voxel of {config.spacing_mm:g} mm")
    channels = [_placed(prepared.values_kji, prepared.grid, grid)]
    if config.dose:
        channels.append(_dose_on(patient.dose, grid, inside))
    if config.outside == "blank":
        channels = [np.where(inside, one, np.float32(NOTHING)) for one in channels]
    values = np.stack([*channels, inside.astype(np.float32)])
    share = int(inside.sum()) * grid.voxel_mm3 / (int(region.sum()) * patient.grid.voxel_mm3)
    return Crop(values, grid, float(np.clip(1 - share, 0, 1)), source or {})


def _cube(region: Mask, grid: Grid, lattice: Grid, size: int) -> Grid:
    """The cube around the region's box, of voxels of `lattice`: nothing is interpolated."""
    box = bounding_box(region)
    if box is None:
        raise MaskError("the region is empty")
    middle = lattice.to_index(grid.to_lps([(s.start + s.stop - 1) / 2 for s in reversed(box)]))
    first = np.rint(middle - (size - 1) / 2)
    return Grid.of([size] * 3, lattice.spacing_ijk_mm, lattice.to_lps(first), lattice.direction)


def _placed(values: npt.NDArray[np.float32], source: Grid, grid: Grid) -> npt.NDArray[np.float32]:
    """The part of an array that lies on a grid of the same lattice; nothing beyond it."""
    placed = np.full(grid.shape_kji, NOTHING, dtype=np.float32)
    first = np.rint(source.to_index(grid.origin_lps_mm)).astype(int)[::-1]
    low = np.maximum(first, 0)
    high = np.minimum(first + grid.shape_kji, source.shape_kji)
    if (high > low).all():
        here = tuple(slice(a - f, b - f) for a, b, f in zip(low, high, first, strict=True))
        placed[here] = values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return placed


def _dose_on(dose: Dose | None, grid: Grid, inside: Mask) -> npt.NDArray[np.float32]:
    if dose is None:
        raise DoseError("there is no dose")
    gy, within = dose.on(grid)
    if not (within & inside).any():
        raise DoseError("the dose does not reach the region")
    return np.where(within, gy / np.float32(DOSE_UNIT_GY) + np.float32(NOTHING), np.float32(NOTHING))


def write_crop(path: Path, crop: Crop) -> None:
    """Write a crop as .npz; `read_crop` reads it back."""
    told = json.dumps({"grid": crop.grid.to_json(), "cut_off": crop.cut_off, "source": crop.source})
    np.savez(path, values=crop.values, told=np.array(told))


def read_crop(path: Path) -> Crop:
    """The crop that `write_crop` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        told = json.loads(str(stored["told"]))
        return Crop(stored["values"], Grid.from_json(told["grid"]), told["cut_off"], told["source"])


def on_image(map_kji: npt.NDArray[np.float32], crop_grid: Grid, image_grid: Grid) -> npt.NDArray[np.float32]:
    """A map (k, j, i) of a crop on the grid of an image, 0 beyond the crop."""
    placed: npt.NDArray[np.float32] = resample(map_kji, crop_grid, image_grid, outside=0.0)
    return placed
