"""DVHs beside dicompyler-core, which has an environment of its own: time, and error against analytic truth.

Cylinders and balls lie in a dose that is linear along x, so what their DVHs must be is known exactly.  Both
sides get the same RTSTRUCT and RTDOSE and go the whole way from contours to D95; Rinkaku's way is that of an
import, by a mask on the image's grid of 200³ voxels.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from rt.coverage import cover_edited
from rt.dicom.contour_data import Contour, enclosing, fill_contours
from rt.dicom.kinds import CT, RTDOSE
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, common_dataset, write_bytes
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.dicom.uids import derived_uid
from rt.dose import Dose
from rt.dvh import dvh_of_coverage
from rt.geometry import FloatArray, Grid
from scripts.bench_figures import Figure, median, stopwatch
from scripts.peer_environment import INSTALL_S, last_line, peer_python

REQUIREMENTS = ("dicompyler-core==0.5.6", "pydicom==2.4.4")
"""Its last release reads files with a function that pydicom 3 no longer has."""
MIDDLE_GY, SLOPE_GY_PER_MM = 60.0, 0.5
IMAGE = Grid.of([200] * 3, [1.0] * 3, [-99.6, -99.7, -100.0], np.eye(3))
DOSE = Grid.of([80] * 3, [2.5] * 3, [-98.8, -98.8, -98.8], np.eye(3))
DOSE_STEP_GY = 1e-3
REPEATS = 5
POINTS = 400
"""Of a ring."""


@dataclass(frozen=True)
class Shape:
    """A body around the middle of the dose, and which part of it lies beyond a plane of x = u · radius."""

    name: str
    radius_mm: float
    volume_cc: float
    beyond: Callable[[float], float]
    radius_at_mm: Callable[[float], float]
    """Of its ring at a height."""

    def dose_gy(self, hottest: float) -> float:
        """The dose that this part of it, its hottest, receives at least."""
        edge = float(brentq(lambda u: self.beyond(u) - hottest, -1, 1))
        return MIDDLE_GY + SLOPE_GY_PER_MM * self.radius_mm * edge

    @property
    def truth(self) -> dict[str, float]:
        """What its DVH must say."""
        return {
            "volume_cc": self.volume_cc,
            "mean_gy": MIDDLE_GY,
            "d95_gy": self.dose_gy(0.95),
            "d2_gy": self.dose_gy(0.02),
        }


def cylinder(radius_mm: float, rings: int) -> Shape:
    """A cylinder along z of rings a millimetre apart, each a millimetre thick."""
    return Shape(
        f"cylinder r {radius_mm:.0f} mm",
        radius_mm,
        math.pi * radius_mm**2 * rings / 1000,
        lambda u: (math.acos(u) - u * math.sqrt(1 - u * u)) / math.pi,
        lambda z: radius_mm if abs(z) < rings / 2 else 0.0,
    )


def ball(radius_mm: float) -> Shape:
    """A ball."""
    return Shape(
        f"ball r {radius_mm:.0f} mm",
        radius_mm,
        4 / 3 * math.pi * radius_mm**3 / 1000,
        lambda u: (2 - 3 * u + u**3) / 4,
        lambda z: math.sqrt(max(0.0, radius_mm**2 - z * z)),
    )


SHAPES = (cylinder(20, 45), cylinder(3, 45), ball(15), ball(40))


def beside_dicompyler(folder: Path, cache: Path) -> Iterator[Figure]:
    """Times, and errors of volume, mean, D95 and D2, of both; ours alone where pip cannot get theirs."""
    rtstruct, rtdose = folder / "shapes.dcm", folder / "dose.dcm"
    rtstruct.write_bytes(_rtstruct())
    rtdose.write_bytes(_rtdose())
    ours, theirs = _ours(rtstruct), _theirs(cache, rtstruct, rtdose)
    for shape in SHAPES:
        for label, unit, value in (
            (f"DVH of {shape.name}, from contours", "ms", _milliseconds),
            ("    largest error of mean, D95 and D2", "Gy", _dose_error),
            ("    error of the volume", "%", _volume_error),
        ):
            peer = value(shape, theirs[shape.name]) if theirs else None
            yield Figure(label, value(shape, ours[shape.name]), unit, peer, "dicompyler-core")


def _milliseconds(_: Shape, found: dict[str, Any]) -> float:
    return 1000 * median(found["seconds"])


def _dose_error(shape: Shape, found: dict[str, Any]) -> float:
    return max(abs(found[key] - shape.truth[key]) for key in ("mean_gy", "d95_gy", "d2_gy"))


def _volume_error(shape: Shape, found: dict[str, Any]) -> float:
    return 100 * abs(found["volume_cc"] / shape.truth["volume_cc"] - 1)


def _ours(rtstruct: Path) -> dict[str, dict[str, Any]]:
    dose = Dose(_gray(), DOSE)
    results = {}
    for roi in read_rtstruct(read_stored(rtstruct.read_bytes())).rois:
        seconds = []
        for _ in range(REPEATS):
            with stopwatch() as elapsed:
                mask = fill_contours(roi.contours, IMAGE).mask_kji
                polygons = [contour.points_mm for contour in enclosing(roi.contours)]
                dvh = dvh_of_coverage(*cover_edited(polygons, mask, IMAGE), dose)
                d95, d2 = dvh.dose_at_percent(95), dvh.dose_at_percent(2)
                seconds.append(elapsed())
        found = {"volume_cc": dvh.volume_cc, "mean_gy": dvh.mean_gy, "d95_gy": d95, "d2_gy": d2}
        results[roi.name] = {"seconds": seconds, **found}
    return results


def _theirs(cache: Path, rtstruct: Path, rtdose: Path) -> dict[str, dict[str, Any]]:
    """What dicompyler-core finds; empty, with the reason printed, where it cannot be had."""
    try:
        python = peer_python(cache, REQUIREMENTS)
        script = Path(__file__).with_name("dicompyler_dvh.py")
        command = [str(python), str(script), str(rtstruct), str(rtdose), str(REPEATS)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        sys.stdout.write(f"  dicompyler-core cannot be had, no peer: {last_line(error)}\n")
        return {}
    results: dict[str, dict[str, Any]] = json.loads(ran.stdout)
    return results


def _reference() -> SeriesReference:
    uid = derived_uid("rinkaku-bench", "shapes")
    return SeriesReference(
        study_instance_uid=uid,
        series_instance_uid=derived_uid(uid, "ct"),
        frame_of_reference_uid=derived_uid(uid, "frame of reference"),
        sop_class_uid=CT,
        sop_instance_uids=tuple(derived_uid(uid, "ct", str(k)) for k in range(IMAGE.shape_kji[0])),
        grid=IMAGE,
        attributes={"PatientID": "SHAPES", "PatientName": "Shapes"},
    )


def _header(label: str) -> ObjectHeader:
    uid = derived_uid("rinkaku-bench", label)
    return ObjectHeader(label, uid, derived_uid(uid, "series"), datetime(2026, 1, 1, tzinfo=UTC))


def _rtstruct() -> bytes:
    """Written with the rings' own points."""
    structures = []
    for number, shape in enumerate(SHAPES, 1):
        contours = tuple(_rings(shape))
        mask = fill_contours(contours, IMAGE).mask_kji
        structures.append(StructureOut(number, shape.name, "#e05a5a", "ORGAN", mask, contours))
    return write_bytes(write_rtstruct(_reference(), structures, _header("Shapes")))


