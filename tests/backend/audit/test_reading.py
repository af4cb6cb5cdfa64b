"""What people read in the audit trail: who acted, on which patient, and nothing of other projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.projects.schemas import ProjectIn
from backend.projects.service import create_project
from backend.projects.tables import Member, Project, Role
from tests.factories.dicom import make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import send, send_ct

Login = Callable[..., dict[str, str]]
ActorMaker = Callable[..., Actor]
RING = [(4.0, 6.0), (12.0, 6.0), (12.0, 15.0), (4.0, 15.0)]


@pytest.fixture
def other(actor: ActorMaker) -> Project:
    """A second project."""
    with session_scope() as session:
        return create_project(session, actor("administrator"), ProjectIn(slug="other", name="Other"))


def arrive(project: Project, folder: Path, patient: str) -> None:
    """A CT with a drawn larynx, imported and read."""
    arrived = send_ct(project, folder, patient)
    send(project, folder / f"rs-{patient}", [make_rtstruct(arrived.ct, {"Larynx": {2: RING}}, patient)])
    run_queued("import-structures")


def read(client: TestClient, headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
    answer = client.get("/api/audit", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_entries_name_patient_structure_and_person_and_are_found_by_them(
    client: TestClient, login: Login, actor: ActorMaker, project: Project, tmp_path: Path
) -> None:
    for patient in ("one", "two"):
        arrive(project, tmp_path, patient)
    boss = actor("administrator", installation=False)
    headers = login(boss)
    whole = read(client, headers, project_id=project.id)
    saved = [entry for entry in whole if entry["action"] == "labels.revision.saved"]
    assert {entry["structure_name"] for entry in saved} == {"Larynx"}
    assert {entry["patients"][0]["patient_id"] for entry in saved} == {"ID-one", "ID-two"}
    for words in ("id-one", "secret one"):
        found = read(client, headers, project_id=project.id, patient=words)
        kinds = {entry["object_type"] for entry in found}
        assert kinds >= {"structure", "structure-set"}
        assert [p["name"] for entry in found for p in entry["patients"]] == ["Secret^one"] * len(found)
    client.patch(f"/api/projects/{project.id}", json={"name": "New"}, headers=headers)
    (mine,) = read(client, headers, project_id=project.id, user=boss.username.upper())
    assert (mine["actor_name"], mine["action"]) == (boss.display_name, "projects.project.changed")
    assert read(client, headers, project_id=project.id, user="nobody of this name") == []


def test_nothing_of_another_project_is_named_or_found(
    client: TestClient, login: Login, actor: ActorMaker, project: Project, other: Project, tmp_path: Path
) -> None:
    arrive(other, tmp_path, "theirs")
    ours, installation = actor("administrator", installation=False), actor(None, installation=True)
    headers = login(ours)
    assert client.get("/api/audit", params={"project_id": other.id}, headers=headers).status_code == 404
    assert client.get("/api/audit", params={"patient": "theirs"}, headers=headers).status_code == 403
    assert read(client, headers, project_id=project.id, patient="theirs") == []
    whole = read(client, login(installation))
    assert {entry["project_id"] for entry in whole} >= {other.id}
    assert [entry for entry in whole if entry["patients"] or entry["structure_name"]] == []
    assert read(client, login(installation), patient="theirs") == []
    with session_scope() as session:
        session.add(Member(project_id=other.id, user_id=installation.user_id, role=Role.READER))
    assert read(client, login(installation), patient="theirs")
