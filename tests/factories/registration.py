"""Spatial registrations of synthetic patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import generate_uid
from scipy.spatial.transform import Rotation

from tests.factories.dicom import Ids, make_instance

REG = "1.2.840.10008.5.1.4.1.1.66.1"


def matrix_of(
    degrees_xyz: tuple[float, float, float], shift_mm: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    """A 4×4 matrix that turns about x, y and z, and then shifts."""
    made = np.eye(4)
    made[:3, :3] = Rotation.from_euler("xyz", degrees_xyz, degrees=True).as_matrix()
    made[:3, 3] = shift_mm
    return made


def make_reg(
    registered: str,
    items: Sequence[tuple[Any, ...]],
    *,
    like: Dataset | None = None,
    date: str = "20260103",
    label: str = "RIGID",
) -> Dataset:
    """A registration into a frame of reference; items are (frame, matrix or list of them or None, type).

    In place of a frame may stand images, by which an item then says which frame it is of.
    It is of the patient and in the study of the data set `like`.
    """
    seed = f"{registered} {items!r} {date} {label}"
    ids = Ids.fresh("registration")
    if like is not None:
        ids = Ids(like.StudyInstanceUID, ids.series, registered, like.PatientID, str(like.PatientName))
    series = generate_uid(entropy_srcs=[seed, ids.study, ids.patient])
    made = make_instance(REG, "REG", Ids(ids.study, series, registered, ids.patient, ids.name), "reg")
    made.ContentLabel, made.ContentDate, made.ContentTime = label, date, "120000"
    made.RegistrationSequence = DicomSequence([_item(*item) for item in items])
    return made


def _item(frame: str | list[Dataset], matrices: Any, kind: str = "RIGID") -> Dataset:
    item, registration = Dataset(), Dataset()
    if isinstance(frame, str):
        item.FrameOfReferenceUID = frame
    else:
        item.ReferencedImageSequence = DicomSequence([_reference(one) for one in frame])
    registration.MatrixSequence = DicomSequence(
        [_matrix(one, kind) for one in (matrices if isinstance(matrices, list) else [matrices])]
    )
    item.MatrixRegistrationSequence = DicomSequence([registration])
    return item


def _reference(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def _matrix(matrix: Any, kind: str) -> Dataset:
    item = Dataset()
    item.FrameOfReferenceTransformationMatrixType = kind
    if matrix is not None:
        item.FrameOfReferenceTransformationMatrix = [f"{v:.10g}"[:16] for v in np.asarray(matrix).ravel()]
    return item
