"""Spatial Registration (PS3.3 A.39.1) read as rigid transforms between frames of reference.

The object's own Frame of Reference UID names the registered frame; each item of its Registration Sequence
takes points of the frame that it names into that one.  What cannot be used is named in a finding; the rest
counts.

Direction: an item "defines a spatial registration of the images referenced in that Item to the Registered
RCS" (PS3.3 2025a C.20.2), its matrix AMB takes a point with respect to RCS B into one with respect to RCS A
(C.20.2.1.1), and the fourth column is the origin of B with respect to A (PS3.17 P): from the item's frame to
the object's.  A deformable registration is the other way round (C.20.3.1.1).

An item that names images and no frame of reference is of the frame that these are in, or the series that
the object says they lie in (C.12.2); who reads it says which that is.  Images of no frame of reference, of
which the standard takes the first pixel as the origin (PS3.17 O.1), are not moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.kinds import DEFORMABLE_REG, REG
from rt.dicom.outgoing import plain_text
from rt.dicom.parse import PARSER_FAILURES, text
from rt.dicom.series import GeometryFinding
from rt.errors import DicomError, RegistrationError
from rt.geometry import Grid
from rt.registration import RigidTransform

STILL_MM = 0.01
"""Movement below which a frame counts as left where it is."""
MOST_IMAGES = 500
"""Of an item's images; all are in one frame of reference."""
_BODY = Grid.of((2, 2, 2), (500.0, 500.0, 500.0), (-250.0, -250.0, -250.0), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""Its corners are where two transforms of one frame are compared."""


@dataclass(frozen=True)
class SpatialRegistration:
    """What a registration says of frames of reference."""

    sop_instance_uid: str
    frame_of_reference_uid: str
    """The registered frame."""
    label: str
    content_date: str
    """DA, or empty."""
    content_time: str
    """TM, or empty."""
    transforms: dict[str, RigidTransform]
    """By UID of the frame that it takes points from, into the registered one."""
    images_missing: bool
    """Whether an item names images of which it was not told where they lie."""
    findings: tuple[GeometryFinding, ...]
    """What of it is not applied."""


NO_FRAMES: Mapping[str, str] = {}


def read_registration(dataset: Dataset, frames: Mapping[str, str] = NO_FRAMES) -> SpatialRegistration:
    """The rigid transforms of a Spatial Registration; of a deformable one none, which a finding says.

    `frames` tells the frame of reference of the images and series of `named_images` that are known, by
    their UIDs; empty for those that have none.  DicomError when it is something else.
    """
    kind = str(dataset.get("SOPClassUID", ""))
    if kind not in (REG, DEFORMABLE_REG):
        raise DicomError("not a spatial registration")
    found, findings = _Found(text(dataset, "FrameOfReferenceUID"), frames), []
    if kind == DEFORMABLE_REG:
        findings.append(
            GeometryFinding("registration-deformable", "a deformable registration is not applied", "warning")
        )
    else:
        findings += found.read(dataset)
    label = text(dataset, "ContentLabel") or text(dataset, "SeriesDescription")
    return SpatialRegistration(
        sop_instance_uid=text(dataset, "SOPInstanceUID"),
        frame_of_reference_uid=found.registered,
        label=plain_text(label, 64),
        content_date="".join(filter(str.isdigit, text(dataset, "ContentDate")))[:8],
        content_time=text(dataset, "ContentTime")[:16],
        transforms=found.transforms,
        images_missing=found.images_missing,
        findings=tuple(findings),
    )


def linked_frames(dataset: Dataset) -> frozenset[str]:
    """UIDs of all frames of reference that a registration names, whatever its matrices are."""
    named = {text(dataset, "FrameOfReferenceUID")}
    named |= {text(item, "FrameOfReferenceUID") for item in _items(dataset, "RegistrationSequence")}
    for item in _items(dataset, "DeformableRegistrationSequence"):
        named.add(text(item, "SourceFrameOfReferenceUID"))
    return frozenset(named - {""})


@dataclass(frozen=True)
class NamedImages:
    """Images by which items of a registration say which frame of reference they are of."""

    sop_instance_uids: frozenset[str]
    series_instance_uids: frozenset[str]
    """The series that the object says they lie in."""


def named_images(dataset: Dataset) -> NamedImages:
    """The images of the items that name no frame of reference."""
    items = [one for one in _items(dataset, "RegistrationSequence") if not text(one, "FrameOfReferenceUID")]
    images = frozenset(uid for item in items for uid in _images(item))
    return NamedImages(images, _series_of(dataset, images))


def _images(item: Dataset) -> list[str]:
    uids = {text(one, "ReferencedSOPInstanceUID") for one in _items(item, "ReferencedImageSequence")}
    return sorted(uids - {""})[:MOST_IMAGES]


def _series_of(dataset: Dataset, images: Collection[str]) -> frozenset[str]:
    """The series that a registration says images lie in (Common Instance Reference, PS3.3 C.12.2)."""
    places = [dataset, *_items(dataset, "StudiesContainingOtherReferencedInstancesSequence")]
    found = set()
    for series in (one for place in places for one in _items(place, "ReferencedSeriesSequence")):
        held = _items(series, "ReferencedInstanceSequence")
        if any(text(one, "ReferencedSOPInstanceUID") in images for one in held):
            found.add(text(series, "SeriesInstanceUID"))
    return frozenset(found - {""})


class _Found:
    """The transforms found so far into one registered frame."""

    def __init__(self, registered: str, frames: Mapping[str, str]) -> None:
        self.registered = registered
        self.frames = frames
        self.transforms: dict[str, RigidTransform] = {}
        self.unclear: set[str] = set()
        self.images_missing = False

    def read(self, dataset: Dataset) -> Iterator[GeometryFinding]:
        """Take in all items; what is wrong with them."""
        items = _items(dataset, "RegistrationSequence")
        if not self.registered or not items:
            detail = "it names no registered frame of reference or no item"
            yield GeometryFinding("registration-incomplete", detail, "warning")
            return
        for number, item in enumerate(items, start=1):
            try:
                transform = _transform(item)
                source = text(item, "FrameOfReferenceUID") or self.frame_of_images(dataset, item)
                if source is None:
                    self.images_missing = True
                    detail = f"item {number} is of images that are not here, and names no frame of reference"
                    yield GeometryFinding("registration-awaits-images", detail, "warning")
                else:
                    yield from self.add(number, source, transform)
            except RegistrationError as error:
                yield GeometryFinding(error.slug, f"item {number} is not applied: {error.detail}", "warning")
            except DicomError as error:
                yield GeometryFinding(
                    "registration-incomplete", f"item {number} is not applied: {error}", "warning"
                )

    def frame_of_images(self, dataset: Dataset, item: Dataset) -> str | None:
        """The frame of reference of an item's images; None while nothing is known of them."""
        images = _images(item)
        if not images:
            raise DicomError("missing", where="Frame of Reference UID and Referenced Image Sequence")
        told = {self.frames[uid] for uid in images if uid in self.frames}
        told = told or {self.frames[uid] for uid in _series_of(dataset, images) if uid in self.frames}
        if len(told) > 1:
            raise DicomError(f"its images are in {len(told)} frames of reference")
        if told == {""}:
            raise DicomError("its images are in no frame of reference")
        return next(iter(told), None)

    def add(self, number: int, source: str, transform: RigidTransform) -> Iterator[GeometryFinding]:
        """Take in the transform of an item."""
        known = self.transforms.get(source)
        if source == self.registered:
            known = RigidTransform.identity()
        if known is None and source not in self.unclear:
            self.transforms[source] = transform
        elif known is not None and transform.disagreement_mm(known, _BODY) > STILL_MM:
            self.transforms.pop(source, None)
            self.unclear.add(source)
            detail = (
                f"item {number} moves frame of reference {source} otherwise than the object does elsewhere"
            )
            yield GeometryFinding("registration-incomplete", f"{detail}; neither is applied", "warning")


def _transform(item: Dataset) -> RigidTransform:
    """All matrices of an item as one, the first item applied first; their type is checked by their values.

    "The Item order is significant and corresponds to matrix multiplication order" (PS3.3 C.20.2), which
    Equation C.20.2-2 gives for M1, M2 and M3 as the first, second and third items: M3·M2·M1 on a point's
    column.  The equation is a picture in the copies that were at hand; it is read so by vtk-dicom
    (vtkDICOMTransformReader multiplies after what came before) and in discourse.slicer.org/t/41636, which
    also tells that SlicerRT multiplies the other way.
    """
    composed, count = RigidTransform.identity(), 0
    for registration in _items(item, "MatrixRegistrationSequence"):
        for one in _items(registration, "MatrixSequence"):
            composed = _rigid(one).after(composed)
            count += 1
    if not count:
        raise DicomError("missing", where="Frame of Reference Transformation Matrix")
    return composed


def _rigid(item: Dataset) -> RigidTransform:
    """The matrix of an item; one that is called RIGID_SCALE or AFFINE where it is rigid all the same."""
    value = item.get("FrameOfReferenceTransformationMatrix")
    if value is None or isinstance(value, str):
        raise DicomError("missing", where="Frame of Reference Transformation Matrix")
    try:
        return RigidTransform.from_matrix([float(v) for v in value])
    except RegistrationError as error:
        kind = text(item, "FrameOfReferenceTransformationMatrixType")
        raise RegistrationError(f"{plain_text(kind, 16) or 'no type'}: {error.detail}") from error
    except PARSER_FAILURES as error:
        raise DicomError("no numbers", where="Frame of Reference Transformation Matrix") from error


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    value = dataset.get(keyword)
    return list(value) if isinstance(value, DicomSequence) else []
