"""Versions never change, are signed off once by another person, and are paired only over the same data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from backend.accounts.actor import Actor
from backend.audit.tables import AuditEntry
from backend.jobs.service import JobRequest, enqueue
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.projects.tables import Project
from backend.training.registry import Difference, differences
from backend.training.tables import NetworkPicture, NetworkVersion, Run, Snapshot

PNG = b"\x89PNG made up"
Login = Callable[..., dict[str, str]]


def _scores(*dice: float) -> list[dict[str, Any]]:
    return [{"case": f"scan {n}", "structure": "Larynx", "dice": value} for n, value in enumerate(dice)]


def _version(number: int, project_id: str | None, dice: tuple[float, ...], data: str | None) -> str:
    metrics = {"scores": _scores(*dice)} | ({} if data is None else {"evaluated_on": data})
    with session_scope() as session:
        row = NetworkVersion(
            name="toy", version=number, title="Toy", origin="trained" if project_id else "shipped",
            project_id=project_id, structures=["Larynx"], card="", metrics=metrics,
            manifest={"version": number, "rules": {"Larynx": {"threshold": 0.1 * number}}},
            weights_sha256=storage().put(str(number).encode()),
        )  # fmt: skip
        session.add(row)
        session.flush()
        picture = NetworkPicture(
            version_id=row.id, rank="worst", case_name="scan 1", dice=0.5, slice_number=7,
            sha256=storage().put(PNG),
        )  # fmt: skip
        session.add(picture)
        return row.id


def _trained_by(project: Project, who: Actor) -> str:
    """A version that this person's training made."""
    version_id = _version(3, project.id, (0.5,), None)
    with session_scope() as session:
        snapshot = Snapshot(
            project_id=project.id, name="s", cases=[], structures=[], hash="0" * 64, created_by=who.user_id
        )
        job = enqueue(session, JobRequest("train", {}, project.id))
        session.add(snapshot)
        session.flush()
        run = Run(
            project_id=project.id, snapshot_id=snapshot.id, base_version_id=version_id, job_id=job.id,
            config={}, created_by=who.user_id,
        )  # fmt: skip
        session.add(run)
        session.flush()
        made = NetworkVersion(
            name="toy", version=4, title="Toy", origin="trained", project_id=project.id, manifest={},
            structures=["Larynx"], weights_sha256=storage().put(b"made"), card="", run_id=run.id,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id


def test_a_signature_has_name_and_time_and_is_audited_once(
    project: Project, client: TestClient, login: Login, actor: Callable[..., Actor]
) -> None:
    version_id, reviewer = _version(1, None, (0.5,), None), actor("reviewer")
    where, headers = f"/api/projects/{project.id}/network-versions/{version_id}/signature", login(reviewer)
    listed = client.get("/api/networks", headers=headers).json()["items"][0]["versions"][0]
    assert listed["signatures"] == []
    assert client.post(where, json={}, headers=login("annotator")).status_code == 403
    signed = client.post(where, json={"remark": "looked at ten scans"}, headers=headers)
    assert signed.status_code == 201
    signature = signed.json()["signatures"][0]
    assert (signature["signer_name"], signature["remark"]) == (reviewer.display_name, "looked at ten scans")
    assert signature["weights_sha256"] == listed["sha256"]
    again = client.post(where, json={}, headers=login("clinician"))
    assert (again.status_code, again.json()["type"].rsplit("/", 1)[-1]) == (409, "already-signed")
    with session_scope(read_only=True) as session:
        acts = session.scalars(select(AuditEntry.action).filter_by(object_id=version_id)).all()
    assert acts == ["training.version.signed"]


def test_who_started_the_training_does_not_sign_what_it_made(
    project: Project, client: TestClient, login: Login, actor: Callable[..., Actor]
) -> None:
    boss = actor("administrator")
    where = f"/api/projects/{project.id}/network-versions/{_trained_by(project, boss)}/signature"
    own = client.post(where, json={}, headers=login(boss))
    assert (own.status_code, own.json()["type"].rsplit("/", 1)[-1]) == (403, "own-training")
    assert client.post(where, json={}, headers=login("reviewer")).status_code == 201


@pytest.mark.parametrize("column", ["card", "weights_sha256", "title"])
def test_a_version_never_changes(project: Project, column: str) -> None:
    version_id = _version(1, project.id, (0.5,), None)
    with pytest.raises(DBAPIError), session_scope() as session:
        session.execute(
            text(f"UPDATE network_versions SET {column} = 'x' WHERE id = :id"), {"id": version_id}
        )


def test_pictures_are_seen_by_members_only(project: Project, client: TestClient, login: Login) -> None:
    version_id = _version(1, project.id, (0.5,), None)
    where = f"/api/projects/{project.id}/network-versions/{version_id}/pictures"
    seen = client.get(f"{where}/worst", headers=login("reader"))
    assert (seen.content, seen.headers["content-type"]) == (PNG, "image/png")
    assert "private" in seen.headers["cache-control"]
    assert client.get(f"{where}/best", headers=login("reader")).status_code == 404
    assert client.get(f"{where}/worst", headers=login(None)).status_code == 404


def test_versions_are_paired_only_over_the_same_data(
    project: Project, client: TestClient, login: Login
) -> None:
    first, second = ((0.5, 0.6, 0.5, 0.6), (0.6, 0.7, 0.7, 0.7))
    base, other = _version(1, project.id, first, "a"), _version(2, project.id, second, "a")
    apart = _version(3, project.id, second, None)
    where, headers = f"/api/projects/{project.id}/network-versions/{base}/beside", login("reader")
    found = client.get(f"{where}/{other}", headers=headers).json()
    row = found["figures"][0]
    assert (row["base"]["n"], row["paired"]["n"]) == (4, 4)
    assert row["paired"]["mean"] == pytest.approx(0.125)
    assert row["paired"]["ci_low"] > 0
    assert [one["path"] for one in found["differences"]] == ["rules.Larynx.threshold"]
    unlike = client.get(f"{where}/{apart}", headers=headers).json()
    assert unlike["figures"][0]["paired"] is None
    assert unlike["figures"][0]["other"]["mean"] == pytest.approx(0.675)


def test_manifests_differ_by_their_leaves() -> None:
    base = {"version": 1, "patch": 64, "window": {"low_hu": -400}}
    other = {"version": 2, "patch": 64, "window": {"low_hu": -300}, "completion": "head"}
    assert differences(base, other) == [
        Difference("completion", None, "head"),
        Difference("window.low_hu", -400, -300),
    ]
