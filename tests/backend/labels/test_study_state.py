"""What a study's state and counts depend on: what is reviewed here, and not what merely came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.kit import db, migrations
from backend.labels import service
from backend.labels.service import NewRevision, NewStructure
from backend.labels.tables import StructureSet
from backend.studies.tables import Study
from tests.backend.labels.conftest import Drawn, Save
from tests.factories.reviewing import review

Login = Callable[..., dict[str, str]]


@pytest.fixture
def imported(drawn: Drawn) -> Drawn:
    """A structure that came in with the study, beside the one that the network drew."""
    with db.session_scope() as session:
        owner = StructureSet(
            study_row_id=drawn.scene.study.id,
            series_row_id=drawn.scene.series.id,
            label="Elsewhere",
            origin="import",
        )
        session.add(owner)
        session.flush()
        structure = service.ensure_structure(session, owner, NewStructure("Larynx"))
        service.append_revision(session, structure, NewRevision(drawn.mask, 0, tool="import"))
        return Drawn(drawn.scene, owner.id, structure.id, drawn.mask)


def _act(client: TestClient, set_id: str, act: str, headers: dict[str, str]) -> None:
    answer = review(client, set_id, act, headers)
    assert answer.status_code == 200, answer.text


def _study(client: TestClient, drawn: Drawn, headers: dict[str, str]) -> tuple[str, dict[str, Any]]:
    row = client.get(f"/api/studies/{drawn.scene.study.id}", headers=headers).json()
    return row["state"], row["structures"]


def _counts(**given: int) -> dict[str, int]:
    return {"total": 0, "approved": 0, "submitted": 0, "returned": 0, "imported": 0} | given


def test_untouched_import_is_not_waited_for(
    drawn: Drawn, imported: Drawn, client: TestClient, login: Login
) -> None:
    _act(client, drawn.set_id, "submit", login("annotator"))
    _act(client, drawn.set_id, "approve", login("reviewer"))
    expected = ("approved", _counts(total=1, approved=1, imported=1))
    assert _study(client, drawn, login("reader")) == expected


def test_import_counts_once_somebody_here_works_on_it(
    drawn: Drawn, imported: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    _act(client, drawn.set_id, "submit", login("annotator"))
    _act(client, drawn.set_id, "approve", login("reviewer"))
    save(imported.structure_id, ~imported.mask, 1, login("annotator"))
    reader = login("reader")
    assert _study(client, drawn, reader) == ("partly-approved", _counts(total=2, approved=1))
    _act(client, imported.set_id, "submit", login("annotator"))
    assert _study(client, drawn, reader) == ("submitted", _counts(total=2, approved=1, submitted=1))


def test_import_sent_to_review_as_it_came_counts(
    drawn: Drawn, imported: Drawn, client: TestClient, login: Login
) -> None:
    _act(client, imported.set_id, "submit", login("annotator"))
    assert _study(client, drawn, login("reader")) == ("submitted", _counts(total=2, submitted=1))


def test_import_alone_is_what_the_study_is_about(
    drawn: Drawn, imported: Drawn, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        session.delete(session.get_one(StructureSet, drawn.set_id))
        service.refresh_study(session, drawn.scene.study.id)
    assert _study(client, drawn, login("reader")) == ("drafted", _counts(total=1))


def test_studies_from_before_are_brought_to_that_state(
    database: str, drawn: Drawn, imported: Drawn, client: TestClient, login: Login
) -> None:
    _act(client, drawn.set_id, "submit", login("annotator"))
    _act(client, drawn.set_id, "approve", login("reviewer"))
    with db.session_scope() as session:
        session.get_one(Study, drawn.scene.study.id).state = "partly-approved"
    migrations.downgrade(db.engine(), "0006")
    migrations.upgrade(db.engine())
    assert _study(client, drawn, login("reader"))[0] == "approved"
