"""What a written object says when it is read again, structure by structure, beside what was drawn.

The bytes go through the reader that everything goes through which comes in; nothing is taken from the writer.
Findings say what the reader stumbled over, and what the profile's system is known not to take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from rt.contours import ContourWarning, WarningSlug, contoured_volume_cc
from rt.dicom.contour_data import enclosing, fill_contours
from rt.dicom.keyholes import join_contours
from rt.dicom.outgoing import SeriesReference, StructureOut
from rt.dicom.parse import parse_instance
from rt.dicom.profiles import ExportProfile
from rt.dicom.rtstruct import Roi, read_rtstruct
from rt.dicom.rtstruct_writer import LONGEST_EXPLICIT, moved_to_slices
from rt.dicom.seg import Segment, read_seg
from rt.errors import DicomError
from rt.geometry import Grid
from rt.masks import Mask, volume_cc
from rt.metrics import dice, surface_distances

ProfileSlug = Literal[
    "name-too-long", "names-alike", "contour-many-points", "contour-implicit-vr", "contours-moved-to-slices"
]


@dataclass(frozen=True)
class ExportFinding:
    """Something that whoever sends a structure should know."""

    slug: ProfileSlug | WarningSlug
    detail: str
    values: dict[str, str | int | float] = field(default_factory=dict)
    """The names and numbers of `detail`, for a sentence in another language."""


MOVED_TO_SLICES = ExportFinding(
    "contours-moved-to-slices",
    "its contours came between the slices; it was edited, so all of it is written on the slices",
)


@dataclass(frozen=True)
class ReadBack:
    """One structure as it was read from what was written."""

    number: int
    name: str
    drawn_cc: float
    """Volume of the voxels that were to be written, in cm³."""
    read_cc: float
    """Volume of the voxels that were read."""
    enclosed_cc: float | None
    """Volume within all contours of the file, also outside the image; None of a segmentation."""
    dice: float
    """Of the voxels drawn and read; 1 where they are the same."""
    hausdorff_mm: float | None
    """Largest distance between their surfaces; None where one of them has none."""
    contours: int
    points: int
    findings: tuple[ExportFinding, ...]


def read_back_rtstruct(
    data: bytes, series: SeriesReference, structures: Sequence[StructureOut], profile: ExportProfile
) -> tuple[ReadBack, ...]:
    """Each structure of an RTSTRUCT's bytes beside its mask; RtError when the bytes cannot be read."""
    rois = {roi.number: roi for roi in read_rtstruct(parse_instance(data).dataset).rois}
    alike = Counter(_shown(roi.name, profile) for roi in rois.values())
    read = [_of_roi(_found(rois, one), one, series.grid, profile, alike) for one in structures]
    return tuple(
        replace(row, findings=(MOVED_TO_SLICES, *row.findings)) if moved_to_slices(one, series) else row
        for row, one in zip(read, structures, strict=True)
    )


def read_back_seg(
    data: bytes, series: SeriesReference, structures: Sequence[StructureOut]
) -> tuple[ReadBack, ...]:
    """Each structure of a segmentation's bytes, in the order of its segments, beside its mask."""
    segments = {
        segment.number: segment for segment in read_seg(parse_instance(data).dataset, series.grid).segments
    }
    return tuple(
        _of_segment(segments.get(number), one, series.grid) for number, one in enumerate(structures, 1)
    )


def _of_roi(
    roi: Roi, structure: StructureOut, grid: Grid, profile: ExportProfile, alike: Counter[str]
) -> ReadBack:
    filled = fill_contours(roi.contours, grid)
    closed = [contour.points_mm for contour in enclosing(roi.contours)]
    warnings = list(filled.warnings)
    if profile.holes == "keyhole":
        warnings += join_contours(roi.contours, grid)[1]
    found = [*_of_profile(roi, profile, alike), *(ExportFinding(w.slug, w.detail) for w in _once(warnings))]
    overlap, distance_mm = _agreement(structure.mask_kji, filled.mask_kji, grid)
    return ReadBack(
        number=roi.number,
        name=roi.name,
        drawn_cc=volume_cc(structure.mask_kji, grid),
        read_cc=volume_cc(filled.mask_kji, grid),
        enclosed_cc=contoured_volume_cc(closed, grid),
        dice=overlap,
        hausdorff_mm=distance_mm,
        contours=len(roi.contours),
        points=sum(len(contour.points_mm) for contour in roi.contours),
        findings=tuple(found),
    )


def _of_segment(segment: Segment | None, structure: StructureOut, grid: Grid) -> ReadBack:
    if segment is None:
        raise DicomError("the segmentation lacks a structure that was written", where=structure.name)
    mask = segment.mask_kji
    overlap, distance_mm = _agreement(structure.mask_kji, mask, grid)
    return ReadBack(
        number=segment.number,
        name=segment.label,
        drawn_cc=volume_cc(structure.mask_kji, grid),
        read_cc=volume_cc(mask, grid),
        enclosed_cc=None,
        dice=overlap,
        hausdorff_mm=distance_mm,
        contours=0,
        points=0,
        findings=(),
    )


def _agreement(drawn: Mask, read: Mask, grid: Grid) -> tuple[float, float | None]:
    """Dice, and the Hausdorff distance in mm (None where one of them is empty)."""
    if np.array_equal(drawn, read):
        return 1.0, 0.0 if drawn.any() else None
    if not drawn.any() or not read.any():
        return 0.0, None
    return dice(drawn, read), surface_distances(drawn, read, grid).hausdorff_mm(100.0)


def _of_profile(roi: Roi, profile: ExportProfile, alike: Counter[str]) -> Iterator[ExportFinding]:
    limit = profile.name_length
    shown = _shown(roi.name, profile)
    if len(roi.name) > limit:
        detail = f"{len(roi.name)} characters where {limit} are shown: {shown}"
        yield ExportFinding("name-too-long", detail, {"n": len(roi.name), "limit": limit, "name": shown})
    if alike[shown] > 1:
        yield ExportFinding("names-alike", f"{alike[shown]} structures are shown as {shown}", {"name": shown})
    longest = max((len(contour.points_mm) for contour in roi.contours), default=0)
    if profile.most_points is not None and longest > profile.most_points:
        detail = f"a contour of {longest} points where {profile.most_points} are taken"
        values: dict[str, str | int | float] = {"n": longest, "limit": profile.most_points}
        yield ExportFinding("contour-many-points", detail, values)
    size = max((len(contour.data) for contour in roi.contours), default=0)
    if size > LONGEST_EXPLICIT:
        detail = f"a contour of {size} bytes: the file is in implicit VR"
        yield ExportFinding("contour-implicit-vr", detail, {"n": size})


def _shown(name: str, profile: ExportProfile) -> str:
    return name[: profile.name_length]


def _once(warnings: Sequence[ContourWarning]) -> list[ContourWarning]:
    """The first warning of each kind."""
    return list({warning.slug: warning for warning in reversed(warnings)}.values())[::-1]


def _found(rois: dict[int, Roi], structure: StructureOut) -> Roi:
    roi = rois.get(structure.number)
    if roi is None:
        raise DicomError("the structure set lacks a structure that was written", where=structure.name)
    return roi
