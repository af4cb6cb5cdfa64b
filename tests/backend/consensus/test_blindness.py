"""While a consensus runs nobody sees by any door what another reader drew, and who asks is on record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.jobs.tables import Job
from backend.kit import db
from backend.labels.tables import Revision
from tests.backend.consensus.conftest import NAME, Reading
from tests.backend.labels.conftest import draw, packed


@pytest.fixture
def begun(reading: Reading) -> Reading:
    """The first reader has handed in, the second has begun to draw."""
    reading.start()
    first, second, _ = reading.ids
    masks = reading.masks()
    reading.draw(first, masks[0])
    assert reading.finish(first).status_code == 200
    reading.draw(second, masks[1])
    return reading


def refused_looks() -> list[tuple[str | None, str]]:
    with db.session_scope(read_only=True) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "consensus.look.refused"))
        return [(entry.actor_id, entry.changes["door"]) for entry in entries]


@pytest.mark.parametrize("door", ["results", "map", "map?kind=share", "preview", "regions/1/mask"])
def test_nobody_sees_results_before_the_end_and_the_attempt_is_recorded(begun: Reading, door: str) -> None:
    for who in (None, begun.ids[0]):
        answer = begun.get(f"/{door}", who)
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (403, "blinded")
    assert [who for who, _ in refused_looks()] == [begun.leader_id, begun.ids[0]]


def test_a_reader_sees_his_own_reading_and_no_other(begun: Reading) -> None:
    first, second, third = begun.ids
    assert begun.get(f"/readings/{first}/mask", first).status_code == 200
    assert begun.get(f"/readings/{first}/mask", second).status_code == 403
    assert begun.get(f"/readings/{first}/mask").status_code == 403
    assert begun.get(f"/readings/{third}/mask", third).status_code == 404
    assert refused_looks() == [(second, "reading"), (begun.leader_id, "reading")]


def test_history_set_drafts_and_export_hold_nothing_of_the_others(begun: Reading) -> None:
    third, structure_id, set_id = begun.ids[2], begun.task["structure_id"], begun.task["set_id"]
    client, headers = begun.client, begun.headers[third]
    assert client.get(f"/api/structures/{structure_id}/revisions", headers=headers).json()["items"] == []
    assert client.get(f"/api/structures/{structure_id}/draft", headers=headers).status_code == 404
    assert client.get(f"/api/structure-sets/{set_id}/drafts", headers=headers).json()["items"] == []
    shown = client.get(f"/api/structure-sets/{set_id}", headers=headers).json()
    assert [(one["name"], one["head"]) for one in shown["structures"]] == [(NAME, None)]
    assert shown["structures"][0]["consensus_id"] == begun.task["id"]
    exported = client.get(f"/api/structure-sets/{set_id}/export?format=nifti", headers=begun.leader)
    assert exported.status_code == 409, "nothing is drawn in it"
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(Revision.id)) is None
        assert session.scalar(select(Job.id).where(Job.kind == "publish")) is None, "DICOMweb gets nothing"


def test_asking_for_a_revision_of_it_is_refused_and_recorded(begun: Reading) -> None:
    path = f"/api/structures/{begun.task['structure_id']}/revisions/1/mask"
    assert begun.client.get(path, headers=begun.headers[begun.ids[2]]).status_code == 403
    assert refused_looks() == [(begun.ids[2], "revision")]


def test_what_is_shown_of_a_task_tells_who_has_finished_and_nothing_drawn(begun: Reading) -> None:
    shown = begun.get().json()
    assert [one["finished_at"] is not None for one in shown["readers"]] == [True, False, False]
    assert [one["structure_id"] for one in shown["readers"]] == [None, None, None]
    assert not {"volume_ml", "seconds", "sha256"} & set(shown["readers"][0])


def test_nobody_saves_it_as_a_revision_for_all_to_see(begun: Reading) -> None:
    second, structure_id = begun.ids[1], begun.task["structure_id"]
    answer = begun.client.post(
        f"/api/structures/{structure_id}/revisions",
        json={"mask": packed(begun.masks()[1]), "tool": "brush", "seconds": 1},
        headers=begun.headers[second] | {"If-Match": '"0"'},
    )
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (409, "blind-reading")


def test_nobody_draws_it_under_the_same_name_elsewhere_in_the_study(begun: Reading) -> None:
    client, headers, study = begun.client, begun.headers[begun.ids[1]], begun.scene.study.id
    body = {"series_id": begun.scene.series.id, "label": "aside"}
    owner = client.post(f"/api/studies/{study}/structure-sets", json=body, headers=headers).json()
    made = client.post(
        f"/api/structure-sets/{owner['id']}/structures", json={"name": NAME.lower()}, headers=headers
    ).json()
    answer = client.post(
        f"/api/structures/{made['id']}/revisions",
        json={"mask": packed(begun.masks()[1]), "tool": "brush", "seconds": 1},
        headers=headers | {"If-Match": '"0"'},
    )
    assert (answer.status_code, answer.json()["consensus_id"]) == (409, begun.task["id"])


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_it_is_neither_renamed_nor_deleted_meanwhile(begun: Reading, method: str) -> None:
    options = {"json": {"name": "Other"}} if method == "patch" else {}
    path = f"/api/structures/{begun.task['structure_id']}"
    answer = getattr(begun.client, method)(path, headers=begun.leader, **options)
    assert answer.json()["type"].rsplit("/", 1)[-1] == "blind-reading"


def test_contours_that_are_there_already_are_named_before_it_begins(reading: Reading) -> None:
    draw(reading.scene, NAME, reading.masks()[0])
    answer = reading.start()
    assert (answer.status_code, answer.json()["labels"]) == (409, "Rinkaku AI")
    begun = reading.start(despite_contours=True)
    assert [one["label"] for one in begun.json()["existing"]] == ["Rinkaku AI"]
