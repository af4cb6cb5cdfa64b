"""Networks, datasets, trainings and promotions come in pages, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.jobs.service import JobRequest, enqueue
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.training.tables import Deployment, NetworkVersion, Run, Snapshot

Login = Callable[..., dict[str, str]]
MADE = 5


@pytest.fixture
def filled(project: Project) -> Project:
    """Five networks, and of each a dataset, a training and a promotion."""
    with session_scope() as session:
        for number in range(MADE):
            version = NetworkVersion(
                name=f"net-{number}", version=1, title="", origin="shipped", manifest={}, structures=[],
                weights_sha256="", card="",
            )  # fmt: skip
            snapshot = Snapshot(
                project_id=project.id, name=f"{number}", cases=[], structures=[], hash="", created_by=""
            )
            session.add_all([version, snapshot])
            session.flush()
            job = enqueue(session, JobRequest("train", {"run_id": ""}, project.id))
            session.add(
                Run(
                    project_id=project.id, snapshot_id=snapshot.id, base_version_id=version.id,
                    job_id=job.id, config={}, created_by="",
                )
            )  # fmt: skip
            session.add(Deployment(project_id=project.id, network=version.name, version_id=version.id))
            session.flush()
    return project


def names(items: list[dict[str, Any]]) -> list[str]:
    keys = ("network", "name", "snapshot")
    found = [next(item[key] for key in keys if key in item) for item in items]
    return [one["name"] if isinstance(one, dict) else one for one in found]


@pytest.mark.parametrize("path", ["/networks", "/snapshots", "/runs", "/deployments"])
def test_pages_join_to_the_whole_list(filled: Project, client: TestClient, login: Login, path: str) -> None:
    headers, url = login("reader"), f"/api/projects/{filled.id}{path}"
    if path == "/networks":
        url = "/api/networks"
    whole = client.get(url, headers=headers).json()
    assert whole["next_cursor"] is None
    wanted = [f"net-{n}" if path in ("/networks", "/deployments") else f"{n}" for n in range(MADE)]
    assert names(whole["items"]) == (wanted if path == "/networks" else wanted[::-1])
    items: list[dict[str, Any]] = []
    cursor = None
    for size in (2, 2, 1):
        page = client.get(url, params={"limit": 2, "cursor": cursor}, headers=headers).json()
        assert len(page["items"]) == size
        items += page["items"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert items == whole["items"]
    assert client.get(url, params={"cursor": "no"}, headers=headers).status_code == 422
    if path != "/networks":
        assert client.get(url, headers=login(None)).status_code == 404
