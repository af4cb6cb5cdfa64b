"""A CT that came as DICOM, with what the network drew on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.kit import db
from backend.projects.tables import Project
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived, send_ct
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
    chosen = {"structure_ids": [drawn.structure_id]}
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        answer = client.post(f"/api/structure-sets/{drawn.set_id}/{act}", json=chosen, headers=login(role))
        assert answer.status_code == 200, answer.text
    run_queued("measure")
