"""OpenKBP (Babier et al., Medical Physics 2021) as a DatasetManifest with TG-263 names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.registry.card import CardText
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
DOUBTFUL = {
    "pt_18": {"Larynx"},
    "pt_35": {"Brainstem"},
    "pt_36": {"Larynx", "SpinalCord"},
    "pt_55": {"Esophagus"},
    "pt_59": {"Esophagus"},
    "pt_67": {"Esophagus"},
    "pt_79": {"Larynx"},
    "pt_86": {"Larynx"},
    "pt_89": {"Esophagus", "SpinalCord"},
    "pt_103": {"Larynx"},
    "pt_163": {"Larynx"},
    "pt_165": {"Larynx"},
    "pt_170": {"Larynx"},
    "pt_180": {"Esophagus"},
    "pt_196": {"SpinalCord"},
}
"""Training contours that cover a small part of an organ the CT shows, or several times its cross-section
(Dice under .3 with what an earlier version drew): unknown rather than wrong.  Nothing is left out of
validation."""
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
    known = OPENKBP_BITS.keys() - (DOUBTFUL.get(folder.name, set()) if split == "train" else set())
    return Case(
        id=folder.name,
        patient=folder.name,
        split=split,
        image=f"{folder.name}/ct.nii.gz",
        labels=f"{folder.name}/structures.nii.gz",
        bits={name: bit for name, bit in OPENKBP_BITS.items() if name in known and present >> bit & 1},
    )


OPENKBP_CARD = CardText(
    data="OpenKBP Grand Challenge (Babier et al., Medical Physics 2021; MIT licence): planning CT of "
    "head-and-neck cancer with the contours used in clinic, 128×128×128 voxels of about 3.9×3.9×2.5 mm. A "
    "structure that was not contoured in a patient is unknown there and left out of loss and figures, and so "
    f"are {sum(map(len, DOUBTFUL.values()))} doubtful training contours.",
    split="Trained on pt_1 to pt_200 (169 patients with a CT). Thresholds were chosen, and all figures below "
    "measured, on pt_201 to pt_240 (33 patients with a CT): the figures are slightly flattered by seven "
    "chosen thresholds; weights never saw them. The challenge's test patients were not available to us.",
    limits="One cohort, one region, contours of about 4 mm pixels: thin organs (oesophagus, cord) cannot be "
    "better than that. The oesophagus is contoured over different lengths in different patients. Elsewhere "
    "(whole-body CT, children, after laryngectomy or mandibulectomy, strong dental artefact) performance is "
    "unknown; the plausibility check flags missing organs, several parts, exchanged sides, volumes outside "
    "the training range and organs cut off by the scan. Validation data at fault, kept in all figures: "
    "pt_221 (contours not on the CT), pt_203 (CT in pieces), pt_215 and pt_216 (a far larger region "
    "named cord).",
)
"""What the card of a network trained on OpenKBP says."""