def _rings(shape: Shape) -> Iterator[Contour]:
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    for k in range(IMAGE.shape_kji[0]):
        z = float(IMAGE.to_lps([0, 0, k])[2])
        if radius := shape.radius_at_mm(z):
            points = np.column_stack([radius * np.cos(angles), radius * np.sin(angles), np.full(POINTS, z)])
            yield Contour("\\".join(f"{value:.6g}" for value in points.ravel()))


def _gray() -> Any:
    i = np.arange(DOSE.shape_kji[2])
    x: FloatArray = np.asarray(DOSE.origin_lps_mm)[0] + DOSE.spacing_ijk_mm[0] * i
    row = MIDDLE_GY + SLOPE_GY_PER_MM * x
    return np.broadcast_to(row, DOSE.shape_kji).astype(np.float32)


def _rtdose() -> bytes:
    dataset = common_dataset(_reference(), _header("Dose"), RTDOSE)
    dataset.Modality, dataset.InstanceNumber = "RTDOSE", 1
    dataset.ImagePositionPatient = list(DOSE.origin_lps_mm)
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = list(DOSE.spacing_ijk_mm[1::-1])
    frames = DOSE.shape_kji[0]
    dataset.NumberOfFrames, dataset.FrameIncrementPointer = frames, 0x3004000C
    dataset.GridFrameOffsetVector = [DOSE.spacing_ijk_mm[2] * k for k in range(frames)]
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = DOSE_STEP_GY
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = DOSE.shape_kji[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 32, 32, 31, 0
    dataset.add_new(0x7FE00010, "OW", np.rint(_gray() / DOSE_STEP_GY).astype("<u4").tobytes())
    return write_bytes(dataset)
