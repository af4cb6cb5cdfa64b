"""A structure set of which one structure is in another frame of reference than the CT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.kit.db import session_scope
from backend.labels.service import load_mask
from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Series
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from tests.backend.studies.registered import sends
from tests.factories.dicom import Ids, make_ct_series, make_rtstruct
from tests.factories.registration import make_reg, matrix_of

__all__ = ["sends"]

SHAPE = (6, 24, 20)
OTHER = new_uid()
SHIFT = matrix_of((0.0, 0.0, 0.0), (0.0, 8.0, 0.0))
"""From the other frame to the CT's: rows of 2 mm."""
RING = [(5.0, 5.0), (10.0, 5.0), (10.0, 10.0), (5.0, 10.0)]
Sent = Callable[[list[Dataset]], list[tuple[str, str | None]]]


@pytest.fixture
def ct() -> list[Dataset]:
    return make_ct_series(SHAPE, ids=Ids.fresh("two frames"))


def mixed(ct: list[Dataset], *others: str) -> Dataset:
    """A parotid on the CT, and structures that say they are in the other frame."""
    dataset = make_rtstruct(
        ct, {"Parotis li": {2: RING, 3: RING}, **{name: {2: RING, 3: RING} for name in others}}
    )
    for item in dataset.StructureSetROISequence[1:]:
        item.ReferencedFrameOfReferenceUID = OTHER
    for item in dataset.ROIContourSequence[1:]:
        for contour in item.ContourSequence:
            del contour.ContourImageSequence
    return dataset


def made() -> dict[str, list[str]]:
    """Names by the label of their set."""
    with session_scope(read_only=True) as session:
        rows = session.execute(
            select(StructureSet.label, Structure.name)
            .join(Structure, Structure.structure_set_id == StructureSet.id)
            .order_by(Structure.number)
        )
        found: dict[str, list[str]] = {}
        for label, name in rows:
            found.setdefault(label, []).append(name)
        return found


def told() -> list[dict[str, Any]]:
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(Series).where(Series.modality == "RTSTRUCT")).one().warnings)


def rows_of(name: str) -> set[int]:
    """The rows of the image that a structure's newest revision fills."""
    grid = Grid.of(SHAPE, (2.0, 2.0, 3.0), (0.0, 0.0, 0.0), np.eye(3))
    with session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure).where(Structure.name == name)).one()
        wanted = (Revision.structure_id == structure.id) & (Revision.number == structure.head)
        mask = load_mask(session.scalars(select(Revision).where(wanted)).one(), grid)
    return set(np.nonzero(mask)[1].tolist())


def test_what_is_in_another_frame_is_left_out_and_named_and_the_rest_comes_in(
    sends: Sent, ct: list[Dataset]
) -> None:
    assert sends([*ct, mixed(ct, "Herz")])[-1] == ("stored", None)
    assert made() == {"TEST": ["Parotid_L"]}
    (one,) = told()
    assert (one["slug"], one["severity"], one["values"]["structures"]) == (
        "structure-in-other-frame", "warning", "Herz",
    )  # fmt: skip


