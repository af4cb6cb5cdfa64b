"""On whom a training rehearses: patients of whom nothing was approved and who never test."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.kit import db
from backend.projects.tables import Project
from backend.training.splits import patient_key
from backend.training.tables import LockedTestPatient, NetworkVersion, Snapshot
from tests.factories.scenes import make_scene

Login = Callable[..., dict[str, str]]


def test_uncorrected_patients_rehearse_and_neither_locked_nor_corrected_ones(
    project: Project, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        scenes = {name: make_scene(session, project, patient_id=name) for name in ("P1", "P2", "P3")}
        version = NetworkVersion(
            name="net", version=1, title="", origin="shipped", manifest={}, structures=["Larynx"],
            weights_sha256="", card="",
        )  # fmt: skip
        case = {"series_id": scenes["P1"].series.id, "patient_key": patient_key("P1", ""), "split": "train"}
        snapshot = Snapshot(
            project_id=project.id, name="s", cases=[{**case, "revisions": {}}],
            structures=["Larynx"], hash="", created_by="",
        )  # fmt: skip
        session.add_all(
            [version, snapshot, LockedTestPatient(project_id=project.id, patient_key=patient_key("P2", ""))]
        )
        session.flush()
        wanted = {"snapshot_id": snapshot.id, "base_version_id": version.id}
    url, boss = f"/api/projects/{project.id}/runs", login("administrator")
    run = client.post(url, json=wanted, headers=boss).json()
    assert run["config"]["rehearsal"] == 1.0
    assert run["config"]["uncorrected"] == [scenes["P3"].series.id]
    without = client.post(url, json={**wanted, "rehearsal": 0}, headers=boss).json()
    assert without["config"]["uncorrected"] == []
