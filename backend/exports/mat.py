"""A project's cases as MAT-files, whole or cropped to a region of structures and dose.

Arrays are (row, column, slice), so that MATLAB shows slices upright.  Cropping keeps the smallest box that
holds the region; what else lies in the box stays, and `region` says which voxels are the region's.  Cases in
which the region is unknown or empty are left out and named with the reason.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.exports.archive import Archive
from backend.exports.errors import NothingToExport
from backend.exports.training_set import (
    Case,
    TrainingSet,
    case_masks,
    description,
    intensities,
    provenance,
)
from backend.jobs.stages import Report
from backend.studies.errors import NoVolume
from backend.studies.service import load_volume, with_volume
from rt.cropping import Region, part_of
from rt.dose import Dose
from rt.errors import DoseError, MaskError
from rt.geometry import Grid
from rt.masks import Box, Mask, bounding_box
from rt.matlab import Value, field_names, mat5_bytes, mat73_bytes

README = """Cases from Rinkaku for MATLAB: load('case_<pseudonym>.mat')

image       voxels (row, column, slice) in image_unit
dose        in dose_unit on the voxels of the image, linear between its own; NaN where unknown; [] without one
dose_moved  the 4x4 matrix (DICOM LPS, mm) by which a registration brought the dose to the image; [] otherwise
masks       a struct of logical arrays; structure_names{n} is what structure_fields{n} is called in Rinkaku
region      logical: the voxels that the image was cropped to (all of them where it was not)
unknown     structures that are unknown in this case, which is not absent
crop_first, crop_last   first and last voxel of the box in the whole image of full_size, counted from 1

Voxel (r, c, s) lies at origin_lps_mm + direction_lps * diag(spacing_mm) * ([r; c; s] - 1), in mm to the
patient's left, back and head (DICOM LPS); the columns of direction_lps are the steps along r, c, s.
cases.json says which revisions the masks are and which cases are left out, and why.
"""


@dataclass(frozen=True)
class _Content:
    """What one case's file is made of, on the grid of the whole image."""

    case: Case
    grid: Grid
    masks: dict[str, Mask]
    dose: Dose | None
    region: Mask
    box: Box


def write_mat(
    chosen: TrainingSet, folder: Path, progress: Report, *, region: Region | None, hdf5: bool
) -> tuple[TrainingSet, Path]:
    """A zip with a MAT-file for each case (version 7.3 with `hdf5`) and the cases that have the region.

    NothingToExport when no case has the region, MatlabError for a volume too large for a file of level 5.
    """
    target = folder / "training-set.zip"
    entries: dict[str, Any] = {}
    without_region: dict[str, str] = {}
    fields = field_names(chosen.structures)
    with Archive(target, folder) as archive:
        for number, case in enumerate(chosen.cases):
            progress(number / len(chosen.cases), "case", n=number + 1, total=len(chosen.cases))
            try:
                content = _content(case, chosen, region)
            except (MaskError, DoseError) as error:
                without_region[case.name] = error.detail
                continue
            variables = _variables(content, chosen, fields)
            archive.data(f"{case.name}.mat", (mat73_bytes if hdf5 else mat5_bytes)(variables))
            entries[case.name] = _entry(content)
        if not entries:
            reasons = "; ".join(sorted(set(without_region.values())))
            raise NothingToExport(f"no case has the region to crop to: {reasons}")
        body = description(chosen) | {
            "crop": None if region is None else asdict(region),
            "left_out_by_crop": without_region,
            "fields": fields,
            "cases": entries,
        }
        archive.json("cases.json", body)
        archive.data("README.txt", README.encode())
    kept = tuple(case for case in chosen.cases if case.name in entries)
    left_out = tuple(case for case in chosen.cases if case.name in without_region)
    return replace(chosen, cases=kept, left_out=chosen.left_out + left_out), target


def _content(case: Case, chosen: TrainingSet, region: Region | None) -> _Content:
    wanted = region.names if region else ()
    masks, grid = case_masks(case, tuple(dict.fromkeys((*chosen.structures, *wanted))))
    dose = _dose(case)
    within = np.ones(grid.shape_kji, dtype=np.bool_) if region is None else region.mask(masks, grid, dose)
    box = bounding_box(within)
    if box is None:
        raise MaskError("the region is empty")
    kept = {name: masks[name] for name in chosen.structures if name in masks}
    return _Content(case, grid, kept, dose, within, box)


def _dose(case: Case) -> Dose | None:
    """The case's dose; None without one, when its voxels are refused, or where there are several."""
    if len(case.doses) != 1:
        return None
    try:
        (dose,) = case.doses
        voxels, grid = load_volume(with_volume(dose.series))
        grid = dose.link.transform.grid(grid) if dose.link else grid
        return Dose(voxels.astype("f4", copy=False), grid)
    except (NoVolume, DoseError):
        return None


def _variables(content: _Content, chosen: TrainingSet, fields: dict[str, str]) -> dict[str, Value]:
    case, box, masks = content.case, content.box, content.masks
    part = part_of(content.grid, box)
    row_column_slice = [1, 0, 2]
    spacing = np.asarray(part.spacing_ijk_mm)[row_column_slice]
    return {
        "case_name": case.name,
        "patient": case.patient,
        "modality": case.series.modality,
        "image": _matlab_order(intensities(case)[box]),
        "image_unit": str((case.series.volume or {})["unit"]),
        "dose": _matlab_order(_dose_on(part, content.dose)) if content.dose else np.zeros((0, 0), np.float32),
        "dose_unit": "Gy",
        "dose_moved": _moved(content),
        "region": _matlab_order(content.region[box]),
        "masks": {fields[name]: _matlab_order(mask[box]) for name, mask in masks.items()},
        "structure_names": list(masks),
        "structure_fields": [fields[name] for name in masks],
        "unknown": [name for name in chosen.structures if name not in masks],
        "axes": "row, column, slice",
        "spacing_mm": spacing[np.newaxis],
        "spacing_unit": "mm",
        "origin_lps_mm": np.asarray(part.origin_lps_mm)[:, np.newaxis],
        "direction_lps": np.ascontiguousarray(part.matrix[:, row_column_slice]),
        "crop_first": _counted([one.start + 1 for one in box]),
        "crop_last": _counted([one.stop for one in box]),
        "full_size": _counted(list(content.grid.shape_kji)),
    }


def _matlab_order(array_kji: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as (row, column, slice)."""
    return np.transpose(array_kji, (1, 2, 0))


def _counted(kji: list[int]) -> npt.NDArray[np.float64]:
    k, j, i = kji
    return np.array([[j, i, k]], dtype=np.float64)


def _dose_on(grid: Grid, dose: Dose) -> npt.NDArray[np.float32]:
    gy, within = dose.on(grid)
    return np.where(within, gy, np.float32(np.nan))


def _moved(content: _Content) -> npt.NDArray[np.float64]:
    """What brought the dose to the image."""
    link = content.case.doses[0].link if content.dose else None
    return np.zeros((0, 0)) if link is None else link.transform.matrix


def _entry(content: _Content) -> dict[str, Any]:
    case = content.case
    return {
        "patient": case.patient,
        "has_dose": content.dose is not None,
        "doses_found": len(case.doses),
        "dose_moved_by": case.doses[0].described if content.dose else None,
        "region_voxels": int(np.count_nonzero(content.region)),
        "revisions": provenance(case, content.masks),
    }