def test_a_registration_brings_it_to_the_ct_also_later(sends: Sent, ct: list[Dataset]) -> None:
    sends([*ct, mixed(ct, "Herz")])
    reg = make_reg(ct[0].FrameOfReferenceUID, [(OTHER, SHIFT)], like=ct[0])
    assert sends([reg]) == [("stored", None)]
    assert made() == {"TEST": ["Parotid_L"], "TEST (REG)": ["Heart"]}
    assert told() == []
    shift = int(8.0 / float(ct[0].PixelSpacing[0]))
    assert rows_of("Heart") == {row + shift for row in rows_of("Parotid_L")}
    newer = matrix_of((0.0, 0.0, 0.0), (0.0, 4.0, 0.0))
    sends([make_reg(ct[0].FrameOfReferenceUID, [(OTHER, newer)], like=ct[0], date="20260201")])
    assert made() == {"TEST": ["Parotid_L"], "TEST (REG)": ["Heart"]}, "each is drawn again as its own set"
    assert rows_of("Heart") == {row + shift // 2 for row in rows_of("Parotid_L")}


def test_a_set_of_which_everything_is_in_another_frame_is_refused(sends: Sent, ct: list[Dataset]) -> None:
    dataset = mixed(ct, "Herz")
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = OTHER
    assert sends([*ct, dataset])[-1] == ("refused", "wrong-reference")


def test_points_come_along_and_what_is_wrong_is_said_once(
    sends: Sent, ct: list[Dataset], client: TestClient, login: Callable[..., dict[str, str]]
) -> None:
    """The marker leaves where the registration takes it; that it is not closed is said once."""
    dataset = mixed(ct, "Herz", "Clip")
    clip = dataset.ROIContourSequence[2].ContourSequence
    clip[0].ContourGeometricType, clip[0].NumberOfContourPoints = "POINT", 1
    clip[0].ContourData = ["1.5", "2.5", "3.5"]
    del clip[1]
    reg = make_reg(ct[0].FrameOfReferenceUID, [(OTHER, SHIFT)], like=ct[0])
    sends([*ct, reg, dataset])
    with session_scope(read_only=True) as session:
        moved = session.scalars(select(StructureSet).where(StructureSet.label == "TEST (REG)")).one()
    headers = login("clinician")
    shown = client.get(f"/api/structure-sets/{moved.id}", headers=headers).json()["structures"]
    assert [(one["name"], one["contours_only"]) for one in shown] == [("Heart", False), ("Clip", True)]
    file = client.get(
        f"/api/structure-sets/{moved.id}/export?format=rtstruct&profile=generic", headers=headers
    )
    (contour,) = read_rtstruct(read_stored(file.content)).rois[1].contours
    assert (contour.geometric_type, contour.data) == ("POINT", "1.5\\10.5\\3.5")
    assert [w["slug"] for w in told()] == ["contour-not-closed"]


def test_a_closed_contour_of_two_points_is_named_as_left_out(
    sends: Sent, ct: list[Dataset], client: TestClient, login: Callable[..., dict[str, str]]
) -> None:
    dataset = make_rtstruct(ct, {"Parotis li": {2: RING}, "Strich": {2: RING[:2]}})
    sends([*ct, dataset])
    headers = login("clinician")
    with session_scope(read_only=True) as session:
        made_set = session.scalars(select(StructureSet)).one()
    shown = client.get(f"/api/structure-sets/{made_set.id}", headers=headers).json()["structures"]
    assert [(one["name"], one["unknown"], one["contours_only"]) for one in shown][1] == (
        "Strich",
        True,
        False,
    )
    path = f"/api/structure-sets/{made_set.id}/export"
    report = client.get(f"{path}/report?format=rtstruct&profile=generic", headers=headers).json()
    assert report["left_out"] == [{"name": "Strich", "reason": "unknown"}]
    assert [one["name"] for one in report["structures"]] == ["Parotid_L"]
    file = client.get(f"{path}?format=rtstruct&profile=generic", headers=headers)
    assert [roi.name for roi in read_rtstruct(read_stored(file.content)).rois] == ["Parotid_L"]


def test_what_is_not_closed_is_said_once_of_a_set_that_stands_on_its_images_and_is_moved(
    sends: Sent, ct: list[Dataset]
) -> None:
    other = make_ct_series(
        SHAPE, ids=Ids(ct[0].StudyInstanceUID, new_uid(), OTHER, ct[0].PatientID, str(ct[0].PatientName))
    )
    dataset = make_rtstruct(other, {"Parotis li": {2: RING, 3: RING}})
    dataset.ROIContourSequence[0].ContourSequence[1].ContourGeometricType = "OPEN_PLANAR"
    reg = make_reg(ct[0].FrameOfReferenceUID, [(OTHER, SHIFT)], like=ct[0])
    sends([*ct, *other, reg, dataset])
    assert made() == {"TEST": ["Parotid_L"], "TEST (REG)": ["Parotid_L"]}
    assert [w["slug"] for w in told()].count("contour-not-closed") == 1
