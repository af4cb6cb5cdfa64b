"""A project that de-identifies at import keeps nothing that names a patient, and holds what it doubts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.config import get_settings
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.projects.tables import Deidentification, Project
from backend.studies import quarantine
from backend.studies.tables import Instance, Patient, QuarantinedFile, Series, Study
from backend.tables import Base
from rt.dicom.deidentify import Option, Profile
from rt.dicom.parse import read_stored
from rt.errors import DicomReferenceError
from tests.backend.studies.sending import begin, complete, put, send, zipped
from tests.factories.dicom import encode, make_ct_series
from tests.factories.jobs import run_queued
from tests.factories.markers import MARKER, file_of, found_in, planted_ct, planted_objects

Login = Callable[..., dict[str, str]]
DEFAULT = [option.value for option in Option if option in Profile().options]


def choose(
    client: TestClient, project: Project, headers: dict[str, str], mode: str, options: list[str] | None = None
) -> dict[str, object]:
    body = {"mode": mode, "options": DEFAULT if options is None else options}
    answer = client.put(f"/api/projects/{project.id}/deidentification", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def everything_stored() -> Iterator[tuple[str, bytes]]:
    """Every value in the database, and every blob."""
    with session_scope(read_only=True) as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                yield table.name, repr(tuple(row)).encode()
        for (sha256,) in session.execute(select(Instance.sha256)):
            yield "blob", storage().get(sha256)


def doubtful() -> bytes:
    ct = make_ct_series((1, 8, 8), seed="doubt")[0]
    ct.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    return encode(ct)


def test_a_project_does_not_deidentify_until_somebody_says_so(client, project, login):
    answer = client.get(f"/api/projects/{project.id}/deidentification", headers=login("reader")).json()
    assert (answer["mode"], answer["options"], answer["changed_at"]) == ("none", DEFAULT, None)
    send(client, login("annotator"), project, make_ct_series((2, 8, 8)))
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Patient.name)).one() == "Test^Patient"


def test_the_setting_is_audited_and_its_key_is_told_to_nobody(client, project, login):
    headers = login("administrator", installation=False)
    answer = choose(client, project, headers, "import")
    again = choose(client, project, headers, "import", ["uids"])
    assert set(answer) == {"mode", "options", "edition", "changed_at"}
    assert again["options"] == ["uids"]
    with session_scope(read_only=True) as session:
        key = session.get_one(Deidentification, project.id).key
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "projects.deidentification.changed")
        ).all()
    assert len(key) == 32
    assert [entry.changes for entry in entries] == [
        {"mode": "import", "options": DEFAULT}, {"mode": "import", "options": ["uids"]},
    ]  # fmt: skip


def test_dates_cannot_be_both_kept_and_moved(client, project, login):
    body = {"mode": "import", "options": ["full_dates", "modified_dates"]}
    path = f"/api/projects/{project.id}/deidentification"
    answer = client.put(path, json=body, headers=login("administrator", installation=False))
    assert (answer.status_code, answer.json()["field"]) == (422, "options")


@pytest.mark.parametrize("role", ["clinician", "annotator", "reviewer", "reader"])
def test_only_administrators_of_the_project_set_it_and_see_the_quarantine(client, project, login, role):
    path, headers = f"/api/projects/{project.id}", login(role)
    body = {"mode": "none", "options": []}
    assert client.put(f"{path}/deidentification", json=body, headers=headers).status_code == 403
    assert client.get(f"{path}/quarantine", headers=headers).status_code == 403


def test_case_16_nothing_that_names_the_patient_is_kept_or_logged(client, project, login, caplog):
    caplog.set_level(logging.DEBUG)
    choose(client, project, login("administrator", installation=False), "import")
    ct = planted_ct()
    files = [file_of(dataset) for dataset in (*ct, *planted_objects(ct))]
    headers = login("annotator")
    with structlog.testing.capture_logs() as logs:
        batch = begin(client, headers, project)
        members = {f"{MARKER}/{MARKER} {n}.dcm": data for n, data in enumerate([*files, b"no DICOM"])}
        put(client, headers, batch, f"{MARKER}.zip", zipped(members))
        summary = complete(client, headers, batch)
    assert (summary["stored"], summary["refused"]) == (len(files), 1), summary
    stored = list(everything_stored())
    assert len([name for name, _ in stored if name == "blob"]) == len(files)
    assert {name for name, data in stored if found_in(data)} == set()
    said = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert found_in(repr((logs, said, summary)).encode()) == []
    left = [p for p in (get_settings().data / "scratch").rglob("*") if p.is_file()]
    assert left == []
    listed = client.get(f"/api/projects/{project.id}/studies", headers=headers)
    assert found_in(listed.content) == []


def test_what_belongs_together_is_one_study_with_a_volume_and_its_structures(client, project, login):
    choose(client, project, login("administrator", installation=False), "import")
    ct = planted_ct()
    headers = login("annotator")
    send(client, headers, project, [*ct, *planted_objects(ct)])
    with session_scope(read_only=True) as session:
        patient = session.scalars(select(Patient)).one()
        study = session.scalars(select(Study)).one()
        series = {one.modality: one for one in session.scalars(select(Series))}
    assert patient.name == patient.patient_id and patient.patient_id.startswith("RK")
    assert (patient.birth_date, study.accession_number, study.referring_physician) == ("", "", "")
    assert series["CT"].volume is not None
    assert [w for one in series.values() for w in one.warnings if w["slug"] == "wrong-reference"] == []
    run_queued("import-structures")
    detail = client.get(f"/api/studies/{study.id}", headers=headers).json()
    names = [
        structure["name"]
        for row in detail["structure_sets"]
        for structure in client.get(f"/api/structure-sets/{row['id']}", headers=headers).json()["structures"]
    ]
    assert {"Parotid_L", "Structure_1"} <= set(names)


def test_the_same_file_again_is_known_and_a_later_study_joins_its_patient(client, project, login):
    choose(client, project, login("administrator", installation=False), "import")
    headers = login("annotator")
    first = send(client, headers, project, make_ct_series((2, 8, 8), seed="a"))
    again = send(client, headers, project, make_ct_series((2, 8, 8), seed="a"))
    later = send(client, headers, project, make_ct_series((2, 8, 8), seed="b"))
    assert (first["stored"], again["duplicate"], later["stored"]) == (2, 2, 2)
    with session_scope(read_only=True) as session:
        assert len(session.scalars(select(Patient)).all()) == 1
        assert len(session.scalars(select(Study)).all()) == 2


def test_what_still_names_the_patient_is_refused_and_nothing_of_it_is_kept(client, project, login):
    administrator = login("administrator", installation=False)
    choose(client, project, administrator, "import")
    ct = make_ct_series((1, 16, 16))[0]
    ct.PatientName = f"{MARKER}^A"
    ct.PixelData = ct.PixelData[:100] + MARKER.encode() + ct.PixelData[100 + len(MARKER) :]
    summary = send(client, login("annotator"), project, [ct])
    assert [file["slug"] for file in summary["refusals"]] == ["identifier-survived"]
    listed = client.get(f"/api/projects/{project.id}/quarantine", headers=administrator).json()["items"]
    assert [(one["stage"], one["state"], one["modality"]) for one in listed] == [("import", "refused", "CT")]
    assert "(7FE0,0010)" in listed[0]["detail"]
    assert {name for name, data in everything_stored() if found_in(data)} == set()
    path = f"/api/quarantine/{listed[0]['id']}/release"
    assert client.post(path, headers=administrator).json()["type"] == "/problems/already-decided"


def test_case_14_doubtful_pixels_wait_out_of_sight_until_an_administrator_lets_them_in(
    client, project, login
):
    administrator, annotator = login("administrator", installation=False), login("annotator")
    choose(client, project, administrator, "import")
    batch = begin(client, annotator, project)
    (outcome,) = put(client, annotator, batch, "x.dcm", doubtful())
    assert (outcome["outcome"], outcome["slug"]) == ("refused", "pixels-may-identify")
    put(client, annotator, batch, "again.dcm", doubtful())
    complete(client, annotator, batch)
    assert client.get(f"/api/projects/{project.id}/studies", headers=annotator).json()["items"] == []
    (held,) = client.get(f"/api/projects/{project.id}/quarantine", headers=administrator).json()["items"]
    path = f"/api/quarantine/{held['id']}"
    assert client.get(f"{path}/file", headers=annotator).status_code == 403
    assert client.post(f"{path}/release", headers=annotator).status_code == 403
    seen = client.get(f"{path}/file", headers=administrator)
    assert read_stored(seen.content).PatientIdentityRemoved == "YES"
    assert seen.headers["Content-Disposition"].startswith("attachment")
    assert client.post(f"{path}/release", headers=administrator).json()["state"] == "released"
    assert len(client.get(f"/api/projects/{project.id}/studies", headers=annotator).json()["items"]) == 1
    (again,) = put(client, annotator, begin(client, annotator, project), "x.dcm", doubtful())
    assert again["outcome"] == "duplicate"
    assert client.post(f"{path}/discard", headers=administrator).status_code == 409
    with session_scope(read_only=True) as session:
        acts = set(session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == held["id"])))
    assert acts == {f"studies.quarantine.{act}" for act in ("held", "viewed", "released")}


def test_slices_let_in_one_by_one_are_not_taken_for_the_whole_scan(client, project, login):
    administrator, annotator = login("administrator", installation=False), login("annotator")
    choose(client, project, administrator, "import")
    slices = make_ct_series((6, 8, 8))
    for one in slices:
        one.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    batch = begin(client, annotator, project)
    for number, one in enumerate(slices):
        put(client, annotator, batch, f"{number}.dcm", encode(one))
    complete(client, annotator, batch)
    held = client.get(f"/api/projects/{project.id}/quarantine", headers=administrator).json()["items"]
    assert len(held) == 6
    for one in held:
        assert client.post(f"/api/quarantine/{one['id']}/release", headers=administrator).status_code == 200
    with session_scope(read_only=True) as session:
        waiting = session.scalars(select(Job).where(Job.kind == "assemble")).all()
    assert len(waiting) == 1
    run_queued("assemble")
    with session_scope(read_only=True) as session:
        (series,) = session.scalars(select(Series)).all()
        assert series.volume["grid"]["shape_kji"] == [6, 8, 8]


def test_what_the_door_refuses_waits_in_quarantine_again(client, project, login, monkeypatch):
    administrator, annotator = login("administrator", installation=False), login("annotator")
    choose(client, project, administrator, "import")
    batch = begin(client, annotator, project)
    put(client, annotator, batch, "x.dcm", doubtful())
    complete(client, annotator, batch)
    listed = f"/api/projects/{project.id}/quarantine"
    (held,) = client.get(listed, headers=administrator).json()["items"]

    def refuse(*_):
        raise DicomReferenceError("it belongs to nobody")

    with monkeypatch.context() as patched:
        patched.setattr(quarantine, "add_instance", refuse)
        assert client.post(f"/api/quarantine/{held['id']}/release", headers=administrator).status_code >= 400
    assert client.get(listed, headers=administrator).json()["items"][0]["state"] == "held"
    assert client.post(f"/api/quarantine/{held['id']}/release", headers=administrator).status_code == 200


def test_what_is_discarded_is_kept_by_no_row(client, project, login):
    administrator = login("administrator", installation=False)
    choose(client, project, administrator, "import")
    put(client, administrator, begin(client, administrator, project), "x.dcm", doubtful())
    (held,) = client.get(f"/api/projects/{project.id}/quarantine", headers=administrator).json()["items"]
    answer = client.post(f"/api/quarantine/{held['id']}/discard", headers=administrator)
    assert answer.json()["state"] == "discarded"
    with session_scope(read_only=True) as session:
        assert session.get_one(QuarantinedFile, held["id"]).sha256 is None


def test_stow_goes_through_the_same_door(client, project, login):
    choose(client, project, login("administrator", installation=False), "import")
    data = file_of(planted_ct(slices=1)[0])
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--x--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    headers = login("annotator") | {"Content-Type": kind}
    answer = client.post(f"/dicomweb/projects/{project.slug}/studies", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert found_in(answer.content) == []
    assert {name for name, data in everything_stored() if found_in(data)} == set()


def test_two_projects_give_one_patient_two_pseudonyms(
    client: TestClient, project: Project, login: Login, tmp_path: Path
) -> None:
    headers = login("administrator")
    body = {"name": "Second", "slug": "second"}
    second = client.post("/api/projects", json=body, headers=headers).json()
    for project_id in (project.id, second["id"]):
        path = f"/api/projects/{project_id}/deidentification"
        client.put(path, json={"mode": "import", "options": DEFAULT}, headers=headers)
        batch = client.post(f"/api/projects/{project_id}/imports", headers=headers).json()["id"]
        put(client, headers, batch, "x.dcm", encode(make_ct_series((1, 8, 8))[0]))
    with session_scope(read_only=True) as session:
        assert len(set(session.scalars(select(Patient.patient_id)))) == 2
        assert len(set(session.scalars(select(Instance.sop_instance_uid)))) == 2
