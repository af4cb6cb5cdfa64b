"""What one frame's header says of its place in the patient and of its values, without pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pydicom.dataset import Dataset

from rt.dicom.pixelcheck import frame_count
from rt.errors import GeometryError
from rt.mr_series import Acquisition, names_agent


@dataclass(frozen=True)
class SliceHeader:
    """One frame of a cross-sectional image; plain values."""

    sop_instance_uid: str
    frame: int
    """Index of the frame in its instance, from 0."""
    modality: str
    image_type: tuple[str, ...]
    instance_number: int
    frame_of_reference_uid: str
    rows: int
    columns: int
    spacing_ij_mm: tuple[float, float]
    """Distance between columns (along i) and between rows (along j)."""
    position_lps_mm: tuple[float, float, float]
    orientation: tuple[float, ...]
    """Six direction cosines: of increasing i, then of increasing j (PS3.3 C.7.6.2.1.1)."""
    thickness_mm: float | None
    slope: float
    intercept: float
    has_rescale: bool
    bits_stored: int
    signed: bool
    unit: str
    """HU, SUV, BQML … or empty."""
    window: tuple[float, float] | None
    """Window centre and width."""


def slice_headers(dataset: Dataset) -> list[SliceHeader]:
    """The headers of all frames of a CT, MR or PET instance; GeometryError if a value is missing or wrong."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        if frame_count(dataset) > 1:
            raise GeometryError(f"{frame_count(dataset)} frames and no place for each of them")
        return [_header(dataset, _Groups([dataset]), 0)]
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]
    frames = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(frames) != frame_count(dataset):
        raise GeometryError(f"{len(frames)} frame descriptions for {frame_count(dataset)} frames")
    return [_header(dataset, _Groups([own, *shared, dataset]), n) for n, own in enumerate(frames)]


def geometry_json(dataset: Dataset) -> dict[str, Any]:
    """{"slices": [SliceHeader as JSON]} of an image, {"problem": words} where its header places none.

    Of MR also {"acquisition": Acquisition as JSON}.
    """
    try:
        placed: dict[str, Any] = {"slices": [_plain(header) for header in slice_headers(dataset)]}
        if dataset.get("Modality") == "MR":
            placed["acquisition"] = asdict(_acquisition(dataset))
        return placed
    except GeometryError as error:
        return {"problem": error.detail}


def _plain(header: SliceHeader) -> dict[str, Any]:
    return {n: list(value) if isinstance(value, tuple) else value for n, value in vars(header).items()}


def _acquisition(dataset: Dataset) -> Acquisition:
    """How an MR instance was measured, of several frames the first."""
    frames = [
        list(dataset.get(f"{which}FunctionalGroupsSequence") or [])[:1] for which in ("PerFrame", "Shared")
    ]
    groups = _Groups([*frames[0], *frames[1], dataset])

    def first(*keywords: str) -> float | None:
        try:
            return next((n for n in (groups.number(k) for k in keywords) if n is not None), None)
        except GeometryError:
            return None  # places nothing, so it refuses nothing

    agent = str(dataset.get("ContrastBolusAgent") or "")
    return Acquisition(
        agent=names_agent(agent) or bool(dataset.get("ContrastBolusAgentSequence")),
        repetition_ms=first("RepetitionTime"),
        echo_ms=first("EchoTime", "EffectiveEchoTime"),
        inversion_ms=first("InversionTime", "InversionTimes"),
        b_value=first("DiffusionBValue"),
    )


class _Groups:
    """Attributes looked up in a frame's functional groups, then in the shared ones, then in the data set."""

    def __init__(self, sources: list[Dataset]) -> None:
        self.sources = sources

    def get(self, keyword: str) -> Any:
        for source in self.sources:
            if source.get(keyword) not in (None, ""):
                return source.get(keyword)
            for group in _GROUPS:
                items = source.get(group)
                if items and items[0].get(keyword) not in (None, ""):
                    return items[0].get(keyword)
        return None

    def number(self, keyword: str) -> float | None:
        value = self.get(keyword)
        if value is not None and not isinstance(value, (str, float, int)):
            value = next(iter(value), None)
        try:
            number = None if value is None else float(value)
        except ValueError as error:
            raise GeometryError(f"{keyword} is not a number") from error
        return number if number is None or math.isfinite(number) else None

    def numbers(self, keyword: str, count: int) -> tuple[float, ...]:
        value = self.get(keyword)
        try:
            numbers = tuple(float(v) for v in value) if value is not None else ()
        except (TypeError, ValueError) as error:
            raise GeometryError(f"{keyword} is not made of numbers") from error
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise GeometryError(f"{keyword} has {len(numbers)} values, not {count}")
        return numbers


