"""RTSTRUCT read into structures (PS3.3 A.19), and the check that it belongs to an image.

Reading joins StructureSetROI, ROIContour and RTROIObservations by ROINumber and keeps every ROI,
drawn or not.  A contour that cannot be (no number, no triples) is left out and named in a warning; what makes
it unclear whose contours are whose refuses the whole set.  Writing is in rtstruct_writer; its names are also
found here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import RTStructureSetStorage

from rt.contours import ContourWarning
from rt.dicom.contour_data import (
    NAMED_CONTOURS,
    Contour,
    contours_from_json,
    contours_to_json,
    fill_contours,
)
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, plain_text, write_bytes
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.errors import DicomError, DicomReferenceError, StructureSetError

__all__ = [
    "Contour",
    "ObjectHeader",
    "Roi",
    "SeriesReference",
    "StructureOut",
    "StructureSetContent",
    "check_reference",
    "check_rtstruct",
    "contours_from_json",
    "contours_to_json",
    "fill_contours",
    "read_rtstruct",
    "select_frame",
    "select_series",
    "write_bytes",
    "write_rtstruct",
]

DEFAULT_COLOURS = ("#ff5050", "#50c850", "#5090ff", "#ffd040", "#c060ff", "#40d0d0", "#ff9040", "#b0b0b0")
"""Colours of ROIs that come without one, by number."""
LARGEST_NUMBER = 2**31 - 1
"""Of an integer string (PS3.5 6.2)."""


@dataclass(frozen=True)
class Roi:
    """One structure of a structure set."""

    number: int
    name: str
    colour: str
    """#rrggbb; a stable default where the file gives none."""
    kind: str
    """RT ROI Interpreted Type, "" where the file gives none."""
    frame_of_reference_uid: str | None
    contours: tuple[Contour, ...]
    description: str = ""


@dataclass(frozen=True)
class ReferencedSeries:
    """A series that a structure set says it is drawn on."""

    series_instance_uid: str
    frame_of_reference_uid: str | None
    sop_instance_uids: frozenset[str]


@dataclass(frozen=True)
class StructureSetContent:
    """What an RTSTRUCT says."""

    sop_instance_uid: str
    label: str
    patient_id: str
    frame_of_reference_uid: str | None
    referenced_series: tuple[ReferencedSeries, ...]
    approval_status: str
    rois: tuple[Roi, ...]
    warnings: tuple[ContourWarning, ...]

    @property
    def referenced_series_uid(self) -> str | None:
        """The first series it refers to, if any."""
        return self.referenced_series[0].series_instance_uid if self.referenced_series else None

    @property
    def referenced_sop_instance_uids(self) -> frozenset[str]:
        """Every image that a contour refers to."""
        uids = (c.referenced_sop_instance_uid for roi in self.rois for c in roi.contours)
        return frozenset(uid for uid in uids if uid)


def read_rtstruct(dataset: Dataset, *, contours: bool = True) -> StructureSetContent:
    """The structures of an RTSTRUCT, without the contours that cannot be; these are in the warnings.

    Without `contours` every structure is read as if nothing were drawn, which takes no time.

    Raises
    ------
    StructureSetError
        When a ROI number is missing or used twice, or none of the contours that it has can be read.
    DicomError
        When it is something else.
    """
    return _read(dataset, _Drawing() if contours else None)


def check_rtstruct(dataset: Dataset) -> tuple[ContourWarning, ...]:
    """The warnings of `read_rtstruct`, or what it raises; no contour is kept in memory."""
    return _read(dataset, _Drawing(keep=False)).warnings


def _read(dataset: Dataset, drawing: _Drawing | None) -> StructureSetContent:
    if _text(dataset, "Modality") != "RTSTRUCT" and dataset.get("SOPClassUID") != RTStructureSetStorage:
        raise DicomError("not an RT structure set")
    references = tuple(_referenced_series(dataset))
    items = _numbered(dataset, "StructureSetROISequence", "ROINumber")
    drawn = _numbered(dataset, "ROIContourSequence", "ReferencedROINumber") if drawing else {}
    observed = _observed(dataset)
    rois = [_read_roi(n, item, (drawn.get(n), observed.get(n)), drawing) for n, item in items.items()]
    lost = [n for n, item in sorted(drawn.items()) if n not in items and _items(item, "ContourSequence")]
    if drawing is not None:
        drawing.check(lost)
    frames = [r.frame_of_reference_uid for r in references] + [r.frame_of_reference_uid for r in rois]
    return StructureSetContent(
        sop_instance_uid=_text(dataset, "SOPInstanceUID"),
        label=_text(dataset, "StructureSetLabel"),
        patient_id=_text(dataset, "PatientID"),
        frame_of_reference_uid=next(filter(None, [*frames, _text(dataset, "FrameOfReferenceUID")]), None),
        referenced_series=references,
        approval_status=_text(dataset, "ApprovalStatus"),
        rois=tuple(rois),
        warnings=tuple(drawing.warnings) if drawing else (),
    )


