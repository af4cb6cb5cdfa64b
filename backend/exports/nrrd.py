"""A project's cases as NRRD: for each the image, one label map and a mask of every structure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.exports.archive import Archive, distinct_names
from backend.exports.training_set import (
    TrainingSet,
    case_masks,
    description,
    intensities,
    label_map,
    labels_of,
    provenance,
)
from backend.jobs.stages import Report
from rt.dicom.nrrd import nrrd_bytes


def write_nrrd(chosen: TrainingSet, folder: Path, progress: Report) -> Path:
    """A zip with `cases.json` and a folder for each case; what a case lacks is unknown in it."""
    target = folder / "training-set.zip"
    entries: dict[str, Any] = {}
    stems = distinct_names(chosen.structures)
    with Archive(target, folder) as archive:
        for number, case in enumerate(chosen.cases):
            progress(number / len(chosen.cases), "case", n=number + 1, total=len(chosen.cases))
            masks, grid = case_masks(case, chosen.structures)
            image, labels = f"{case.name}/image.nrrd", f"{case.name}/labels.nrrd"
            archive.data(image, nrrd_bytes(intensities(case), grid), packed=True)
            numbers = label_map(masks, chosen.structures, grid)
            archive.data(labels, nrrd_bytes(numbers, grid), packed=True)
            files = {name: f"{case.name}/masks/{stems[name]}.nrrd" for name in masks}
            for name, mask in masks.items():
                archive.data(files[name], nrrd_bytes(mask, grid), packed=True)
            entries[case.name] = {
                "patient": case.patient,
                "image": image,
                "unit": (case.series.volume or {})["unit"],
                "labels": labels,
                "masks": files,
                "unknown": [name for name in chosen.structures if name not in masks],
                "revisions": provenance(case, masks),
            }
        body = description(chosen) | {"labels": labels_of(chosen), "cases": entries}
        archive.json("cases.json", body)
    return target
