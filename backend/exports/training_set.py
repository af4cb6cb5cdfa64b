"""A project's cases as files that others train on: MONAI datalist or nnU-Net layout, one zip.

Cases and patients have names made from our own row ids; nothing of the patient leaves with them.  Both
layouts have one label map a case, in which a voxel of two structures belongs to the smaller one (by its
voxels in that case; of equal ones to the first by name), because it is the one that would vanish.  The
datalist of MONAI also names each mask of its own, with the overlap, and says what is unknown in a case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.exports.archive import Archive, distinct_names
from backend.exports.doses import CaseDose
from backend.exports.errors import NothingToExport
from backend.jobs.stages import Report
from backend.labels.service import load_mask
from backend.labels.tables import Revision
from backend.studies.service import load_volume
from backend.studies.tables import Series
from rt.geometry import Grid
from rt.masks import Mask

OVERLAP = "a voxel of two structures belongs to the smaller one"


@dataclass(frozen=True)
class Case:
    """An image series with the revisions that are known on it, by structure name."""

    series: Series
    patient_row_id: str
    revisions: dict[str, Revision]
    doses: tuple[CaseDose, ...] = ()
    """Doses of a whole treatment beside the image, where the format holds a dose."""

    @property
    def name(self) -> str:
        """Pseudonym of the case."""
        return "case_" + _pseudonym(self.series.id)

    @property
    def patient(self) -> str:
        """Pseudonym of the patient, for splits."""
        return "patient_" + self.patient_code

    @property
    def patient_code(self) -> str:
        """The pseudonym's part that differs between patients."""
        return _pseudonym(self.patient_row_id)

    @property
    def study_code(self) -> str:
        """Pseudonym of the study."""
        return _pseudonym(self.series.study_row_id)


