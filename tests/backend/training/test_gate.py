"""A version that draws a structure surely worse is not used without a reason that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.jobs.service import JobRequest, enqueue
from backend.kit import db
from backend.kit.ids import new_id
from backend.projects.tables import Project
from backend.training.schemas import GATE_MARGIN_DICE
from backend.training.tables import Deployment, NetworkVersion, Run, Snapshot

Login = Callable[..., dict[str, str]]


def _trained(project: Project, intervals: dict[str, tuple[float, float]]) -> str:
    """A version whose run compared each structure with that interval of the difference; gives its id."""
    rows = [
        {
            "structure": name, "n": 9, "base_dice": 0.8, "new_dice": 0.8 + low,
            "difference": (low + high) / 2, "ci_low": low, "ci_high": high, "base_sdsc": 0.8, "new_sdsc":
            0.8, "verdict": "same", }
        for name, (low, high) in intervals.items()
    ]  # fmt: skip
    run_id = new_id()
    with db.session_scope() as session:
        base, new = (
            NetworkVersion(
                name="net", version=number, title="", origin=origin, manifest={}, structures=[*intervals],
                weights_sha256="", card="", project_id=project.id, run_id=made_by,
            )
            for number, origin, made_by in ((1, "shipped", None), (2, "trained", run_id))
        )  # fmt: skip
        snapshot = Snapshot(project_id=project.id, name="s", cases=[], structures=[], hash="", created_by="")
        session.add_all([base, new, snapshot])
        session.flush()
        job = enqueue(session, JobRequest("train", {"run_id": ""}, project.id))
        run = Run(
            id=run_id, project_id=project.id, snapshot_id=snapshot.id, base_version_id=base.id,
            version_id=new.id, job_id=job.id, config={}, created_by="", evaluation=rows,
        )  # fmt: skip
        session.add(run)
        return new.id


def _overridden() -> list[dict[str, Any]]:
    with db.session_scope(read_only=True) as session:
        rows = session.scalars(select(AuditEntry).filter_by(action="training.gate.overridden"))
        return [row.changes for row in rows]


def test_a_version_with_a_structure_surely_worse_is_refused_and_stays_unused(
    project: Project, client: TestClient, login: Login
) -> None:
    version = _trained(project, {"Larynx": (-0.09, -0.02), "Parotid_L": (0.01, 0.05)})
    url, boss = f"/api/projects/{project.id}/deployments", login("administrator")
    answer = client.post(url, json={"version_id": version}, headers=boss)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("version-held-back")
    assert answer.json()["structures"] == ["Larynx"]
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(Deployment)).all() == []
    short = client.post(url, json={"version_id": version, "override_reason": "because"}, headers=boss)
    assert short.status_code == 422


def test_a_reason_lets_it_pass_and_is_audited(project: Project, client: TestClient, login: Login) -> None:
    version = _trained(project, {"Larynx": (-0.09, -0.02)})
    url = f"/api/projects/{project.id}/deployments"
    body = {"version_id": version, "override_reason": "the larynx is always drawn by hand here"}
    assert client.post(url, json=body, headers=login("administrator")).status_code == 201
    assert _overridden() == [{"version": 2, "structures": ["Larynx"], "reason": body["override_reason"]}]


@pytest.mark.parametrize("interval", [(-0.09, -GATE_MARGIN_DICE), (-0.04, 0.02), (-1.0, 1.0)])
def test_what_is_within_the_margin_or_unsure_passes_and_nothing_counts_as_overridden(
    project: Project, client: TestClient, login: Login, interval: tuple[float, float]
) -> None:
    version = _trained(project, {"Larynx": interval})
    url = f"/api/projects/{project.id}/deployments"
    body = {"version_id": version, "override_reason": "not needed at all"}
    assert client.post(url, json=body, headers=login("administrator")).status_code == 201
    assert _overridden() == []
