"""Only a network's contour is accepted or rejected; what was rejected all the same is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from backend.accounts.tables import User
from backend.kit import db
from backend.labels import service
from backend.labels.tables import StructureSet
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.reviewing import review
from tests.factories.scenes import Scene

Login = Callable[..., dict[str, str]]


def assess(client: TestClient, drawn: Drawn, assessment: str, headers: dict[str, str]) -> Response:
    path = f"/api/structures/{drawn.structure_id}/assessment"
    return client.put(path, json={"assessment": assessment}, headers=headers)


def shown(client: TestClient, drawn: Drawn, headers: dict[str, str]) -> dict[str, Any]:
    answer = client.get(f"/api/structure-sets/{drawn.set_id}", headers=headers)
    found: list[dict[str, Any]] = answer.json()["structures"]
    return next(one for one in found if one["id"] == drawn.structure_id)


@pytest.mark.parametrize("assessment", ["accepted", "rejected", "none"])
@pytest.mark.parametrize("tool", ["import", "rule", "brush"])
def test_only_a_networks_contour_is_assessed(
    drawn: Drawn, client: TestClient, login: Login, tool: str, assessment: str
) -> None:
    headers = login("annotator")
    with db.session_scope() as session:
        owner = session.get_one(StructureSet, drawn.set_id)
        author = session.scalars(select(User.id)).first() if tool == "brush" else None
        came = service.add_structure(session, owner, service.NewStructure("PTV_6000"))
        service.append_revision(
            session, came, service.NewRevision(drawn.mask, 0, author_id=author, tool=tool)
        )
        other = replace(drawn, structure_id=came.id)
    refused = assess(client, other, assessment, headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/illegal-transition")
    now = shown(client, other, headers)
    assert (now["head"]["number"], now["assessment"]) == (1, "none")


def test_rejection_of_what_came_in_that_was_let_through_before_is_unknown(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    with db.session_scope() as session:
        owner = session.get_one(StructureSet, drawn.set_id)
        came = service.add_structure(session, owner, service.NewStructure("PTV_6000"))
        service.append_revision(session, came, service.NewRevision(drawn.mask, 0, tool="import"))
        author = session.scalars(select(User.id).where(User.is_administrator.is_(False))).first()
        assert author is not None
        emptied = service.NewRevision(
            np.zeros_like(drawn.mask), 1, author_id=author, reason="rejected", tool="reject"
        )
        service.append_revision(session, came, emptied)
        other = replace(drawn, structure_id=came.id)
    assert shown(client, other, login("reader"))["unknown"]
    submitted = review(client, other.set_id, "submit", headers, structure_ids=[came.id])
    assert submitted.status_code == 409
    row = client.get(f"/api/studies/{drawn.scene.study.id}", headers=login("reader")).json()
    assert row["structures"]["total"] == 1, "the worklist counts what is known"


def test_a_contour_that_the_network_did_not_draw_is_not_rejected(
    scene: Scene, client: TestClient, login: Login
) -> None:
    found = draw(scene, "Larynx", np.zeros(scene.grid.shape_kji, dtype=np.bool_))
    assert assess(client, found, "rejected", login("annotator")).status_code == 409
    assert shown(client, found, login("reader"))["unknown"]
