"""What leaves is read again first: the report of a file, and the systems that it can be written for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.labels.tables import Structure
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import read_rtstruct
from tests.backend.labels.conftest import Drawn

Login = Callable[..., dict[str, str]]


def url_of(drawn: Drawn, part: str, form: str, profile: str = "generic") -> str:
    return f"/api/structure-sets/{drawn.set_id}/export{part}?format={form}&profile={profile}"


@pytest.mark.parametrize(
    ("form", "profile"), [("rtstruct", "generic"), ("rtstruct", "keyhole"), ("seg", "generic")]
)
def test_the_report_is_of_the_file_that_is_downloaded(
    drawn: Drawn, client: TestClient, login: Login, form: str, profile: str
) -> None:
    headers = login("clinician")
    answer = client.get(url_of(drawn, "/report", form, profile), headers=headers)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    file = client.get(url_of(drawn, "", form, profile), headers=headers).content
    assert (report["sha256"], report["size"]) == (hashlib.sha256(file).hexdigest(), len(file))
    assert [(one["name"], one["dice"], one["hausdorff_mm"]) for one in report["structures"]] == [
        ("Brainstem", 1, 0),
        ("Parotid_L", 1, 0),
    ]
    assert all(one["drawn_cc"] == one["read_cc"] > 0 for one in report["structures"])
    assert (report["profile"] or {}).get("name") == (profile if form == "rtstruct" else None)


def test_a_hole_leaves_as_the_profile_has_it_under_a_uid_of_its_own(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("clinician")
    files = [
        read_stored(client.get(url_of(drawn, "", "rtstruct", name), headers=headers).content)
        for name in ("generic", "keyhole", "eclipse")
    ]
    counts = [len(read_rtstruct(file).rois[1].contours) for file in files]
    assert counts[0] == counts[2] == counts[1] + 1
    assert files[0].SOPInstanceUID == files[2].SOPInstanceUID != files[1].SOPInstanceUID
    with db.session_scope(read_only=True) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "exports.set.exported")).all()
    assert [entry.changes["profile"] for entry in entries] == ["generic", "keyhole", "eclipse"]


def test_a_name_that_eclipse_cuts_is_in_its_report_alone(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        session.get_one(Structure, drawn.structure_id).name = "PTV_High_7000cGy_L"
    reports = {
        name: client.get(url_of(drawn, "/report", "rtstruct", name), headers=login("clinician")).json()
        for name in ("generic", "eclipse")
    }
    slugs = {
        name: [w["slug"] for one in report["structures"] for w in one["warnings"]]
        for name, report in reports.items()
    }
    assert slugs == {"generic": [], "eclipse": ["name-too-long"]}
    assert reports["eclipse"]["profile"]["unsourced"] == ["holes", "most_points"]


def test_profiles_are_listed_and_an_unknown_one_is_refused(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("clinician")
    listed = client.get("/api/export-profiles", headers=headers).json()["items"]
    assert {one["name"]: one["title"] for one in listed}["raystation"] == "RaySearch RayStation"
    for part in ("", "/report"):
        answer = client.get(url_of(drawn, part, "rtstruct", "plan9"), headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-profile")


def test_whoever_may_not_export_gets_no_report(drawn: Drawn, client: TestClient, login: Login) -> None:
    assert client.get(url_of(drawn, "/report", "rtstruct"), headers=login("annotator")).status_code == 403
