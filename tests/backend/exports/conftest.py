"""A CT that came as DICOM, with what the network drew on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.kit import db
from backend.projects.tables import Project
from rt.masks import Mask
from tests.backend.labels.conftest import Drawn, draw
from tests.backend.labels.conftest import save as save
from tests.factories.jobs import run_job, run_queued
from tests.factories.patients import Arrived, send_ct
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


@pytest.fixture
def drawn(arrived: Arrived) -> Drawn:
    """Two overlapping organs drawn by the network on a CT that came as DICOM; the first is given back."""
    with db.session_scope(read_only=True) as session:
        scene = Scene(session.merge(arrived.study), session.merge(arrived.series), arrived.grid)
    draw(scene, "Brainstem", block(arrived.grid, slice(1, 4), slice(5, 12), slice(4, 9)))
    ring = block(arrived.grid, slice(2, 5), slice(8, 20), slice(6, 16))
    ring[3, 11:15, 9:12] = False
    ring[5, 2, 2] = True
    return draw(scene, "Parotid_L", ring)


def approve(client: TestClient, drawn: Drawn, login: Login) -> None:
    """Submit and approve the structure, and measure what that cost."""
    chosen = [drawn.structure_id]
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        answer = review(client, drawn.set_id, act, login(role), structure_ids=chosen)
        assert answer.status_code == 200, answer.text
    run_queued("measure")


def arrive(project: Project, folder: Path, seed: str) -> tuple[Arrived, Scene]:
    """A patient whose CT came in."""
    arrived = send_ct(project, folder, seed)
    return arrived, Scene(arrived.study, arrived.series, arrived.grid)


def approve_set(client: TestClient, drawn: Drawn, login: Login) -> None:
    """Submit and approve all of a set."""
    assert review(client, drawn.set_id, "submit", login("annotator")).status_code == 200
    assert review(client, drawn.set_id, "approve", login("reviewer")).status_code == 200


def exported(
    client: TestClient, project: Project, headers: dict[str, str], **body: Any
) -> tuple[dict[str, Any], bytes]:
    """The job's result and the file as it is downloaded."""
    job = client.post(f"/api/projects/{project.id}/exports", json=body, headers=headers).json()
    early = client.get(f"/api/exports/{job['id']}/file", headers=headers)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/export-not-ready")
    result = run_job(job["id"])
    answer = client.get(f"/api/exports/{job['id']}/file", headers=headers)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    return result, answer.content


@pytest.fixture
def two_cases(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> tuple[Arrived, Mask, Mask]:
    """Two approved patients: the first with two overlapping organs, the second with one of them."""
    arrived, scene = arrive(project, tmp_path, "one")
    large = block(arrived.grid, slice(1, 5), slice(4, 16), slice(4, 14))
    small = block(arrived.grid, slice(2, 4), slice(8, 12), slice(10, 18))
    draw(scene, "Brainstem", large)
    approve_set(client, draw(scene, "Parotid_L", small), login)
    _, other = arrive(project, tmp_path, "two")
    approve_set(client, draw(other, "Brainstem", large), login)
    return arrived, large, small
