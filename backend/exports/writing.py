"""A training set chosen and written in the format that is asked for; the job and the command do the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.exports.bids import write_bids
from backend.exports.mat import write_mat
from backend.exports.nrrd import write_nrrd
from backend.exports.schemas import CropIn, TrainingSetIn
from backend.exports.training_set import (
    Case,
    TrainingSet,
    complete_set,
    partial_set,
    write_monai,
    write_nnunet,
)
from backend.jobs.stages import Report
from rt.cropping import Region

PLAIN = {"monai": write_monai, "nnunet": write_nnunet, "nrrd": write_nrrd, "bids": write_bids}
"""Writers that take whole images and no dose."""


def choose(cases: Sequence[Case], wanted: TrainingSetIn, deidentified: dict[str, Any] | None) -> TrainingSet:
    """What leaves; NothingToExport when nothing can."""
    select = complete_set if wanted.format == "nnunet" else partial_set
    return replace(select(cases, wanted.structures), deidentified=deidentified)


def write(
    chosen: TrainingSet, wanted: TrainingSetIn, folder: Path, progress: Report
) -> tuple[TrainingSet, Path]:
    """The zip, in this folder, and what of the cases is in it."""
    if not wanted.holds_dose:
        return chosen, PLAIN[wanted.format](chosen, folder, progress)
    region = None if wanted.crop is None else _region(wanted.crop)
    return write_mat(chosen, folder, progress, region=region, hdf5=wanted.format == "mat73")


def told(chosen: TrainingSet, path: Path) -> dict[str, Any]:
    """What is said of a zip."""
    return {
        "cases": len(chosen.cases),
        "structures": list(chosen.structures),
        "left_out": len(chosen.left_out),
        "structures_left_out": list(chosen.structures_left_out),
        "bytes": path.stat().st_size,
    }


def _region(crop: CropIn) -> Region:
    return Region(
        structures=tuple(crop.structures),
        any_of=crop.any_of,
        without=tuple(crop.without),
        isodose_gy=crop.isodose_gy,
        margin_mm=crop.margin_mm,
    )
