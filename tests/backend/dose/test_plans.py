"""Treatment plans of a study over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient
from pydicom.sequence import Sequence

from backend.projects.tables import Project
from backend.studies import service as studies
from tests.backend.dose.conftest import Dosed, dose_of, dose_series
from tests.factories.dicom import encode, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import send, send_ct
from tests.factories.plans import RT_ION_PLAN, brachy_plan, item, make_plan, photon_plan

Login = Callable[..., dict[str, str]]


def test_plans_of_a_study_are_told_with_the_doses_computed_for_them(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived = send_ct(project, tmp_path)
    photons, brachy = photon_plan(arrived.ct[0]), brachy_plan(arrived.ct[0])
    send(project, tmp_path / "rt", [photons, brachy, dose_of(arrived.ct, photons)])
    answer = client.get(f"/api/studies/{arrived.study.id}/plans", headers=login("reader"))
    assert answer.status_code == 200, answer.text
    found = {one["plan"]["label"]: one for one in answer.json()["items"]}
    external, internal = found["SIB 70/56"], found["Ring 4 x 7"]
    assert external["dose_series_ids"] == dose_series(arrived.study.id)
    assert (external["sop_instance_uid"], external["prescription_gy"]) == (photons.SOPInstanceUID, 70)
    assert [one["energies"] for one in external["plan"]["beams"]] == [[6], [15], [6]]
    assert external["plan"]["fraction_groups"][0]["fractions"] == 35
    assert external["plan"]["brachy"] is None
    assert (internal["dose_series_ids"], internal["prescription_gy"]) == ([], 28)
    assert internal["plan"]["brachy"]["setups"][0]["channels"] == 3
    assert internal["plan"]["approval"] == "UNAPPROVED"


def test_plan_names_the_rois_of_its_structure_set(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived = send_ct(project, tmp_path)
    square = {2: [(2.0, 2.0), (6.0, 2.0), (6.0, 6.0)]}
    drawn = make_rtstruct(arrived.ct, {"PTV56": square, "GTV": square})
    plan = photon_plan(arrived.ct[0])
    plan.ReferencedStructureSetSequence = Sequence(
        [item(ReferencedSOPClassUID=drawn.SOPClassUID, ReferencedSOPInstanceUID=drawn.SOPInstanceUID)]
    )
    send(project, tmp_path / "rt", [drawn, plan, brachy_plan(arrived.ct[0])])
    run_queued("import-structures")
    answer = client.get(f"/api/studies/{arrived.study.id}/plans", headers=login("reader"))
    named = {one["plan"]["label"]: one["roi_names"] for one in answer.json()["items"]}
    assert named == {"SIB 70/56": {"1": "PTV_5600", "2": "GTV"}, "Ring 4 x 7": {}}


def test_plan_with_missing_parts_is_told_as_far_as_it_goes(
    dosed: Dosed, client: TestClient, login: Login
) -> None:
    answer = client.get(f"/api/studies/{dosed.arrived.study.id}/plans", headers=login("reader"))
    (one,) = answer.json()["items"]
    assert (one["plan"]["label"], one["prescription_gy"]) == ("SIB 70/56", 70)
    assert (one["plan"]["beams"], one["plan"]["fraction_groups"], one["plan"]["approval"]) == ([], [], "")


def test_study_without_plan_has_none(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived = send_ct(project, tmp_path)
    answer = client.get(f"/api/studies/{arrived.study.id}/plans", headers=login("reader"))
    assert answer.json() == {"items": []}
    assert client.get(f"/api/studies/{'0' * 36}/plans", headers=login("reader")).status_code == 404


def test_ion_plan_is_refused_by_name(project: Project, tmp_path: Path) -> None:
    arrived = send_ct(project, tmp_path)
    (tmp_path / "ion").mkdir()
    (tmp_path / "ion" / "plan.dcm").write_bytes(encode(make_plan(arrived.ct[0], "protons", RT_ION_PLAN)))
    summary, files = studies.import_path(project.id, None, tmp_path / "ion")
    assert summary.refused == 1
    assert "RT Ion Plan Storage" in str(files)
