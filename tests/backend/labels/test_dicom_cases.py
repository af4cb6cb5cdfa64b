"""Cases of RTSTRUCT and SEG that break converters, where the store decides."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.service import reference_of
from backend.studies.tables import Instance, Series
from rt.dicom.outgoing import ObjectHeader, StructureOut
from rt.dicom.seg import write_seg
from rt.dicom.uids import new_uid
from rt.nomenclature import default_colour
from tests.factories.dicom import Ids, make_ct_series, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import SHAPE_KJI, Arrived, send, send_ct

Login = Callable[..., dict[str, str]]
RING = [(4, 6), (12, 6), (12, 15), (4, 15)]
BLOCK, CREATOR = 0x3263, "PLANNING 1.0"


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


def beside(arrived: Arrived, frame: str | None = None) -> list[Dataset]:
    """Another CT series of the study."""
    first, ids = arrived.ct[0], Ids.fresh("beside")
    frame = frame or first.FrameOfReferenceUID
    known = (str(first.PatientID), str(first.PatientName))
    return make_ct_series(SHAPE_KJI, ids=Ids(first.StudyInstanceUID, ids.series, frame, *known))


def sent(project: Project, folder: Path, datasets: Sequence[Dataset]) -> list[dict[str, Any]]:
    """What became of the structure sets among them."""
    send(project, folder / new_uid(), datasets)
    return run_queued("import-structures")


def test_case_25_contours_on_images_of_a_series_that_the_set_does_not_name_are_refused(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    other = beside(arrived)
    dataset = make_rtstruct(arrived.ct, {"Larynx": {1: RING, 2: RING}})
    contour = dataset.ROIContourSequence[0].ContourSequence[1]
    contour.ContourImageSequence[0].ReferencedSOPInstanceUID = other[2].SOPInstanceUID
    (result,) = sent(project, tmp_path, [*other, dataset])
    assert (result["structure_sets"], result["refused"]) == ([], "wrong-reference")
    with session_scope(read_only=True) as session:
        series = session.scalars(select(Series).where(Series.modality == "RTSTRUCT")).one()
    (warning,) = series.warnings
    assert other[2].SOPInstanceUID in warning["detail"]
    assert other[0].SeriesInstanceUID in warning["detail"]


def test_case_27_a_set_on_two_frames_of_reference_becomes_two_sets(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    other = beside(arrived, frame=new_uid())
    dataset, more = (make_rtstruct(ct, {"Larynx": {k: RING}}) for ct, k in ((arrived.ct, 1), (other, 3)))
    for sequence in ("StructureSetROISequence", "ROIContourSequence", "ReferencedFrameOfReferenceSequence"):
        (item,) = more[sequence].value
        for keyword in ("ROINumber", "ReferencedROINumber"):
            if keyword in item:
                item[keyword].value = 2
        dataset[sequence].value = [*dataset[sequence].value, item]
    results = sent(project, tmp_path, [*other, dataset])
    assert [len(result["structure_sets"]) for result in results] == [2]
    with session_scope(read_only=True) as session:
        statement = select(Series.series_instance_uid, Structure.number, Revision.slices)
        statement = statement.select_from(Series).join(StructureSet, StructureSet.series_row_id == Series.id)
        statement = statement.join(Structure, Structure.structure_set_id == StructureSet.id).join(Revision)
        rows = {tuple(row) for row in session.execute(statement)}
    assert rows == {(arrived.ct[0].SeriesInstanceUID, 1, 1), (other[0].SeriesInstanceUID, 2, 1)}


def numbered(arrived: Arrived, numbers: Sequence[int]) -> Dataset:
    """A structure of each number."""
    dataset = make_rtstruct(arrived.ct, {f"thing {n}": {1: RING} for n in numbers})
    for sequence in ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"):
        for item, number in zip(dataset[sequence].value, numbers, strict=True):
            item["ROINumber" if "ROINumber" in item else "ReferencedROINumber"].value = number
    return dataset


@pytest.mark.parametrize(
    ("numbers", "next_"),
    [([*range(2, 18), 19, 63], 64), ([0, 1], 2), ([1, 2**31 - 1], 2)],
)
def test_case_31_what_is_added_gets_a_number_that_nobody_has(
    project: Project,
    arrived: Arrived,
    tmp_path: Path,
    client: TestClient,
    login: Login,
    numbers: list[int],
    next_: int,
) -> None:
    (result,) = sent(project, tmp_path, [numbered(arrived, numbers)])
    url = f"/api/structure-sets/{result['structure_sets'][0]}"
    headers = login("clinician")
    made = client.post(f"{url}/structures", json={"name": "Added"}, headers=headers)
    assert made.status_code == 201, made.text
    shown = client.get(url, headers=headers).json()["structures"]
    assert sorted(one["number"] for one in shown) == sorted([*numbers, next_])
    exported = client.get(f"{url}/export?format=rtstruct", headers=headers).content
    items = pydicom.dcmread(io.BytesIO(exported)).StructureSetROISequence
    assert sorted(int(item.ROINumber) for item in items) == sorted([*numbers, next_])


def test_case_32_a_segment_without_a_colour_gets_that_of_its_name(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    mask = np.zeros(arrived.grid.shape_kji, dtype=bool)
    mask[1:4, 5:10, 5:10] = True
    with session_scope(read_only=True) as session:
        reference = reference_of(session, session.merge(arrived.series, load=True))
    out = [StructureOut(1, "my thing", "#102030", "ORGAN", mask)]
    dataset = write_seg(reference, out, ObjectHeader("Elsewhere", new_uid(), new_uid(), now()))
    del dataset.SegmentSequence[0].RecommendedDisplayCIELabValue
    sent(project, tmp_path, [dataset])
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Structure.colour)).all() == [default_colour("my thing")]


def test_case_35_an_approved_set_that_is_added_to_goes_out_as_a_new_one_with_all_that_it_had(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login
) -> None:
    dataset = make_rtstruct(arrived.ct, {"PTV 70": {1: RING}, "Larynx": {2: RING}})
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate, dataset.ReviewTime, dataset.ReviewerName = "20260102", "101112", "Sato"
    dataset.private_block(BLOCK, CREATOR, create=True).add_new(1, "LO", "machine room")
    observation = dataset.RTROIObservationsSequence[0]
    observation.RTROIInterpretedType, observation.ROIObservationLabel = "PTV", "Boost"
    observation.private_block(BLOCK, CREATOR, create=True).add_new(1, "LO", "kept")
    (result,) = sent(project, tmp_path, [dataset])
    url = f"/api/structure-sets/{result['structure_sets'][0]}"
    headers = login("clinician")
    larynx = next(one for one in client.get(url, headers=headers).json()["structures"] if one["number"] == 2)
    assert client.delete(f"/api/structures/{larynx['id']}", headers=headers).status_code == 204
    made = client.post(f"{url}/structures", json={"name": "Brainstem"}, headers=headers)
    assert made.json()["number"] == 2
    out = pydicom.dcmread(io.BytesIO(client.get(f"{url}/export?format=rtstruct", headers=headers).content))
    assert out.ApprovalStatus == "UNAPPROVED"
    assert out.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == dataset.SOPInstanceUID
    assert out.private_block(BLOCK, CREATOR)[1].value == "machine room"
    kept, added = out.RTROIObservationsSequence
    assert (kept.RTROIInterpretedType, kept.ROIObservationLabel) == ("PTV", "Boost")
    assert kept.private_block(BLOCK, CREATOR)[1].value == "kept"
    assert "ROIObservationLabel" not in added, "a number that got free brings nothing along"
    with session_scope(read_only=True) as session:
        stored = select(Instance).where(Instance.sop_instance_uid == dataset.SOPInstanceUID)
        assert session.scalars(stored).one() is not None


def test_case_33_points_and_open_lines_leave_again_as_they_came(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login
) -> None:
    names = {"Larynx": {2: RING}, "Iso 1": {1: [(7, 9)]}, "Seed wire": {3: [(4, 6), (6, 8), (9, 8)]}}
    dataset = make_rtstruct(arrived.ct, names)
    for number, kind in ((1, "POINT"), (2, "OPEN_PLANAR")):
        dataset.ROIContourSequence[number].ContourSequence[0].ContourGeometricType = kind
        dataset.RTROIObservationsSequence[number].RTROIInterpretedType = {1: "ISOCENTER", 2: "MARKER"}[number]
    (result,) = sent(project, tmp_path, [dataset])
    url, headers = f"/api/structure-sets/{result['structure_sets'][0]}", login("clinician")
    shown = {
        one["name"]: one["contours_only"] for one in client.get(url, headers=headers).json()["structures"]
    }
    assert shown == {"Larynx": False, "Iso 1": True, "Seed wire": True}
    answer = client.get(f"{url}/export?format=rtstruct", headers=headers)
    out = pydicom.dcmread(io.BytesIO(answer.content))
    told = {int(item.ROINumber): str(item.ROIName) for item in out.StructureSetROISequence}
    assert told == {1: "Larynx", 2: "Iso 1", 3: "Seed wire"}
    kinds = {int(o.ReferencedROINumber): o.RTROIInterpretedType for o in out.RTROIObservationsSequence}
    assert kinds == {1: "ORGAN", 2: "ISOCENTER", 3: "MARKER"}
    for before, after in zip(dataset.ROIContourSequence, out.ROIContourSequence, strict=True):
        (one,), (other,) = before.ContourSequence, after.ContourSequence
        assert other.ContourGeometricType == one.ContourGeometricType
        assert [str(v) for v in other.ContourData] == [str(v) for v in one.ContourData]
    report = client.get(f"{url}/export/report?format=rtstruct&profile=generic", headers=headers).json()
    rows = {row["name"]: (row["dice"], row["contours"]) for row in report["structures"]}
    assert rows == {"Larynx": (1.0, 1), "Iso 1": (1.0, 1), "Seed wire": (1.0, 1)}
    seg = pydicom.dcmread(io.BytesIO(client.get(f"{url}/export?format=seg", headers=headers).content))
    assert [str(one.SegmentLabel) for one in seg.SegmentSequence] == ["Larynx"]
