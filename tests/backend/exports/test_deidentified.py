"""What leaves a project that de-identifies at export names nobody; inside it everybody is seen."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from scipy.io import loadmat
from sqlalchemy import select, update

from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.labels.tables import Structure
from backend.projects.deidentification import deidentifier
from backend.projects.tables import DeidentificationMode, Project
from backend.studies.tables import QuarantinedFile
from rt.dicom.deidentify import Option, Profile
from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.seg import read_seg
from tests.backend.labels.conftest import Drawn
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived

Login = Callable[..., dict[str, str]]
SECRETS = (b"Secret", b"ID-ct", b"Smith", b"20260102", b"19600102")


@pytest.fixture
def hidden(client: TestClient, project: Project, login: Login) -> dict[str, str]:
    """The project de-identifies at export; headers of a clinician."""
    body = {"mode": "export", "options": [option.value for option in Option if option in Profile().options]}
    path = f"/api/projects/{project.id}/deidentification"
    headers = login("administrator", installation=False)
    assert client.put(path, json=body, headers=headers).status_code == 200
    return login("clinician")


@pytest.fixture
def named(drawn: Drawn) -> Drawn:
    """One of two structures has a name that nobody outside may read."""
    with db.session_scope() as session:
        session.execute(update(Structure).where(Structure.name == "Brainstem").values(name="GTV_Smith"))
    return drawn


def _export(client: TestClient, drawn: Drawn, form: str, headers: dict[str, str]) -> tuple[str, bytes]:
    answer = client.get(f"/api/structure-sets/{drawn.set_id}/export?format={form}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.headers["Content-Disposition"], answer.content


@pytest.mark.parametrize("form", ["rtstruct", "seg"])
def test_case_15_dicom_leaves_with_pseudonyms_and_neutral_names(
    client: TestClient, project: Project, arrived: Arrived, named: Drawn, hidden: dict[str, str], form: str
) -> None:
    disposition, data = _export(client, named, form, hidden)
    uids = [arrived.study.study_instance_uid, arrived.series.series_instance_uid]
    for secret in (*SECRETS, *(uid.encode() for uid in uids)):
        assert secret not in data and secret.decode() not in disposition
    left = read_stored(data)
    assert left.PatientIdentityRemoved == "YES"
    assert left.PatientID in disposition
    parse_instance(data)
    if form == "rtstruct":
        names = {roi.name for roi in read_rtstruct(left).rois}
    else:
        names = {segment.SegmentLabel for segment in left.SegmentSequence}
        assert len(read_seg(left, arrived.grid).segments) == 2
    assert names == {"Parotid_L", f"Structure_{_number('GTV_Smith')}"}


def _number(name: str) -> int:
    with db.session_scope(read_only=True) as session:
        return session.scalars(select(Structure.number).where(Structure.name == name)).one()


def test_the_rtstruct_refers_to_the_images_as_they_would_leave(
    client: TestClient, project: Project, arrived: Arrived, named: Drawn, hidden: dict[str, str]
) -> None:
    left = read_stored(_export(client, named, "rtstruct", hidden)[1])
    with db.session_scope(read_only=True) as session:
        chosen = deidentifier(session, project.id, DeidentificationMode.EXPORT)
    assert chosen is not None
    study = left.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    series = study.RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == chosen.uid(arrived.series.series_instance_uid)
    images = {item.ReferencedSOPInstanceUID for item in series.ContourImageSequence}
    assert images == {chosen.uid(slice_.SOPInstanceUID) for slice_ in arrived.ct}


def test_nifti_leaves_with_neutral_names_and_says_what_was_done(
    client: TestClient, project: Project, arrived: Arrived, named: Drawn, hidden: dict[str, str]
) -> None:
    disposition, data = _export(client, named, "nifti", hidden)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
        described = json.loads(archive.read("structures.json"))
    for secret in (*SECRETS, arrived.series.series_instance_uid.encode()):
        assert secret not in contents and secret.decode() not in disposition
    assert {one["name"] for one in described["structures"]} == {
        "Parotid_L", f"Structure_{_number('GTV_Smith')}",
    }  # fmt: skip
    assert described["deidentification"]["codes"][0] == "113100"


@pytest.mark.parametrize("form", ["monai", "nnunet", "nrrd", "bids", "mat", "mat73"])
def test_training_sets_leave_with_names_that_are_the_same_in_all_cases(
    client: TestClient, project: Project, named: Drawn, hidden: dict[str, str], form: str
) -> None:
    body = {"format": form, "only_approved": False, "structures": ["GTV_Smith", "Parotid_L"]}
    job = client.post(f"/api/projects/{project.id}/exports", json=body, headers=hidden).json()
    result = run_job(job["id"])
    data = client.get(f"/api/exports/{job['id']}/file", headers=hidden).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    assert not any(secret in contents for secret in SECRETS)
    assert result["structures"][1] == "Parotid_L"
    assert result["structures"][0].startswith("Structure_")
    assert b'"deidentification"' in contents and b"113100" in contents


def test_a_crop_to_a_structure_with_a_telling_name_leaves_without_it(
    client: TestClient, project: Project, named: Drawn, hidden: dict[str, str]
) -> None:
    crop = {"structures": ["Parotid_L"], "without": ["GTV_Smith"]}
    body = {"format": "mat", "only_approved": False, "crop": crop}
    job = client.post(f"/api/projects/{project.id}/exports", json=body, headers=hidden).json()
    run_job(job["id"])
    data = client.get(f"/api/exports/{job['id']}/file", headers=hidden).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        described = json.loads(archive.read("cases.json"))
        case = loadmat(io.BytesIO(archive.read(f"{next(iter(described['cases']))}.mat")))
    neutral = described["crop"]["without"][0]
    assert described["crop"]["structures"] == ["Parotid_L"] and neutral.startswith("Structure_")
    assert case["masks"].dtype.names == ("Parotid_L", described["fields"][neutral])
    texts = [str(one[0]) for one in case["structure_names"][0]]
    assert texts == ["Parotid_L", neutral]
    assert not (case["region"] & case["masks"][described["fields"][neutral]][0, 0]).any()
    assert "Smith" not in str(case) + json.dumps(described)


def test_the_audit_says_that_it_was_deidentified(
    client: TestClient, project: Project, drawn: Drawn, hidden: dict[str, str]
) -> None:
    _export(client, drawn, "rtstruct", hidden)
    with db.session_scope(read_only=True) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exports.set.exported")).one()
    assert entry.changes["deidentified"] == ["patient", "modified_dates", "descriptors"]


def test_an_export_in_which_something_survives_is_withheld(
    client: TestClient, project: Project, drawn: Drawn, hidden: dict[str, str], monkeypatch, tmp_path: Path
) -> None:
    """The gate is told to look for a word that de-identification writes."""
    from rt.dicom.deidentify import objects
    from rt.dicom.deidentify.identifiers import Identifiers

    monkeypatch.setattr(
        objects, "identifiers_of", lambda *_: Identifiers(frozenset({"removed"}), frozenset())
    )
    answer = client.get(f"/api/structure-sets/{drawn.set_id}/export?format=rtstruct", headers=hidden)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/export-withheld")
    with db.session_scope(read_only=True) as session:
        held = session.scalars(select(QuarantinedFile)).one()
        exported = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "exports.set.exported")
        ).all()
    assert (held.stage, held.state, held.slug) == ("export", "refused", "identifier-survived")
    assert exported == []


def test_inside_the_project_the_patient_is_seen(
    client: TestClient, project: Project, drawn: Drawn, hidden: dict[str, str]
) -> None:
    listed = client.get(f"/api/projects/{project.id}/studies", headers=hidden).json()["items"]
    assert [row["patient_name"] for row in listed] == ["Secret^ct"]