_GROUPS = (
        "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence", "FrameVOILUTSequence",
        "PixelValueTransformationSequence", "CTPixelValueTransformationSequence", "CTImageFrameTypeSequence",
        "MRImageFrameTypeSequence", "MRTimingAndRelatedParametersSequence", "MREchoSequence",
        "MRModifierSequence", "MRDiffusionSequence",
)  # fmt: skip
"""Functional group macros that hold what a slice's own data set would (PS3.3 C.7.6.16.2)."""


def _header(dataset: Dataset, groups: _Groups, frame: int) -> SliceHeader:
    spacing_j, spacing_i = groups.numbers("PixelSpacing", 2)
    if min(spacing_i, spacing_j) <= 0:
        raise GeometryError(f"pixel spacing {spacing_i} × {spacing_j} mm is not positive")
    x, y, z = groups.numbers("ImagePositionPatient", 3)
    slope, intercept = groups.number("RescaleSlope"), groups.number("RescaleIntercept")
    centre, width = groups.number("WindowCenter"), groups.number("WindowWidth")
    modality = str(dataset.get("Modality") or "")
    return SliceHeader(
        sop_instance_uid=str(dataset.get("SOPInstanceUID") or ""),
        frame=frame,
        modality=modality,
        image_type=tuple(
            str(v).strip().upper() for v in _several(groups.get("FrameType") or groups.get("ImageType"))
        ),
        instance_number=int(groups.number("InstanceNumber") or 0),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID") or ""),
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        spacing_ij_mm=(spacing_i, spacing_j),
        position_lps_mm=(x, y, z),
        orientation=groups.numbers("ImageOrientationPatient", 6),
        thickness_mm=groups.number("SliceThickness"),
        slope=_pet_factor(dataset) * (1.0 if slope is None else slope),
        intercept=_pet_factor(dataset) * (0.0 if intercept is None else intercept),
        has_rescale=slope is not None and intercept is not None,
        bits_stored=int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 16),
        signed=int(dataset.get("PixelRepresentation") or 0) == 1,
        unit=_unit(dataset, modality),
        window=None if centre is None or width is None or width <= 0 else (centre, width),
    )


def _several(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _unit(dataset: Dataset, modality: str) -> str:
    if modality == "CT":
        return "HU"
    if modality != "PT":
        return ""
    return "SUV" if suv_factor(dataset) is not None else str(dataset.get("Units") or "")


def _pet_factor(dataset: Dataset) -> float:
    if dataset.get("Modality") != "PT":
        return 1.0
    factor = suv_factor(dataset)
    return 1.0 if factor is None else factor


def suv_factor(dataset: Dataset) -> float | None:
    """What turns rescaled PET values into body-weight SUV (g/ml); None where the header does not allow it.

    Units GML are SUV already.  Units BQML, decay-corrected to the start of the scan, are divided by the
    injected activity at that start per gram of body weight (QIBA FDG-PET profile).  Philips CNTS carry the
    factor in the private element (7053,1000).
    """
    units = str(dataset.get("Units") or "").upper()
    if units == "GML":
        return 1.0
    if units == "CNTS" and (0x7053, 0x1000) in dataset:
        return _number(dataset[0x7053, 0x1000].value)
    if units != "BQML" or dataset.get("DecayCorrection") not in {"START", "ADMIN"}:
        return None
    source = next(iter(dataset.get("RadiopharmaceuticalInformationSequence") or []), None)
    weight_kg = _number(dataset.get("PatientWeight"))
    if source is None or weight_kg is None:
        return None
    activity_bq = _number(source.get("RadionuclideTotalDose"))
    half_life_s = _number(source.get("RadionuclideHalfLife"))
    waited_s = 0.0 if dataset.DecayCorrection == "ADMIN" else _waited_s(dataset, source)
    if activity_bq is None or half_life_s is None or waited_s is None:
        return None
    return weight_kg * 1000 / (activity_bq * 2 ** (-waited_s / half_life_s))


def _waited_s(dataset: Dataset, source: Dataset) -> float | None:
    """Seconds from injection to the start of the series, by times of day; past midnight is a day later."""
    started = _seconds(str(dataset.get("SeriesTime") or dataset.get("AcquisitionTime") or ""))
    injected = _seconds(str(source.get("RadiopharmaceuticalStartTime") or ""))
    if started is None or injected is None:
        injected = _seconds(str(source.get("RadiopharmaceuticalStartDateTime") or "")[8:])
    return None if started is None or injected is None else (started - injected) % 86400


def _seconds(time: str) -> float | None:
    match = re.match(r"(\d\d)(\d\d)(\d\d(?:\.\d+)?)", time)
    return None if match is None else int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None