def select_series(content: StructureSetContent, series_uid: str) -> StructureSetContent:
    """The content without the contours that refer to images of another referenced series."""
    others = [r for r in content.referenced_series if r.series_instance_uid != series_uid]
    mine = [r for r in content.referenced_series if r.series_instance_uid == series_uid]
    if not others or not mine:
        return content
    foreign = frozenset().union(*(r.sop_instance_uids for r in others)) - mine[0].sop_instance_uids
    frame = mine[0].frame_of_reference_uid or content.frame_of_reference_uid
    rois = tuple(
        replace(roi, contours=tuple(c for c in roi.contours if c.referenced_sop_instance_uid not in foreign))
        for roi in content.rois
        if roi.frame_of_reference_uid in (None, frame)
    )
    return replace(content, rois=rois, referenced_series=tuple(mine), frame_of_reference_uid=frame)


def select_frame(content: StructureSetContent, frame_of_reference_uid: str) -> StructureSetContent:
    """The content without the structures that are in another frame of reference (3006,0024)."""
    mine = (None, frame_of_reference_uid)
    return replace(content, rois=tuple(roi for roi in content.rois if roi.frame_of_reference_uid in mine))


def check_reference(
    content: StructureSetContent,
    patient_id: str,
    frame_of_reference_uid: str,
    series_uid: str,
    sop_uids: Iterable[str],
) -> tuple[ContourWarning, ...]:
    """Warnings about references that geometry can replace; DicomReferenceError names what must not differ.

    Refused: another patient, another frame of reference of the series or of every structure, another series.
    Structures of another frame beside others of the image's are left to the caller (`select_frame`).  Warned
    of: contours whose image is not in the series although the series is right; their coordinates place them.
    """
    if content.patient_id.strip() != patient_id.strip():
        raise DicomReferenceError("the structure set belongs to another patient ID")
    if len(content.referenced_series) > 1:
        content = select_series(content, series_uid)
    named = [r.series_instance_uid for r in content.referenced_series]
    if named and series_uid not in named:
        raise DicomReferenceError(f"the structure set is drawn on series {named[0]}, not on {series_uid}")
    if other := _other_frame(content, frame_of_reference_uid):
        raise DicomReferenceError(
            f"the structure set is in frame of reference {other}, the image in {frame_of_reference_uid}"
        )
    used = select_frame(content, frame_of_reference_uid).referenced_sop_instance_uids
    unknown = used - frozenset(sop_uids)
    if unknown and not named and unknown == used:
        raise DicomReferenceError(f"the contours refer to image {min(unknown)}, which is not in the series")
    if not unknown:
        return ()
    return (ContourWarning("contours-of-unknown-images", f"{len(unknown)} images are not in the series"),)


def _other_frame(content: StructureSetContent, frame_of_reference_uid: str) -> str | None:
    """The frame of reference of a structure set of which nothing is in this one."""
    of_series = {r.frame_of_reference_uid for r in content.referenced_series} - {None}
    of_rois = {roi.frame_of_reference_uid or content.frame_of_reference_uid for roi in content.rois} - {None}
    named = {content.frame_of_reference_uid} - {None}
    for frames in (of_series, of_rois or named):
        if frames and frame_of_reference_uid not in frames:
            return min(str(frame) for frame in frames)
    return None


@dataclass
class _Drawing:
    """Reads the contours of one structure after the other and remembers which cannot be."""

    keep: bool = True
    """Whether they are wanted, or only looked at."""
    warnings: list[ContourWarning] = field(default_factory=list)
    usable: int = 0

    def of(self, name: str, items: Sequence[Dataset]) -> tuple[Contour, ...]:
        """The contours of a structure that have points."""
        kept: list[Contour] = []
        wrong: dict[str, list[int]] = defaultdict(list)
        for number, item in enumerate(items, start=1):
            try:
                contour = _read_contour(item)
                if not len(contour.points_mm):
                    continue  # nothing was drawn here
            except DicomError as error:
                wrong[error.detail].append(number)
                continue
            self.usable += 1
            if self.keep:
                kept.append(contour)
        for problem, numbers in wrong.items():
            which = ", ".join(map(str, numbers[:NAMED_CONTOURS]))
            more = f" and {len(numbers) - NAMED_CONTOURS} more" if len(numbers) > NAMED_CONTOURS else ""
            detail = f"{name}: contour {which}{more} of {len(items)}: {problem}"
            named = tuple(numbers[:NAMED_CONTOURS])
            self.warnings.append(ContourWarning("contour-impossible", detail, name, named))
        return tuple(kept)

    def check(self, lost: Sequence[int]) -> None:
        """StructureSetError when there were contours and none is left; `lost` are those of no structure."""
        self.warnings += [
            ContourWarning("contours-without-structure", f"contours of ROI {number}, which is not there")
            for number in lost
        ]
        if self.warnings and not self.usable:
            raise StructureSetError(f"none of its contours can be read: {self.warnings[0].detail}")


