"""RTSTRUCT and SEG that come in become structure sets, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import func, select

from backend.kit import db
from backend.kit.clock import now
from backend.labels import service
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.service import reference_of
from backend.studies.tables import Series
from rt.dicom.outgoing import ObjectHeader, StructureOut
from rt.dicom.parse import read_stored
from rt.dicom.seg import write_seg
from rt.dicom.uids import new_uid
from tests.factories.dicom import make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived, send, send_ct

Login = Callable[..., dict[str, str]]
RING = [(4, 6), (12, 6), (12, 15), (4, 15)]


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


def _send(project: Project, folder: Path, dataset: Dataset) -> list[dict[str, Any]]:
    send(project, folder / dataset.SOPInstanceUID, [dataset])
    return run_queued("import-structures")


def _structures() -> list[Structure]:
    with db.session_scope(read_only=True) as session:
        return list(session.scalars(select(Structure).order_by(Structure.number)))


def test_names_are_mapped_and_the_original_kept(project: Project, arrived: Arrived, tmp_path: Path) -> None:
    names = ["parotis li", "BRAIN STEM", "my thing", "my thing ", "Larynx"]
    dataset = make_rtstruct(arrived.ct, {name: {2: RING} for name in names[:-1]} | {"Larynx": {}})
    results = _send(project, tmp_path, dataset)
    assert len(results[0]["structure_sets"]) == 1
    rows = _structures()
    assert [row.name for row in rows] == ["Parotid_L", "Brainstem", "my thing", "my thing_2", "Larynx"]
    assert rows[0].original_name == "parotis li"
    assert [row.head for row in rows] == [1, 1, 1, 1, 0], "a ROI without contours is listed empty"
    assert rows[0].colour == "#ff0000"


def test_two_that_mean_the_same_are_both_kept_and_told_apart_case_31(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    names = ["Parotid_L", "Parotis li", "左耳下腺", "Ring_Parotid_L", "parotid"]
    _send(project, tmp_path, make_rtstruct(arrived.ct, {name: {2: RING} for name in names}))
    rows = _structures()
    assert [row.name for row in rows] == [
        "Parotid_L", "Parotid_L_2", "Parotid_L_3", "Ring_Parotid_L", "parotid",
    ]  # fmt: skip
    assert [row.original_name for row in rows] == names


@pytest.mark.parametrize("form", ["rtstruct", "seg"])
def test_a_round_trip_keeps_the_original_name_where_nobody_renamed(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login, form: str
) -> None:
    given = ["左耳下腺", "Parotis li", "my thing", "Kehlkopf"]
    results = _send(project, tmp_path, make_rtstruct(arrived.ct, {name: {2: RING} for name in given}))
    set_id = results[0]["structure_sets"][0]
    headers = login("clinician")
    renamed = _structures()[3]
    assert renamed.name == "Larynx"
    changed = client.patch(f"/api/structures/{renamed.id}", json={"name": "Glottis"}, headers=headers)
    assert changed.status_code == 200, changed.text
    answer = client.get(f"/api/structure-sets/{set_id}/export?format={form}", headers=headers)
    returned = read_stored(answer.content)
    returned.SOPInstanceUID = returned.file_meta.MediaStorageSOPInstanceUID = new_uid()
    returned.SeriesInstanceUID = new_uid()
    send(project, tmp_path / "again", [returned])
    (again,) = (one for one in run_queued("import-structures") if one["structure_sets"])
    with db.session_scope(read_only=True) as session:
        of_set = select(Structure).where(Structure.structure_set_id == again["structure_sets"][0])
        rows = list(session.scalars(of_set.order_by(Structure.number)))
    assert [(row.name, row.original_name) for row in rows] == [
        ("Parotid_L", "左耳下腺"),
        ("Parotid_L_2", "Parotis li"),
        ("my thing", "my thing"),
        ("Glottis", "Glottis"),
    ]


LEFT_RING, RIGHT_RING = [(15, 6), (18, 6), (18, 10), (15, 10)], [(1, 6), (4, 6), (4, 10), (1, 10)]


@pytest.mark.parametrize("swapped", [False, True])
def test_sides_are_held_against_the_geometry(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login, swapped: bool
) -> None:
    rings = (RIGHT_RING, LEFT_RING) if swapped else (LEFT_RING, RIGHT_RING)
    left, right = ({2: ring} for ring in rings)
    results = _send(project, tmp_path, make_rtstruct(arrived.ct, {"Auge li": left, "右眼球": right}))
    url = f"/api/structure-sets/{results[0]['structure_sets'][0]}"
    shown = client.get(url, headers=login("reader")).json()["structures"]
    said = [(one["name"], warning) for one in shown for warning in one["plausibility"]]
    assert [name for name, _ in said] == (["Eye_L", "Eye_R"] if swapped else [])
    for _, warning in said:
        assert warning == {
            "slug": "side",
            "severity": "warning",
            "detail": "Eye_R lies left of Eye_L",
            "values": {"right": "Eye_R", "left": "Eye_L"},
        }


def test_the_mask_is_what_the_contours_enclose(project: Project, arrived: Arrived, tmp_path: Path) -> None:
    _send(project, tmp_path, make_rtstruct(arrived.ct, {"Larynx": {2: RING, 3: RING}}))
    with db.session_scope(read_only=True) as session:
        mask = service.load_mask(session.scalars(select(Revision)).one(), arrived.grid)
    expected = np.zeros(arrived.grid.shape_kji, dtype=bool)
    expected[2:4, 6:15, 4:12] = True
    assert np.array_equal(mask, expected)


def test_sent_again_it_is_not_taken_twice(project: Project, arrived: Arrived, tmp_path: Path) -> None:
    dataset = make_rtstruct(arrived.ct, {"Larynx": {2: RING}})
    _send(project, tmp_path, dataset)
    _send(project, tmp_path, dataset)
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(func.count()).select_from(StructureSet)).one() == 1


def _other_series(dataset: Dataset) -> None:
    study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    study.RTReferencedSeriesSequence[0].SeriesInstanceUID = new_uid()


def test_wrong_references_are_refused_whole_and_the_worklist_says_why(
    project: Project,
    arrived: Arrived,
    tmp_path: Path,
    client: TestClient,
    login: Login,
) -> None:
    dataset = make_rtstruct(arrived.ct, {"Larynx": {2: RING}, "Brainstem": {3: RING}})
    _other_series(dataset)
    results = _send(project, tmp_path, dataset)
    assert results[0]["structure_sets"] == []
    assert _structures() == []
    row = client.get(f"/api/studies/{arrived.study.id}", headers=login("reader")).json()
    slugs = {(warning["slug"], warning["severity"]) for warning in row["warnings"]}
    assert (results[0]["refused"], "refusal") in slugs
    (said,) = row["warnings"]
    assert said["values"]["name"] == "RTSTRUCT Synthetic"
    assert said["detail"].startswith("RTSTRUCT Synthetic: ")
    assert row["state"] == "new"


def test_warnings_say_which_structure_set_they_are_about(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login
) -> None:
    for name in ("first", "second"):
        dataset = make_rtstruct(arrived.ct, {"Larynx": {2: RING}}, seed=name)
        dataset.SeriesDescription, dataset.StructureSetLabel = f"The {name}", name.upper()
        contour = dataset.ROIContourSequence[0].ContourSequence[0]
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID = new_uid()
        _send(project, tmp_path, dataset)
    row = client.get(f"/api/studies/{arrived.study.id}", headers=login("reader")).json()
    said = [w["detail"] for w in row["warnings"] if w["slug"] == "contours-of-unknown-images"]
    assert sorted(said) == [
        "RTSTRUCT The first FIRST: 1 images are not in the series",
        "RTSTRUCT The second SECOND: 1 images are not in the series",
    ]


def test_case_14_structures_outside_the_image_are_named_and_slices_inside_kept(
    project: Project, arrived: Arrived, tmp_path: Path, client: TestClient, login: Login
) -> None:
    names = ("Larynx", "Brainstem", "Eye_L")
    dataset = make_rtstruct(arrived.ct, {name: {1: RING, 2: RING} for name in names})
    for roi, contour in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0)):
        item = dataset.ROIContourSequence[roi].ContourSequence[contour]
        item.ContourData = [v + 900 if n % 3 == 2 else v for n, v in enumerate(map(float, item.ContourData))]
    _send(project, tmp_path, dataset)
    with db.session_scope(read_only=True) as session:
        revisions = session.execute(
            select(Structure.name, Revision.slices).join(Revision).order_by(Structure.number)
        ).all()
    assert [tuple(row) for row in revisions] == [("Larynx", 0), ("Brainstem", 0), ("Eye_L", 1)]
    row = client.get(f"/api/studies/{arrived.study.id}", headers=login("reader")).json()
    said = {warning["slug"]: warning for warning in row["warnings"]}
    assert set(said) == {"structure-outside-volume", "contour-outside-volume"}
    whole, part = said["structure-outside-volume"], said["contour-outside-volume"]
    assert whole["detail"].startswith("RTSTRUCT Synthetic TEST: Larynx: all 2 contours lie outside the image")
    assert "; Brainstem: all 2 contours lie outside" in whole["detail"]
    assert whole["values"]["name"] == "RTSTRUCT Synthetic TEST: Larynx, Brainstem"
    assert "Eye_L: contour 1 of 2: outside the image" in part["detail"]
    assert part["values"]["name"] == "RTSTRUCT Synthetic TEST: Eye_L (1)"


def test_untouched_import_does_not_hold_up_nor_repeat(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    _send(project, tmp_path, make_rtstruct(arrived.ct, {"Larynx": {2: RING}}))
    assert run_queued("publish") == [{"published": []}]
    with db.session_scope(read_only=True) as session:
        modalities = sorted(session.scalars(select(Series.modality)))
    assert modalities == ["CT", "RTSTRUCT"]


def test_segmentation_comes_in_with_overlap_and_empty_segments(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    first = np.zeros(arrived.grid.shape_kji, dtype=bool)
    first[1:4, 5:10, 5:10] = True
    second = np.zeros_like(first)
    second[2:5, 8:14, 8:14] = True
    masks = {"Brainstem": first, "SpinalCord": second, "Larynx": np.zeros_like(first)}
    outgoing = [
        StructureOut(number, name, "#102030", "ORGAN", mask)
        for number, (name, mask) in enumerate(masks.items(), 1)
    ]
    with db.session_scope(read_only=True) as session:
        reference = reference_of(session, session.merge(arrived.series, load=True))
    header = ObjectHeader("Elsewhere", new_uid(), new_uid(), now())
    results = _send(project, tmp_path, write_seg(reference, outgoing, header))
    assert len(results[0]["structure_sets"]) == 1
    with db.session_scope(read_only=True) as session:
        rows = _structures()
        assert [row.name for row in rows] == list(masks)
        for row in rows[:2]:
            revision = service.get_revision(session, row.id, 1)
            assert np.array_equal(service.load_mask(revision, arrived.grid), masks[row.name])
        assert rows[2].head == 0


def test_segmentations_are_called_what_they_say_and_told_apart(
    project: Project, arrived: Arrived, tmp_path: Path
) -> None:
    mask = np.zeros(arrived.grid.shape_kji, dtype=bool)
    mask[1:4, 5:10, 5:10] = True
    with db.session_scope(read_only=True) as session:
        reference = reference_of(session, session.merge(arrived.series, load=True))
    said = [
        ("Lungs", "SEG"),
        ("Segmentation", "TUMOUR"),
        ("SEG", "SEG"),
        ("SEG", "SEG"),
        ("Lungs", ""),
    ]
    for description, label in said:
        out = [StructureOut(1, "my thing", "#102030", "ORGAN", mask)]
        dataset = write_seg(reference, out, ObjectHeader("x", new_uid(), new_uid(), now()))
        dataset.SeriesDescription, dataset.ContentDescription = description, ""
        dataset.ContentLabel, dataset.ContentDate = label, "20260304"
        _send(project, tmp_path, dataset)
    with db.session_scope(read_only=True) as session:
        labels = list(session.scalars(select(StructureSet.label).order_by(StructureSet.id)))
    assert labels == ["Lungs", "TUMOUR", "SEG 2026-03-04", "SEG 2026-03-04 (2)", "Lungs (2)"]
