"""MR series as DICOM, and a version of the head network without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydicom.dataset import Dataset

from models.datasets.head_labels import STRUCTURES
from models.mr_preprocessing import MrScale
from models.networks import build_network
from models.registry.card import CardText
from models.registry.network import NetworkManifest
from models.registry.package import pack_weights, with_weights, write_version
from rt.completion import HEAD
from rt.geometry import Grid
from tests.factories.dicom import AXIAL, MR, Ids, make_instance, set_pixels

SHAPE_KJI = (24, 32, 32)
SPACING_IJK_MM = (4.0, 4.0, 5.0)


def toy_head(shape_kji: tuple[int, int, int] = SHAPE_KJI) -> npt.NDArray[np.uint16]:
    """A ball that fills most of the picture, brighter to one side, in noise."""
    k, j, i = (2 * n / (extent - 1) - 1 for n, extent in zip(np.indices(shape_kji), shape_kji, strict=True))
    noise = np.random.default_rng(1).integers(0, 8, shape_kji)
    return np.where(k**2 + j**2 + i**2 < 0.9, 400 + 100 * j, noise).astype(np.uint16)


def make_mr_series(
    stored_kji: npt.NDArray[np.uint16] | None = None,
    *,
    ids: Ids,
    description: str = "T1 MPRAGE",
    spacing_ijk_mm: Sequence[float] = SPACING_IJK_MM,
    **header: Any,
) -> list[Dataset]:
    """An MR series without rescale and window; `header` sets or replaces attributes."""
    stored = toy_head() if stored_kji is None else stored_kji
    orientation = header.pop("ImageOrientationPatient", AXIAL)
    step = np.cross(orientation[:3], orientation[3:]) * spacing_ijk_mm[2]
    series = []
    for k, plane in enumerate(stored):
        slice_ = make_instance(MR, "MR", ids, f"{description}-{k}")
        slice_.SeriesDescription, slice_.InstanceNumber = description, k + 1
        slice_.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        slice_.ImagePositionPatient = [f"{v:.10g}" for v in np.array([-64.0, -64.0, -60.0]) + k * step]
        slice_.ImageOrientationPatient = list(orientation)
        slice_.PixelSpacing = [spacing_ijk_mm[1], spacing_ijk_mm[0]]
        slice_.SliceThickness = spacing_ijk_mm[2]
        for keyword, value in header.items():
            setattr(slice_, keyword, value)
        set_pixels(slice_, plane)
        series.append(slice_)
    return series


def mr_of(image_kji: npt.NDArray[np.generic], grid: Grid, ids: Ids, description: str) -> list[Dataset]:
    """A volume of any orientation as an MR series in the same place."""
    low, high = float(np.min(image_kji)), float(np.max(image_kji))
    stored = ((image_kji.astype(np.float32) - low) / (high - low) * 4000).astype(np.uint16)
    series = make_mr_series(
        stored, ids=ids, description=description, spacing_ijk_mm=grid.spacing_ijk_mm,
        ImageOrientationPatient=tuple(float(v) for v in grid.matrix[:, :2].T.ravel()),
    )  # fmt: skip
    for k, slice_ in enumerate(series):
        slice_.ImagePositionPatient = [f"{v:.10g}" for v in grid.to_lps([0, 0, k])]
    return series


def toy_version(weights: Path, bias: float = 20.0) -> None:
    """`head-mr/1` below a weights folder: draws everything everywhere, with a low bias nothing."""
    torch.set_num_threads(1)
    module = build_network("unet3d", len(STRUCTURES), {"channels": (4, 8)})
    tensors = {name: torch.zeros_like(value) for name, value in module.state_dict().items()}
    tensors["head.bias"] = torch.full_like(tensors["head.bias"], bias)
    packed = pack_weights(tensors)
    manifest = NetworkManifest(
        name="head-mr", version=1, title="Head on MRI of any contrast",
        architecture="unet3d", options={"channels": [4, 8]}, structures=STRUCTURES,
        spacing_mm=4.0, patch=16, weights_sha256="", window=MrScale(), completion=HEAD,
    )  # fmt: skip
    metrics = {"mean_dice": 0.0, "structures": {}, "scores": []}
    text = CardText("None.", "None.", "All.")
    write_version(weights / "head-mr" / "1", with_weights(manifest, packed), packed, metrics, text)