def _read_roi(
    number: int, item: Dataset, joined: tuple[Dataset | None, Dataset | None], drawing: _Drawing | None
) -> Roi:
    """A structure of its item, and of the items of contours and of observations that name it."""
    drawn, observed = joined
    name = _text(item, "ROIName") or f"ROI {number}"
    items = () if drawn is None else _items(drawn, "ContourSequence")
    return Roi(
        number=number,
        name=name,
        colour=_colour(drawn) or DEFAULT_COLOURS[number % len(DEFAULT_COLOURS)],
        kind="" if observed is None else _text(observed, "RTROIInterpretedType"),
        frame_of_reference_uid=_text(item, "ReferencedFrameOfReferenceUID") or None,
        contours=drawing.of(plain_text(name, 64), items) if drawing else (),
        description=_text(item, "ROIDescription"),
    )


def _numbered(dataset: Dataset, sequence: str, keyword: str) -> dict[int, Dataset]:
    """The items of a sequence by their ROI number, which each must have for itself."""
    found: dict[int, Dataset] = {}
    for position, item in enumerate(_items(dataset, sequence), start=1):
        number = _number(item, keyword)
        where = f"{sequence} item {position}"
        if name := plain_text(_text(item, "ROIName"), 64):
            where += f" ({name})"
        if number is None:
            raise StructureSetError(f"{keyword} is missing or no number", where=where)
        if number in found:
            raise StructureSetError(f"ROI number {number} is used twice", where=where)
        found[number] = item
    return found


def _observed(dataset: Dataset) -> dict[int, Dataset]:
    """Observations by the number of their structure: the first of several, none that names no structure."""
    found: dict[int, Dataset] = {}
    for item in _items(dataset, "RTROIObservationsSequence"):
        number = _number(item, "ReferencedROINumber")
        if number is not None:
            found.setdefault(number, item)
    return found


def _read_contour(item: Dataset) -> Contour:
    images = _items(item, "ContourImageSequence")
    uid = _text(images[0], "ReferencedSOPInstanceUID") if images else ""
    kind = _text(item, "ContourGeometricType") or "CLOSED_PLANAR"
    return Contour(_contour_text(item), kind, uid or None)


def _contour_text(item: Dataset) -> str:
    """ContourData as the file has it, also where it is stored as unknown VR."""
    element: Any = item.get_item("ContourData")
    if element is None:
        return ""
    if isinstance(element, RawDataElement) and element.value is None:
        element = item["ContourData"]
    value = element.value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("ascii", errors="replace").rstrip(" \0")
    if isinstance(value, str | float):
        return str(getattr(value, "original_string", value))
    return "\\".join(str(getattr(v, "original_string", v)).strip() for v in value)


def _referenced_series(dataset: Dataset) -> Iterable[ReferencedSeries]:
    for frame in _items(dataset, "ReferencedFrameOfReferenceSequence"):
        uid = _text(frame, "FrameOfReferenceUID") or None
        for study in _items(frame, "RTReferencedStudySequence"):
            for series in _items(study, "RTReferencedSeriesSequence"):
                images = _items(series, "ContourImageSequence")
                sops = frozenset(_text(image, "ReferencedSOPInstanceUID") for image in images)
                yield ReferencedSeries(_text(series, "SeriesInstanceUID"), uid, sops)


def _colour(drawn: Dataset | None) -> str | None:
    if drawn is None:
        return None
    try:
        red, green, blue = (min(max(int(v), 0), 255) for v in drawn["ROIDisplayColor"].value)
    except (KeyError, TypeError, ValueError):
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    value = dataset.get(keyword)
    if value is None:
        return ()
    if not isinstance(value, DicomSequence):
        raise StructureSetError("not a sequence", where=keyword)
    return list(value)


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip()


def _number(dataset: Dataset, keyword: str) -> int | None:
    try:
        number = int(dataset[keyword].value)
    except (KeyError, TypeError, ValueError):
        return None
    return number if abs(number) <= LARGEST_NUMBER else None
