"""The patients of OpenKBP as analyses of outcome see them: CT, dose, organs and targets by TG-263 name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.datasets.openkbp import OPENKBP_BITS
from models.outcome.crops import Patient
from rt.dose import Dose
from rt.resample import read_nifti

TARGET_BITS = {"PTV_5600": 7, "PTV_6300": 8, "PTV_7000": 9}


def patients(root: Path) -> Iterator[tuple[str, Patient]]:
    """Name and patient of each folder below `root`, in the order of their numbers."""
    for folder in sorted(root.glob("pt_*"), key=lambda path: int(path.name.removeprefix("pt_"))):
        yield folder.name, read_patient(folder)


def read_patient(folder: Path) -> Patient:
    """One patient; a structure without a voxel was not drawn and is left out.

    `PTV_High` is the target of the highest dose that was drawn.
    """
    image, grid = read_nifti(folder / "ct.nii.gz")
    bits, _ = read_nifti(folder / "structures.nii.gz")
    cgy, dose_grid = read_nifti(folder / "dose_cgy.nii.gz")
    found = {name: (bits >> bit & 1).astype(np.bool_) for name, bit in (OPENKBP_BITS | TARGET_BITS).items()}
    drawn = {name: mask for name, mask in found.items() if mask.any()}
    targets = [name for name in TARGET_BITS if name in drawn]
    if targets:
        drawn["PTV_High"] = drawn[max(targets)]
    return Patient(image, grid, drawn, Dose(np.asarray(cgy, dtype=np.float32) / np.float32(100), dose_grid))
