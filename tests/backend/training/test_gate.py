"""A version that draws a structure surely worse than the one in use needs a reason that is kept."""

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


def _rows(intervals: dict[str, tuple[float, float]], against: str | None = None) -> list[dict[str, Any]]:
    return [
        {
            "structure": name, "n": 9, "base_dice": 0.8, "new_dice": 0.8 + low,
            "difference": (low + high) / 2, "ci_low": low, "ci_high": high, "base_sdsc": 0.8,
            "new_sdsc": 0.8, "verdict": "same",
        } | ({} if against is None else {"against": against})
        for name, (low, high) in intervals.items()
    ]  # fmt: skip


def _other(project: Project, number: int) -> str:
    """Another version of the network, that no run made."""
    with db.session_scope() as session:
        row = NetworkVersion(
            name="net", version=number, title="", origin="trained", manifest={}, structures=["Larynx"],
            weights_sha256="", card="", project_id=project.id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def _compared(version_id: str, intervals: dict[str, tuple[float, float]], against: str) -> str:
    """Adds rows against a version to the run that made the version; gives the run."""
    with db.session_scope() as session:
        run = session.get_one(Run, session.get_one(NetworkVersion, version_id).run_id)
        run.evaluation = [*(run.evaluation or []), *_rows(intervals, against)]
        return run.id


def _trained(project: Project, intervals: dict[str, tuple[float, float]]) -> str:
    """A version whose run compared it with its base, the one in use, by these intervals; gives its id."""
    rows = _rows(intervals)
    run_id = new_id()
    with db.session_scope() as session:
        base, new = (
            NetworkVersion(
                name="net", version=number, title="", origin=origin, manifest={}, structures=[*intervals],
                weights_sha256="", card="", project_id=made_by and project.id, run_id=made_by,
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
    kept = {
        "version": 2,
        "structures": ["Larynx"],
        "comparison": "compared",
        "reason": body["override_reason"],
    }
    assert _overridden() == [kept]


@pytest.mark.parametrize("interval", [(-0.09, -GATE_MARGIN_DICE), (-0.04, 0.02), (-1.0, 1.0)])
def test_what_is_within_the_margin_or_unsure_passes_and_nothing_counts_as_overridden(
    project: Project, client: TestClient, login: Login, interval: tuple[float, float]
) -> None:
    version = _trained(project, {"Larynx": interval})
    url = f"/api/projects/{project.id}/deployments"
    body = {"version_id": version, "override_reason": "not needed at all"}
    assert client.post(url, json=body, headers=login("administrator")).status_code == 201
    assert _overridden() == []


def test_the_version_in_use_counts_and_not_the_one_that_the_training_began_from(
    project: Project, client: TestClient, login: Login
) -> None:
    """Better than its base, and surely worse than what came into use meanwhile."""
    version, better = _trained(project, {"Larynx": (0.02, 0.09)}), _other(project, 3)
    url, boss = f"/api/projects/{project.id}/deployments", login("administrator")
    assert client.post(url, json={"version_id": better}, headers=boss).status_code == 201
    run = _compared(version, {"Larynx": (-0.09, -0.02)}, better)
    answer = client.post(url, json={"version_id": version}, headers=boss)
    assert answer.json()["type"].endswith("version-held-back")
    shown = client.get(f"/api/runs/{run}", headers=boss).json()
    assert (shown["comparison"], shown["in_use"]["id"]) == ("compared", better)
    assert [(row["against"], row["holds_back"]) for row in shown["evaluation"]] == [(better, True)]
    assert client.post(f"{url}/rollback", json={"network": "net"}, headers=boss).status_code == 201
    assert client.post(url, json={"version_id": version}, headers=boss).status_code == 201


def test_old_figures_decide_nothing_when_another_version_came_into_use(
    project: Project, client: TestClient, login: Login
) -> None:
    version, newer = _trained(project, {"Larynx": (0.02, 0.09)}), _other(project, 3)
    url, boss = f"/api/projects/{project.id}/deployments", login("administrator")
    client.post(url, json={"version_id": newer}, headers=boss)
    refused = client.post(url, json={"version_id": version}, headers=boss)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "version-not-compared")
    assert "net v3" in refused.json()["detail"]
    body = {"version_id": version, "override_reason": "the other scanner is gone"}
    assert client.post(url, json=body, headers=boss).status_code == 201
    assert [(row["structures"], row["comparison"]) for row in _overridden()] == [([], "not-compared")]


def test_the_comparison_with_the_version_in_use_is_asked_for_once(
    project: Project, client: TestClient, login: Login
) -> None:
    version, newer = _trained(project, {"Larynx": (0.02, 0.09)}), _other(project, 3)
    run, boss = _compared(version, {}, newer), login("administrator")
    where = f"/api/runs/{run}/comparison"
    nothing = client.post(where, headers=boss)
    assert (nothing.status_code, nothing.json()["type"].rsplit("/", 1)[-1]) == (409, "nothing-to-compare")
    client.post(f"/api/projects/{project.id}/deployments", json={"version_id": newer}, headers=boss)
    shown = client.get(f"/api/runs/{run}", headers=boss).json()
    assert (shown["comparison"], shown["comparing"]) == ("not-compared", None)
    assert client.post(where, headers=login("annotator")).status_code == 403
    first, second = (client.post(where, headers=boss).json()["id"] for _ in range(2))
    assert first == second
    assert client.get(f"/api/runs/{run}", headers=boss).json()["comparing"]["id"] == first
    _compared(version, {"Larynx": (-0.01, 0.02)}, newer)
    assert client.post(where, headers=boss).status_code == 409


def test_what_is_in_use_itself_is_shown_beside_its_base(
    project: Project, client: TestClient, login: Login
) -> None:
    version, boss = _trained(project, {"Larynx": (0.02, 0.09)}), login("administrator")
    client.post(f"/api/projects/{project.id}/deployments", json={"version_id": version}, headers=boss)
    run = client.get(f"/api/projects/{project.id}/runs", headers=boss).json()["items"][0]
    assert (run["comparison"], run["in_use"]["id"]) == ("in-use", version)
    assert [row["against"] for row in run["evaluation"]] == [run["base_version"]["id"]]
