"""Doses of a study, and DVHs of revisions over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from backend.kit import db
from backend.labels import service as labels
from backend.labels.tables import Structure
from backend.projects.tables import Project
from tests.backend.dose.conftest import LOW_GY, SHAPE_KJI, STEP_GY, Dosed, dose_of, dose_series
from tests.backend.labels.conftest import Drawn, Save
from tests.factories.dicom import Ids, make_ct_series, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import send, send_ct

Login = Callable[..., dict[str, str]]
RIM = (slice(1, 4), slice(4, 12), slice(4, 12))


def ask(client: TestClient, headers: dict[str, str], drawn: Drawn, dose_id: str, **query: Any) -> Response:
    path = f"/api/structures/{drawn.structure_id}/revisions/1/dvh"
    return client.get(path, params={"dose_series_id": dose_id, **query}, headers=headers)


def test_doses_of_a_study_are_told_with_plan_and_prescription(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    answer = client.get(f"/api/studies/{dosed.arrived.study.id}/doses", headers=login("reader"))
    assert answer.status_code == 200, answer.text
    (dose,) = answer.json()["items"]
    assert dose["series_id"] == dosed.dose_series_id
    assert (dose["units"], dose["dose_type"], dose["summation"]) == ("GY", "PHYSICAL", "PLAN")
    assert dose["max_gy"] == pytest.approx(LOW_GY + 9 * STEP_GY, abs=1e-3)
    assert (dose["plan_label"], dose["prescription_gy"]) == ("SIB 70/56", 70)
    assert dose["grid"]["shape_kji"] == list(SHAPE_KJI)
    assert dose["warnings"] == []


def test_dose_without_plan_or_volume_is_told_with_the_reason(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived = send_ct(project, tmp_path)
    relative = dose_of(arrived.ct)
    relative.DoseUnits = "RELATIVE"
    send(project, tmp_path / "rt", [relative])
    answer = client.get(f"/api/studies/{arrived.study.id}/doses", headers=login("reader"))
    (dose,) = answer.json()["items"]
    assert (dose["units"], dose["max_gy"], dose["grid"]) == ("RELATIVE", None, None)
    assert (dose["plan_label"], dose["prescription_gy"]) == (None, None)
    assert [warning["slug"] for warning in dose["warnings"]] == ["dicom-unsupported"]


def test_imported_contours_are_measured_by_what_they_enclose_and_edited_slices_by_their_voxels(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login, save: Save
) -> None:
    """Circles of 3.4 mm on voxels of 2 mm, in a dose that rises along x."""
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    circle = [(8.3 + 1.7 * np.cos(a), 8.1 + 1.7 * np.sin(a)) for a in angles]
    dataset = make_rtstruct(dosed.arrived.ct, {"Cochlea_L": dict.fromkeys((2, 3, 4), circle)})
    send(project, tmp_path / "rs", [dataset])
    run_queued("import-structures")
    with db.session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure)).one()
        mask = labels.head_mask(session, structure, dosed.arrived.grid)
    headers, path = login("clinician"), f"/api/structures/{structure.id}/revisions"
    query = {"dose_series_id": dosed.dose_series_id}
    slice_cc, voxel_cc = np.pi * 3.4**2 * 3 / 1000, 0.012
    first = client.get(f"{path}/1/dvh", params=query, headers=headers).json()
    assert first["volume_cc"] == pytest.approx(3 * slice_cc, rel=5e-4)
    voxels = client.get(f"{path}/1/dvh", params=query | {"delineation": "voxels"}, headers=headers).json()
    assert voxels["volume_cc"] == pytest.approx(mask.sum() * voxel_cc)
    mask[3] = False
    mask[3, 8, 8:10] = True
    answer = save(structure.id, mask, 1, headers)
    assert answer.status_code == 201, answer.text
    second = client.get(f"{path}/2/dvh", params=query, headers=headers).json()
    assert second["volume_cc"] == pytest.approx(2 * slice_cc + 2 * voxel_cc, rel=5e-4)


def test_dvh_of_a_block_in_a_rising_dose_is_exact(dosed: Dosed, client: TestClient, login: Login) -> None:
    drawn = dosed.draw("Parotid_L", *RIM)
    metrics = "mean,D95,d2%,V30Gy,V30Gycc,D0.1cc,D500cc"
    answer = ask(client, login("reader"), drawn, dosed.dose_series_id, metrics=metrics)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    # columns 4 to 11 of 2 mm: from 7 to 23 mm beyond the first dose point, 1.25 Gy a mm
    low, high = LOW_GY + 7 * 1.25, LOW_GY + 23 * 1.25
    assert body["structure"]["name"] == "Parotid_L"
    assert (body["revision"], body["dose_series_id"]) == (1, dosed.dose_series_id)
    assert body["volume_cc"] == pytest.approx(3 * 8 * 8 * 12 / 1000)
    assert body["outside_fraction"] == 0
    assert body["mean_gy"] == pytest.approx((low + high) / 2, abs=1e-3)
    assert (body["min_gy"], body["max_gy"]) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))
    part = (high - 30) / (high - low)
    assert {one["metric"]: (one["value"], one["unit"]) for one in body["values"]} == {
        "mean": (pytest.approx((low + high) / 2, abs=1e-3), "Gy"),
        "D95": (pytest.approx(low + 1, abs=0.01), "Gy"),
        "D2": (pytest.approx(high - 0.4, abs=0.01), "Gy"),
        "V30Gy": (pytest.approx(100 * part, abs=0.1), "%"),
        "V30Gycc": (pytest.approx(body["volume_cc"] * part, rel=1e-3), "cc"),
        "D0.1cc": (pytest.approx(high - 20 * 0.1 / body["volume_cc"], abs=0.02), "Gy"),
        "D500cc": (None, "Gy"),
    }
    curve = body["curve"]
    assert len(curve["dose_gy"]) == len(curve["volume_percent"])
    assert (curve["volume_percent"][0], curve["volume_percent"][-1]) == (100, 0)


def test_dvh_tells_the_icru_values_when_nothing_is_asked(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    answer = ask(client, login("reader"), dosed.draw("Parotid_L", *RIM), dosed.dose_series_id)
    names = [one["metric"] for one in answer.json()["values"]]
    assert names == ["D98", "D95", "D50", "D2", "D0.03cc"]


def test_part_outside_the_dose_is_told(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    """A dose of three slices reaches two of the three slices that are drawn."""
    send(project, tmp_path / "short", [dose_of(dosed.arrived.ct, seed="short", slices=3)])
    (short,) = set(dose_series(dosed.arrived.study.id)) - {dosed.dose_series_id}
    drawn, headers = dosed.draw("Parotid_L", *RIM), login("reader")
    whole = ask(client, headers, drawn, dosed.dose_series_id).json()
    partly = ask(client, headers, drawn, short).json()
    assert partly["outside_fraction"] == pytest.approx(1 / 3)
    assert partly["volume_cc"] == whole["volume_cc"]
    assert partly["mean_gy"] == pytest.approx(whole["mean_gy"], abs=1e-3)
    beyond = dosed.draw("Larynx", slice(3, 6), *RIM[1:])
    answer = ask(client, headers, beyond, short)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-dvh")


@pytest.mark.parametrize(
    ("metrics", "word"), [("V20", "dose in Gy"), ("D95,,mean", "none of"), ("D200", "100 %")]
)
def test_metric_that_cannot_be_read_is_refused_with_the_reason(
    dosed: Dosed, client: TestClient, login: Login, metrics: str, word: str
) -> None:
    drawn = dosed.draw("Parotid_L", *RIM)
    answer = ask(client, login("reader"), drawn, dosed.dose_series_id, metrics=metrics)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/bad-dose-metric")
    assert problem["field"] == "metrics"
    assert word in problem["detail"]


def test_image_is_no_dose(dosed: Dosed, client: TestClient, login: Login) -> None:
    drawn = dosed.draw("Parotid_L", *RIM)
    answer = ask(client, login("reader"), drawn, dosed.arrived.series.id)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-dose")


def test_dose_of_another_patient_is_refused(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    other = send_ct(project, tmp_path, "other")
    send(project, tmp_path / "other-rt", [dose_of(other.ct, seed="other-rd")])
    drawn = dosed.draw("Parotid_L", *RIM)
    answer = ask(client, login("reader"), drawn, dose_series(other.study.id)[0])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-dose")


def test_dose_in_another_frame_of_reference_is_refused(
    dosed: Dosed, project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    """A study of two scans, each with a frame of its own: the dose on one says nothing of the other."""
    first, elsewhere = dosed.arrived.ct[0], Ids.fresh("elsewhere")
    ids = Ids(
        first.StudyInstanceUID, elsewhere.series, elsewhere.frame_of_reference, first.PatientID,
        str(first.PatientName),
    )  # fmt: skip
    second = make_ct_series(SHAPE_KJI, ids=ids)
    stray = dose_of(second, seed="stray")
    send(project, tmp_path / "stray", [*second, stray])
    (stray_id,) = set(dose_series(dosed.arrived.study.id)) - {dosed.dose_series_id}
    answer = ask(client, login("reader"), dosed.draw("Parotid_L", *RIM), stray_id)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/other-frame-of-reference")
    assert problem["dose_frame_of_reference_uid"] == stray.FrameOfReferenceUID


def test_empty_revision_and_unknown_objects_have_no_dvh(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    headers = login("reader")
    empty = dosed.draw("Larynx", slice(0, 0), slice(0, 0), slice(0, 0))
    answer = ask(client, headers, empty, dosed.dose_series_id)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-dvh")
    assert ask(client, headers, empty, "0" * 36).status_code == 404
    path = f"/api/structures/{empty.structure_id}/revisions/7/dvh"
    query = {"dose_series_id": dosed.dose_series_id}
    assert client.get(path, params=query, headers=headers).status_code == 404
