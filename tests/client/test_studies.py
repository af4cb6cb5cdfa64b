"""Worklist, studies and voxels by the client."""

from __future__ import annotations

import numpy as np
import pytest

from backend.kit import db
from rinkaku_client import Geometry, Progress
from rinkaku_client.problems import NotFound, NoVolume
from tests.factories.patients import send_ct
from tests.factories.scenes import make_scene


@pytest.fixture
def three(project):
    """Studies of three patients, oldest first."""
    with db.session_scope() as session:
        return [make_scene(session, project, patient_id=f"P{number}") for number in (1, 2, 3)]


def test_worklist_is_filtered_and_read_page_by_page(connect, project, three):
    reader = connect("reader")
    rows = list(reader.studies.list(project.id, sort="patient_id", limit=1))
    assert [row["patient_id"] for row in rows] == ["P1", "P2", "P3"]
    (found,) = reader.studies.list(project.id, q="P2", modality="CT", state="new")
    assert (found["id"], found["patient_name"]) == (three[1].study.id, "Secret^P2")
    assert list(reader.studies.list(project.id, state="approved")) == []


def test_study_is_assigned_and_deleted(connect, scene):
    administrator = connect("administrator")
    me = administrator.projects.me()["user"]
    assert administrator.studies.assign(scene.study.id, me["id"])["assignee"]["id"] == me["id"]
    assert administrator.studies.assign(scene.study.id, None)["assignee"] is None
    administrator.studies.delete(scene.study.id)
    with pytest.raises(NotFound):
        administrator.studies.get(scene.study.id)


def test_volume_has_voxels_and_place(connect, scene):
    reader = connect("reader")
    (series,) = reader.studies.get(scene.study.id)["series"]
    said: list[Progress] = []
    volume = reader.studies.volume(series, said.append)
    assert volume.geometry == Geometry.from_json(scene.grid.to_json())
    expected = np.full(scene.grid.shape_kji, -1000)
    expected[:, 4:-4, 4:-4] = 40
    np.testing.assert_array_equal(volume.values_kji, expected)
    assert (volume.stored_kji.dtype, volume.values_kji.dtype, volume.unit) == (np.int16, np.float32, "HU")
    with pytest.raises(ValueError, match="read-only"):
        volume.stored_kji[0, 0, 0] = 1
    assert (said[-1].done, said[-1].total) == (volume.stored_kji.nbytes, volume.stored_kji.nbytes)


def test_slices_are_in_the_patients_order(connect, project, tmp_path):
    arrived = send_ct(project, tmp_path)
    reader = connect("reader")
    (series,) = reader.studies.get(arrived.study.id)["series"]
    volume = reader.studies.volume(series)
    for slice_ in arrived.ct:
        i, j, k = volume.geometry.to_index(slice_.ImagePositionPatient)
        assert (i, j) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))
        pixels = slice_.pixel_array * slice_.RescaleSlope + slice_.RescaleIntercept
        np.testing.assert_allclose(volume.values_kji[round(k)], pixels)


def test_volume_whose_answer_breaks_off_is_asked_for_again(connect, line, scene):
    reader = connect("reader", line.url)
    (series,) = reader.studies.get(scene.study.id)["series"]
    line.break_after_bytes = 6000
    volume = reader.studies.volume(series)
    assert line.broken == 1
    assert volume.stored_kji.shape == scene.grid.shape_kji


def test_series_without_volume_says_so(connect, drawn, scene):
    reader = connect("reader")
    (series,) = reader.studies.get(scene.study.id)["series"]
    with pytest.raises(NoVolume, match="not yet"):
        reader.studies.volume({**series, "volume": None, "warnings": []})
    warned = {"slug": "s", "detail": "slices are missing", "severity": "refusal", "values": {}}
    with pytest.raises(NoVolume, match="slices are missing"):
        reader.studies.volume({**series, "volume": None, "warnings": [warned]})
