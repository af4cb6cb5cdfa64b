"""Spatial Registration (PS3.3 A.39.1) read as rigid transforms between frames of reference.

The object's own Frame of Reference UID names the registered frame; each item of its Registration Sequence
takes points of the frame that it names into that one.  What cannot be used is named in a finding; the rest
counts.

Direction: an item "defines a spatial registration of the images referenced in that Item to the Registered
RCS" (PS3.3 2025a C.20.2), its matrix AMB takes a point with respect to RCS B into one with respect to RCS A
(C.20.2.1.1), and the fourth column is the origin of B with respect to A (PS3.17 P): from the item's frame to
the object's.  A deformable registration is the other way round (C.20.3.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator
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
    findings: tuple[GeometryFinding, ...]
    """What of it is not applied."""


def read_registration(dataset: Dataset) -> SpatialRegistration:
    """The rigid transforms of a Spatial Registration; of a deformable one none, which a finding says.

    DicomError when it is something else.
    """
    kind = str(dataset.get("SOPClassUID", ""))
    if kind not in (REG, DEFORMABLE_REG):
        raise DicomError("not a spatial registration")
    found, findings = _Found(text(dataset, "FrameOfReferenceUID")), []
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
        findings=tuple(findings),
    )


def linked_frames(dataset: Dataset) -> frozenset[str]:
    """UIDs of all frames of reference that a registration names, whatever its matrices are."""
    named = {text(dataset, "FrameOfReferenceUID")}
    named |= {text(item, "FrameOfReferenceUID") for item in _items(dataset, "RegistrationSequence")}
    for item in _items(dataset, "DeformableRegistrationSequence"):
        named.add(text(item, "SourceFrameOfReferenceUID"))
    return frozenset(named - {""})


class _Found:
    """The transforms found so far into one registered frame."""

    def __init__(self, registered: str) -> None:
        self.registered = registered
        self.transforms: dict[str, RigidTransform] = {}
        self.unclear: set[str] = set()

    def read(self, dataset: Dataset) -> Iterator[GeometryFinding]:
        """Take in all items; what is wrong with them."""
        items = _items(dataset, "RegistrationSequence")
        if not self.registered or not items:
            detail = "it names no registered frame of reference or no item"
            yield GeometryFinding("registration-incomplete", detail, "warning")
            return
        for number, item in enumerate(items, start=1):
            try:
                source, transform = text(item, "FrameOfReferenceUID"), _transform(item)
                yield from self.add(number, source, transform)
            except RegistrationError as error:
                yield GeometryFinding(error.slug, f"item {number} is not applied: {error.detail}", "warning")
            except DicomError as error:
                yield GeometryFinding(
                    "registration-incomplete", f"item {number} is not applied: {error}", "warning"
                )

    def add(self, number: int, source: str, transform: RigidTransform) -> Iterator[GeometryFinding]:
        """Take in the transform of an item."""
        if not source:
            raise DicomError("missing", where="Frame of Reference UID")
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
