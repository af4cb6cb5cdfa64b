"""RT Dose (PS3.3 A.18) as a volume of gray on a grid of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from rt.dicom.parse import text
from rt.errors import DicomError, DicomUnsupported, GeometryError
from rt.geometry import Grid

EVEN_TOLERANCE_MM = 0.01
"""Largest deviation of a frame from an even stack."""
WHOLE_PLAN = frozenset({"PLAN", "MULTI_PLAN"})
"""Dose Summation Types (PS3.3 C.8.8.3) of all that one or several plans deliver; the others are of parts."""
_FIRST = ("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "FRACTION", "BEAM", "BRACHY")
_WRITTEN = ("Content", "InstanceCreation", "Series", "Study")


@dataclass(frozen=True)
class DoseKind:
    """What a dose distribution is of."""

    units: str
    """GY or RELATIVE."""
    dose_type: str
    """PHYSICAL, EFFECTIVE or ERROR."""
    summation: str
    """PLAN, FRACTION, BEAM …"""
    plan_sop_instance_uid: str | None
    """The RT Plan that it was computed for."""
    written: str
    """Date and time, DA and TM in one; empty where it says neither."""

    @property
    def is_whole_plan(self) -> bool:
        """Whether objectives of a plan can be held against it; False where its sum is not told."""
        return self.summation in WHOLE_PLAN

    @property
    def rank(self) -> int:
        """Which of several is looked at first: whole plans, then ever smaller parts, what is not told."""
        return _FIRST.index(self.summation) if self.summation in _FIRST else len(_FIRST)


@dataclass(frozen=True)
class DoseVolume:
    """A dose distribution."""

    grid: Grid
    dose_gy_kji: npt.NDArray[np.float32]
    frame_of_reference_uid: str
    kind: DoseKind


def dose_kind(dataset: Dataset) -> DoseKind:
    """What an RT Dose says that it is of; what it lacks is empty."""
    plans = list(dataset.get("ReferencedRTPlanSequence") or [])
    return DoseKind(
        units=str(dataset.get("DoseUnits") or ""),
        dose_type=str(dataset.get("DoseType") or ""),
        summation=str(dataset.get("DoseSummationType") or ""),
        plan_sop_instance_uid=str(plans[0].get("ReferencedSOPInstanceUID") or "") if plans else None,
        written=next(filter(None, (_written(dataset, what) for what in _WRITTEN)), ""),
    )


def _written(dataset: Dataset, what: str) -> str:
    date = text(dataset, f"{what}Date")
    return date + text(dataset, f"{what}Time") if date else ""


def read_dose(dataset: Dataset, stored: npt.NDArray[Any]) -> DoseVolume:
    """The dose in gray of an RT Dose instance and its stored values (frames, rows, columns).

    Raises DicomUnsupported for relative dose, DicomError for missing scaling, GeometryError for a grid that
    is not even.
    """
    kind = dose_kind(dataset)
    if kind.units != "GY":
        raise DicomUnsupported(f"dose in units {kind.units!r}, not GY", where="Dose Units")
    scaling = _numbers(dataset, "DoseGridScaling", 1)[0]
    if not scaling > 0:
        raise DicomError("not positive", where="Dose Grid Scaling")
    grid, descending = dose_grid(dataset)
    if stored.shape != grid.shape_kji:
        raise GeometryError(f"dose of {stored.shape} voxels on a grid of {grid.shape_kji}")
    dose = stored.astype(np.float32) * np.float32(scaling)
    return DoseVolume(
        grid=grid,
        dose_gy_kji=np.ascontiguousarray(dose[::-1]) if descending else dose,
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID") or ""),
        kind=kind,
    )


def dose_grid(dataset: Dataset) -> tuple[Grid, bool]:
    """The grid of an RT Dose with k along the normal, and whether its frames run against it."""
    spacing_j, spacing_i = _numbers(dataset, "PixelSpacing", 2)
    position = np.array(_numbers(dataset, "ImagePositionPatient", 3))
    orientation = np.array(_numbers(dataset, "ImageOrientationPatient", 6))
    axes = np.stack([orientation[:3], orientation[3:], np.cross(orientation[:3], orientation[3:])], axis=1)
    frames = int(dataset.get("NumberOfFrames") or 1)
    offsets = _offsets(dataset, frames, float(position[2]))
    step = 1.0 if frames == 1 else float(offsets[-1] - offsets[0]) / (frames - 1)
    if step == 0 or np.abs(offsets - offsets[0] - step * np.arange(frames)).max() > EVEN_TOLERANCE_MM:
        raise GeometryError("the dose's frames are not evenly spaced")
    start = offsets[-1] if step < 0 else offsets[0]
    shape = (frames, int(dataset.Rows), int(dataset.Columns))
    origin = position + axes[:, 2] * start
    return Grid.of(shape, (spacing_i, spacing_j, abs(step)), origin, axes), step < 0


def _offsets(dataset: Dataset, frames: int, z: float) -> npt.NDArray[np.float64]:
    """Millimetres along the normal from Image Position (PS3.3 C.8.8.3.2): relative, or absolute from z on."""
    if frames == 1:
        return np.zeros(1)
    offsets = np.array(_numbers(dataset, "GridFrameOffsetVector", frames))
    return offsets - z if offsets[0] != 0 and abs(offsets[0] - z) < EVEN_TOLERANCE_MM else offsets


def _numbers(dataset: Dataset, keyword: str, count: int) -> list[float]:
    value = dataset.get(keyword)
    if value is None:
        raise DicomError("missing", where=keyword)
    try:
        numbers = [float(v) for v in (value if count > 1 and not isinstance(value, str) else [value])]
    except (TypeError, ValueError) as error:
        raise DicomError("not a number", where=keyword) from error
    if len(numbers) != count or not np.all(np.isfinite(numbers)):
        raise DicomError(f"{len(numbers)} values, not {count}", where=keyword)
    return numbers
