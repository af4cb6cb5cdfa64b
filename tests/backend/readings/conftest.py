"""A project with cases, readers, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.accounts.actor import Actor
from backend.kit import clock, db
from backend.kit.storage import storage
from backend.projects.tables import Project
from backend.studies.tables import Patient, Series, Study

CASES = 6
"""Half of them positive."""


class Clock:
    """The server's time."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 9, tzinfo=UTC)

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.at += timedelta(**step)


@dataclass
class Ward:
    """The API of one reader study, its owner and its readers."""

    client: TestClient
    project_id: str
    owner: dict[str, str]
    readers: list[tuple[Actor, dict[str, str]]]
    studies: list[str]
    id: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    def call(self, who: dict[str, str], method: str, path: str = "", **options: Any) -> Any:
        """An answer of the study's part of the API."""
        base = f"/api/projects/{self.project_id}/reader-studies/{self.id}"
        return self.client.request(method, base + path, headers=who, **options)

    def owns(self, method: str, path: str = "", **options: Any) -> Any:
        """The JSON that the owner is answered."""
        answer = self.call(self.owner, method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def reads(self, reader: int, method: str, path: str = "", **options: Any) -> Any:
        """The JSON that a reader is answered."""
        answer = self.call(self.readers[reader][1], method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def cases(self) -> list[dict[str, Any]]:
        """The first half has a lesion each, and the AI marks it."""
        lesion = {"position_mm": [10.0, 20.0, 30.0], "radius_mm": 8.0}
        mark = {"position_mm": [11.0, 20.0, 30.0], "confidence": 88.0}
        return [
            {
                "study_id": one,
                "positive": i < CASES // 2,
                "lesions": [lesion] if i < CASES // 2 else [],
                "candidates": [mark] if i < CASES // 2 else [],
            }
            for i, one in enumerate(self.studies)
        ]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moving = Clock()
    monkeypatch.setattr(clock, "now", lambda: moving.at)
    return moving


def make_studies(project_id: str) -> list[str]:
    with db.session_scope() as session:
        made = []
        for i in range(CASES):
            patient = Patient(project_id=project_id, patient_id=f"P{i}")
            session.add(patient)
            session.flush()
            study = Study(project_id=project_id, patient_row_id=patient.id, study_instance_uid=f"1.2.{i}")
            session.add(study)
            session.flush()
            voxels = storage().put(f"voxels {i}".encode())
            session.add(
                Series(
                    study_row_id=study.id, series_instance_uid=f"1.2.{i}.1", modality="CT", volume={},
                    volume_sha256=voxels,
                )
            )  # fmt: skip
            made.append(study.id)
        return made


@pytest.fixture
def ward(
    client: TestClient,
    project: Project,
    actor: Callable[..., Actor],
    login: Callable[..., dict[str, str]],
    time: Clock,
) -> Ward:
    """A draft with four readers and its cases."""
    people = [actor("reader", installation=False) for _ in range(4)]
    readers = [(one, login(one)) for one in people]
    made = Ward(client, project.id, login("administrator"), readers, make_studies(project.id))
    levels = ["junior", "junior", "senior", "senior"]
    made.body = {
        "name": "S4",
        "seed": 7,
        "washout_days": 28,
        "readers": [
            {"user_id": one.user_id, "level": level} for one, level in zip(people, levels, strict=True)
        ],
    }
    answer = client.post(f"/api/projects/{project.id}/reader-studies", json=made.body, headers=made.owner)
    assert answer.status_code == 201, answer.text
    made.id = answer.json()["id"]
    made.owns("PUT", "/cases", json={"cases": made.cases()})
    return made


@pytest.fixture
def opened(ward: Ward) -> Ward:
    """The study, open."""
    ward.owns("POST", "/open")
    return ward
