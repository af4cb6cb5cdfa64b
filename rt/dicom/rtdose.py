"""RT Dose (PS3.3 A.18) as a volume of gray on a grid of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from rt.dicom.parse import text
from rt.dicom.series import GeometryFinding
from rt.errors import DicomError, DicomUnsupported, GeometryError
from rt.geometry import FloatArray, Grid

EVEN_TOLERANCE_MM = 0.01
"""Largest deviation of a frame from an even stack, or of a first offset from what it is to be."""
TRANSVERSE_TOLERANCE = 1e-3
"""Largest deviation of a component of a transverse plane's directions."""
MOST_VOXELS = 200_000_000
"""Of a dose whose planes are made even."""
OFFSETS = "Grid Frame Offset Vector"
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
    findings: tuple[GeometryFinding, ...] = ()
    """What a person should know of how its planes were placed."""


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

    Planes that are not evenly apart are brought to even ones by linear interpolation, which is said.

    Raises DicomUnsupported for relative dose, DicomError for missing scaling, GeometryError for planes that
    are not told in a way of the standard.
    """
    kind = dose_kind(dataset)
    if kind.units != "GY":
        raise DicomUnsupported(f"dose in units {kind.units!r}, not GY", where="Dose Units")
    scaling = _numbers(dataset, "DoseGridScaling", 1)[0]
    if not scaling > 0:
        raise DicomError("not positive", where="Dose Grid Scaling")
    planes = _planes(dataset)
    expected = (len(planes.heights_mm), int(dataset.Rows), int(dataset.Columns))
    if stored.shape != expected:
        raise GeometryError(f"dose of {stored.shape} voxels on a grid of {expected}")
    dose = stored[::-1] if planes.is_descending else stored
    even, found = _even(planes.heights_mm, expected)
    findings = planes.findings
    if found is not None:
        dose, findings = _interpolated(dose, planes.heights_mm, even), (*findings, found)
    return DoseVolume(
        grid=_grid(dataset, even, expected),
        dose_gy_kji=np.ascontiguousarray(dose, dtype=np.float32) * np.float32(scaling),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID") or ""),
        kind=kind,
        findings=findings,
    )


@dataclass(frozen=True)
class _Planes:
    """Where the frames lie along the normal, in mm from Image Position (Patient)."""

    heights_mm: FloatArray
    """Ascending."""
    is_descending: bool
    """Whether the frames come the other way round."""
    findings: tuple[GeometryFinding, ...]


def _axes(dataset: Dataset) -> FloatArray:
    """Columns are the directions of i, j and k; k is the normal."""
    orientation = np.array(_numbers(dataset, "ImageOrientationPatient", 6))
    return np.stack([orientation[:3], orientation[3:], np.cross(orientation[:3], orientation[3:])], axis=1)


def _grid(dataset: Dataset, heights_mm: FloatArray, shape: tuple[int, int, int]) -> Grid:
    """The grid of even planes, k along the normal."""
    spacing_j, spacing_i = _numbers(dataset, "PixelSpacing", 2)
    axes = _axes(dataset)
    origin = np.array(_numbers(dataset, "ImagePositionPatient", 3)) + axes[:, 2] * heights_mm[0]
    step = float(heights_mm[-1] - heights_mm[0]) / (len(heights_mm) - 1) if len(heights_mm) > 1 else 1.0
    return Grid.of((len(heights_mm), *shape[1:]), (spacing_i, spacing_j, step), origin, axes)


def _planes(dataset: Dataset) -> _Planes:
    """The frames' places; GeometryError where they do not all lie on one way, each in its own place."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames == 1:
        return _Planes(np.zeros(1), False, ())
    offsets, findings = _offsets(dataset, np.array(_numbers(dataset, "GridFrameOffsetVector", frames)))
    steps = np.diff(offsets)
    is_descending = bool(steps[0] < 0)
    if not np.all((-steps if is_descending else steps) > EVEN_TOLERANCE_MM):
        raise GeometryError(
            f"frames lie in one place or go back and forth (steps of {steps.min():g} to {steps.max():g} mm)",
            where=OFFSETS,
        )
    return _Planes(offsets[::-1] if is_descending else offsets, is_descending, findings)


def _offsets(dataset: Dataset, told: FloatArray) -> tuple[FloatArray, tuple[GeometryFinding, ...]]:
    """Millimetres along the normal from Image Position (PS3.3 C.8.8.3.2).

    They are that where the first is zero (a).  Where it is the z of Image Position they are the patient's z
    (b), which the standard knows for Image Orientation 1\\0\\0\\0\\1\\0 only: read so in any transverse
    plane, with a finding, for there it can mean nothing else.  Everything else is refused.
    """
    z, axes = _numbers(dataset, "ImagePositionPatient", 3)[2], _axes(dataset)
    if abs(told[0]) <= EVEN_TOLERANCE_MM:
        return told, ()
    if abs(told[0] - z) > EVEN_TOLERANCE_MM:
        raise GeometryError(f"begins with {told[0]:g}, neither 0 nor the planes' z of {z:g}", where=OFFSETS)
    if np.hypot(*axes[:2, 2]) > TRANSVERSE_TOLERANCE:
        raise GeometryError("places in z of planes that are not transverse", where=OFFSETS)
    if np.abs(axes - np.eye(3)).max() <= TRANSVERSE_TOLERANCE:
        return told - z, ()
    detail = "its frames are told in z, which the standard knows for another orientation only; read as z"
    return (told - z) / axes[2, 2], (GeometryFinding("dose-planes-absolute", detail, "warning"),)


def _even(heights_mm: FloatArray, shape: tuple[int, int, int]) -> tuple[FloatArray, GeometryFinding | None]:
    """The planes where they are even, else planes at most the smallest step apart, with a finding."""
    first, last, count = float(heights_mm[0]), float(heights_mm[-1]), len(heights_mm)
    if count < 3 or np.abs(heights_mm - np.linspace(first, last, count)).max() <= EVEN_TOLERANCE_MM:
        return heights_mm, None
    steps = np.diff(heights_mm)
    low, high = float(steps.min()), float(steps.max())
    needed = math.ceil((last - first) / low - 1e-3) + 1
    if needed * shape[1] * shape[2] > MOST_VOXELS:
        raise GeometryError(
            f"frames {low:g} to {high:g} mm apart: {needed} even ones are too many", where=OFFSETS
        )
    detail = f"its planes are {low:g} to {high:g} mm apart: interpolated linearly to {needed} even ones"
    values: dict[str, str | int | float] = {"low": low, "high": high, "count": needed}
    found = GeometryFinding("dose-planes-uneven", detail, "warning", values)
    return np.linspace(first, last, needed), found


def _interpolated(stored: npt.NDArray[Any], at_mm: FloatArray, wanted_mm: FloatArray) -> npt.NDArray[Any]:
    """Planes between those that are there, each from its two neighbours."""
    above = np.clip(np.searchsorted(at_mm, wanted_mm), 1, len(at_mm) - 1)
    made = np.empty((len(wanted_mm), *stored.shape[1:]), dtype=np.float32)
    for n, upper in enumerate(above):
        share = (wanted_mm[n] - at_mm[upper - 1]) / (at_mm[upper] - at_mm[upper - 1])
        made[n] = stored[upper - 1] * (1 - share) + stored[upper] * share
    return made


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