def _pseudonym(row_id: str) -> str:
    return hashlib.sha256(row_id.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class TrainingSet:
    """What to write: the cases, and the structures in the order of their labels from 1."""

    cases: tuple[Case, ...]
    structures: tuple[str, ...]
    left_out: tuple[Case, ...] = ()
    structures_left_out: tuple[str, ...] = ()
    """Those that some case lacks, so that a layout without unknowns cannot hold them."""
    deidentified: dict[str, Any] | None = None
    """What was done to names, where the project de-identifies at export."""


def complete_set(cases: Sequence[Case], wanted: Sequence[str] | None) -> TrainingSet:
    """The cases that have every structure: those wanted, or those that all cases have."""
    if not cases:
        raise NothingToExport("no case of this project has structures that could leave")
    common = set.intersection(*(set(case.revisions) for case in cases))
    structures = tuple(wanted) if wanted else tuple(sorted(common))
    if not structures:
        raise NothingToExport("no structure is in all cases; name those that are wanted")
    kept = tuple(case for case in cases if set(structures) <= set(case.revisions))
    if not kept:
        raise NothingToExport("no case has all structures wanted")
    found = set() if wanted else {name for case in cases for name in case.revisions}
    left_out = tuple(case for case in cases if case not in kept)
    return TrainingSet(kept, structures, left_out, tuple(sorted(found - set(structures))))


def partial_set(cases: Sequence[Case], wanted: Sequence[str] | None) -> TrainingSet:
    """All cases with any structure wanted; what a case lacks is unknown in it."""
    found = {name for case in cases for name in case.revisions}
    structures = tuple(wanted) if wanted else tuple(sorted(found))
    kept = tuple(case for case in cases if set(structures) & set(case.revisions))
    if not kept:
        raise NothingToExport("no case of this project has structures that could leave")
    return TrainingSet(kept, structures, tuple(case for case in cases if case not in kept))


def write_monai(chosen: TrainingSet, folder: Path, progress: Report) -> Path:
    """A zip with `datalist.json` (MONAI decathlon form), images, label maps and masks."""
    target = folder / "training-set.zip"
    entries: list[dict[str, Any]] = []
    stems = distinct_names(chosen.structures)
    with Archive(target, folder) as archive:
        for number, case in enumerate(chosen.cases):
            progress(number / len(chosen.cases), "case", n=number + 1, total=len(chosen.cases))
            masks, grid = case_masks(case, chosen.structures)
            image, label = f"images/{case.name}.nii.gz", f"labels/{case.name}.nii.gz"
            archive.nifti(image, intensities(case), grid)
            archive.nifti(label, label_map(masks, chosen.structures, grid), grid)
            files = {name: f"masks/{case.name}/{stems[name]}.nii.gz" for name in masks}
            for name, mask in masks.items():
                archive.nifti(files[name], mask, grid)
            unknown = [name for name in chosen.structures if name not in masks]
            entries.append(
                {
                    "image": image, "label": label, "patient": case.patient,
                    "masks": files, "unknown": unknown, "revisions": provenance(case, masks),
                }
            )  # fmt: skip
        body = description(chosen) | {
            "numTraining": len(entries),
            "numTest": 0,
            "labels": {str(number): name for name, number in labels_of(chosen).items()},
            "training": entries,
        }
        archive.json("datalist.json", body)
    return target


def write_nnunet(chosen: TrainingSet, folder: Path, progress: Report) -> Path:
    """A zip with one folder `Dataset001_Rinkaku` in the layout of nnU-Net v2."""
    target, root = folder / "training-set.zip", "Dataset001_Rinkaku"
    revisions: dict[str, Any] = {}
    with Archive(target, folder) as archive:
        for number, case in enumerate(chosen.cases):
            progress(number / len(chosen.cases), "case", n=number + 1, total=len(chosen.cases))
            masks, grid = case_masks(case, chosen.structures)
            archive.nifti(f"{root}/imagesTr/{case.name}_0000.nii.gz", intensities(case), grid)
            labels = label_map(masks, chosen.structures, grid)
            archive.nifti(f"{root}/labelsTr/{case.name}.nii.gz", labels, grid)
            revisions[case.name] = {"patient": case.patient, "revisions": provenance(case, masks)}
        modality = chosen.cases[0].series.modality
        body = description(chosen) | {
            "channel_names": {"0": modality},
            "labels": labels_of(chosen),
            "numTraining": len(chosen.cases),
            "file_ending": ".nii.gz",
            "cases": revisions,
        }
        archive.json(f"{root}/dataset.json", body)
    return target


def label_map(
    masks: dict[str, Mask], structures: Sequence[str], grid: Grid
) -> npt.NDArray[np.uint8 | np.uint16]:
    """The masks as one map of numbers from 1; where they overlap the smaller structure wins."""
    numbers = {name: number for number, name in enumerate(structures, 1)}
    labels = np.zeros(grid.shape_kji, dtype=np.uint8 if len(structures) < 256 else np.uint16)
    for name in _largest_first(masks):
        labels[masks[name]] = numbers[name]
    return labels


def _largest_first(masks: dict[str, Mask]) -> Iterable[str]:
    sizes = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    return sorted(sorted(masks, reverse=True), key=lambda name: -sizes[name])


def labels_of(chosen: TrainingSet) -> dict[str, int]:
    """Numbers in label maps, by name."""
    return {"background": 0} | {name: number for number, name in enumerate(chosen.structures, 1)}


def description(chosen: TrainingSet) -> dict[str, Any]:
    """What every layout says of itself."""
    return {
        "name": "Rinkaku",
        "description": "Contours from Rinkaku; cases and patients are pseudonyms",
        "overlap": OVERLAP,
        "left_out": [case.name for case in chosen.left_out],
        "structures_left_out": list(chosen.structures_left_out),
        "deidentification": chosen.deidentified,
    }


def provenance(case: Case, masks: Iterable[str]) -> dict[str, Any]:
    """Which revision each mask of a case is."""
    return {
        name: {"revision": case.revisions[name].id, "sha256": case.revisions[name].sha256} for name in masks
    }


def case_masks(case: Case, structures: Sequence[str]) -> tuple[dict[str, Mask], Grid]:
    """Those of the structures that are known in a case, in their order, and the grid of its image."""
    volume = case.series.volume or {}
    grid = Grid.from_json(volume["grid"])
    return {n: load_mask(case.revisions[n], grid) for n in structures if n in case.revisions}, grid


def intensities(case: Case) -> npt.NDArray[Any]:
    """Voxels in the unit of the series (HU, SUV …)."""
    voxels, _ = load_volume(case.series)
    slope = float((case.series.volume or {})["slope"])
    return voxels if slope == 1.0 else (voxels * np.float32(slope)).astype(np.float32)
