"""OpenKBP (Babier et al., Medical Physics 2021) as a DatasetManifest with TG-263 names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rt.manifest import Case, DatasetManifest, Split
from rt.resample import read_nifti

OPENKBP_BITS = {
    "Brainstem": 0,
    "SpinalCord": 1,
    "Parotid_R": 2,
    "Parotid_L": 3,
    "Esophagus": 4,
    "Larynx": 5,
    "Bone_Mandible": 6,
}
"""The organs at risk; bits 7-9 are targets, a clinical decision and not anatomy to be learnt."""
FIRST_VALIDATION = 201
"""pt_1 … pt_200 train, pt_201 … pt_240 validate."""


def openkbp_manifest(root: Path) -> DatasetManifest:
    """The manifest of all patients below `root`; a bit that is nowhere set is left out as unknown."""
    folders = sorted(root.glob("pt_*"), key=lambda p: int(p.name.removeprefix("pt_")))
    return DatasetManifest(tuple(OPENKBP_BITS), tuple(_case(folder) for folder in folders), root)


def _case(folder: Path) -> Case:
    labels: npt.NDArray[Any] = read_nifti(folder / "structures.nii.gz")[0]
    present = int(np.bitwise_or.reduce(labels, axis=None))
    number = int(folder.name.removeprefix("pt_"))
    split: Split = "validation" if number >= FIRST_VALIDATION else "train"
    return Case(
        id=folder.name,
        patient=folder.name,
        split=split,
        image=f"{folder.name}/ct.nii.gz",
        labels=f"{folder.name}/structures.nii.gz",
        bits={name: bit for name, bit in OPENKBP_BITS.items() if present >> bit & 1},
    )
