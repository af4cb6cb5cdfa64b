"""Assessment, submission, approval and return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.labels.tables import Review, Structure
from backend.studies.tables import Study
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.reviewing import review
from tests.factories.scenes import Scene

Login = Callable[..., dict[str, str]]


def _post(client: TestClient, drawn: Drawn, act: str, headers: dict[str, str], **body: object):
    return review(client, drawn.set_id, act, headers, **body)


def _reviews(client: TestClient, drawn: Drawn, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get(f"/api/structure-sets/{drawn.set_id}/reviews", headers=headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _shown(client: TestClient, drawn: Drawn, headers: dict[str, str]) -> dict[str, Any]:
    answer = client.get(f"/api/structure-sets/{drawn.set_id}", headers=headers)
    found: list[dict[str, Any]] = answer.json()["structures"]
    return next(one for one in found if one["id"] == drawn.structure_id)


def _structure(drawn: Drawn) -> Structure:
    with db.session_scope(read_only=True) as session:
        return session.get_one(Structure, drawn.structure_id)


def _study_state(drawn: Drawn) -> str:
    with db.session_scope(read_only=True) as session:
        return session.get_one(Study, drawn.scene.study.id).state


def test_contour_of_the_network_drafts_the_study(drawn: Drawn) -> None:
    assert _study_state(drawn) == "drafted"


def test_submit_approve_signs_the_bytes(drawn: Drawn, client: TestClient, login: Login) -> None:
    assert _post(client, drawn, "submit", login("annotator")).status_code == 200
    assert _study_state(drawn) == "submitted"
    answer = _post(client, drawn, "approve", login("reviewer"), comment="fine")
    assert answer.json()["structures"][0]["state"] == "approved"
    assert _study_state(drawn) == "approved"
    reviews = client.get(f"/api/structure-sets/{drawn.set_id}/reviews", headers=login("reader")).json()[
        "items"
    ]
    head = answer.json()["structures"][0]["head"]
    assert [row["act"] for row in reviews] == ["approved", "submitted"]
    assert reviews[0]["sha256"] == head["sha256"]
    assert reviews[0]["user_name"].startswith("reviewer")
    assert reviews[0]["current"]


def test_author_cannot_approve_his_own_revision(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    author, other = login("clinician"), login("clinician")
    save(drawn.structure_id, ~drawn.mask, 1, author)
    _post(client, drawn, "submit", author)
    answer = _post(client, drawn, "approve", author)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/own-work")
    assert _structure(drawn).state == "submitted"
    assert _post(client, drawn, "approve", other).status_code == 200


@pytest.mark.parametrize("part", ["submitted", "accepted"])
def test_who_submits_or_accepts_a_networks_contour_cannot_approve_it(
    drawn: Drawn, client: TestClient, login: Login, part: str
) -> None:
    one, other, colleague = login("clinician"), login("clinician"), login("clinician")
    if part == "accepted":
        _assess(client, drawn, "accepted", one)
    _post(client, drawn, "submit", other if part == "accepted" else one)
    answer = _post(client, drawn, "approve", one)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/own-work")
    assert "another account" in answer.json()["detail"]
    me = client.get("/api/session", headers=one).json()["user"]["id"]
    assert _shown(client, drawn, one)["involved"][me] == part
    assert _structure(drawn).state == "submitted"
    assert _post(client, drawn, "approve", colleague).status_code == 200
    assert _shown(client, drawn, one)["involved"] == {}, "their part was approved"


def test_an_administrator_alone_cannot_approve_either(drawn: Drawn, client: TestClient, login: Login) -> None:
    alone = login("administrator")
    _post(client, drawn, "submit", alone)
    assert _post(client, drawn, "approve", alone).status_code == 403


def test_earlier_contributor_cannot_approve_until_another_has(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    first, second, third = login("clinician"), login("clinician"), login("clinician")
    save(drawn.structure_id, ~drawn.mask, 1, first)
    save(drawn.structure_id, drawn.mask, 2, second)
    _post(client, drawn, "submit", second)
    assert _post(client, drawn, "approve", first).status_code == 403
    assert _post(client, drawn, "approve", third).status_code == 200
    save(drawn.structure_id, ~drawn.mask, 3, second)
    _post(client, drawn, "submit", second)
    assert _post(client, drawn, "approve", first).status_code == 200, "his part was approved before"


def test_revision_after_approval_reopens_and_the_signature_stays_with_the_old(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    _post(client, drawn, "submit", login("annotator"))
    _post(client, drawn, "approve", login("reviewer"))
    annotator = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, annotator)
    assert _structure(drawn).state == "draft"
    assert _study_state(drawn) == "drafted"
    newest = _reviews(client, drawn, login("reader"))[0]
    assert (newest["act"], newest["revision"], newest["current"]) == ("approved", 1, False)
    me = client.get("/api/session", headers=annotator).json()["user"]
    assert newest["withdrawn_by"] == me["display_name"]
    with db.session_scope(read_only=True) as session:
        entry = session.scalars(select(AuditEntry).filter_by(action="labels.structure.withdrawn")).one()
        assert (entry.actor_id, entry.changes) == (me["id"], {"approved": 1, "revision": 2})


def test_approval_that_a_revision_would_withdraw_is_told_before(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    assert _shown(client, drawn, login("reader"))["approval"] is None
    _post(client, drawn, "submit", login("annotator"))
    _post(client, drawn, "approve", login("reviewer"))
    assert _shown(client, drawn, login("reader"))["approval"]["user_name"].startswith("reviewer")


def test_approval_of_a_stale_head_is_refused(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    annotator = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, annotator)
    _post(client, drawn, "submit", annotator)
    seen = {drawn.structure_id: 1}
    answer = _post(client, drawn, "approve", login("reviewer"), revisions=seen)
    assert (answer.status_code, answer.json()["head"]) == (412, 2)
    assert _structure(drawn).state == "submitted"


@pytest.mark.parametrize("named", [True, False])
def test_approval_that_does_not_say_what_was_looked_at_is_refused(
    drawn: Drawn, client: TestClient, login: Login, named: bool
) -> None:
    other = draw(drawn.scene, "Brainstem", drawn.mask)
    _post(client, drawn, "submit", login("annotator"))
    url, reviewer = f"/api/structure-sets/{drawn.set_id}/approve", login("reviewer")
    ids = [drawn.structure_id, other.structure_id]
    body = {"structure_ids": ids, "revisions": {ids[0]: 1}} if named else {}
    answer = client.post(url, json=body, headers=reviewer)
    assert (answer.status_code, answer.json()["type"]) == (428, "/problems/revisions-required")
    assert "Brainstem" in answer.json()["detail"]
    assert _structure(drawn).state == "submitted"
    body = {"revisions": dict.fromkeys(ids, 1)}
    assert client.post(url, json=body, headers=reviewer).status_code == 200


def _rename(client: TestClient, drawn: Drawn, headers: dict[str, str], name: str) -> None:
    url = f"/api/structures/{drawn.structure_id}"
    assert client.patch(url, json={"name": name}, headers=headers).status_code == 200


def test_approval_under_another_name_than_the_page_showed_is_refused(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    annotator, reviewer = login("annotator"), login("reviewer")
    _post(client, drawn, "submit", annotator)
    page = {"revisions": {drawn.structure_id: 1}, "names": {drawn.structure_id: "Parotid_L"}}
    _post(client, drawn, "return", reviewer, comment="that is the right one", **page)
    _rename(client, drawn, annotator, "Parotid_R")
    _post(client, drawn, "submit", annotator)
    answer = _post(client, drawn, "approve", reviewer, **page)
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/stale-name")
    assert (answer.json()["name"], answer.json()["before"]) == ("Parotid_R", "Parotid_L")
    assert _structure(drawn).state == "submitted"
    seen = {drawn.structure_id: "Parotid_R"}
    assert _post(client, drawn, "approve", reviewer, names=seen).status_code == 200


def test_list_of_reviews_shows_the_name_of_the_time(drawn: Drawn, client: TestClient, login: Login) -> None:
    annotator = login("annotator")
    _post(client, drawn, "submit", annotator)
    _post(client, drawn, "return", login("reviewer"), comment="that is the right one")
    _rename(client, drawn, annotator, "Parotid_R")
    _post(client, drawn, "submit", annotator)
    names = [row["structure_name"] for row in _reviews(client, drawn, annotator)]
    assert names == ["Parotid_R", "Parotid_L", "Parotid_L"]


def test_return_keeps_the_comment_and_owes_an_answer(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    annotator = login("annotator")
    _post(client, drawn, "submit", annotator)
    assert _post(client, drawn, "return", login("reviewer"), comment="tail missing").status_code == 200
    assert _study_state(drawn) == "returned"
    save(drawn.structure_id, ~drawn.mask, 1, annotator)
    assert _structure(drawn).state == "returned"
    assert _post(client, drawn, "submit", annotator).status_code == 200
    reviews = _reviews(client, drawn, annotator)
    assert [row["comment"] for row in reviews] == ["", "tail missing", ""]


@pytest.mark.parametrize("body", [{}, {"comment": ""}, {"comment": " \n"}], ids=str)
def test_return_needs_a_comment(drawn: Drawn, client: TestClient, login: Login, body: dict[str, str]) -> None:
    _post(client, drawn, "submit", login("annotator"))
    answer = _post(client, drawn, "return", login("reviewer"), **body)
    assert (answer.status_code, answer.json()["field"]) == (422, "comment")
    assert _structure(drawn).state == "submitted"


ILLEGAL = [
    ("draft", "approve"), ("draft", "return"), ("submitted", "submit"),
    ("approved", "submit"), ("approved", "approve"), ("approved", "return"),
    ("returned", "approve"), ("returned", "return"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "act"), ILLEGAL)
@pytest.mark.parametrize("named", [True, False])
def test_illegal_acts_are_conflicts(
    drawn: Drawn, client: TestClient, login: Login, state: str, act: str, named: bool
) -> None:
    with db.session_scope() as session:
        session.get_one(Structure, drawn.structure_id).state = state
    body = {"structure_ids": [drawn.structure_id]} if named else {}
    answer = _post(client, drawn, act, login("administrator"), **body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")
    assert _structure(drawn).state == state


def test_one_structure_that_cannot_take_the_act_stops_all(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    other = draw(drawn.scene, "Brainstem", drawn.mask)
    _post(client, drawn, "submit", login("annotator"), structure_ids=[other.structure_id])
    both = [drawn.structure_id, other.structure_id]
    assert _post(client, drawn, "approve", login("reviewer"), structure_ids=both).status_code == 409
    assert _structure(other).state == "submitted"
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(Review.act)).all() == ["submitted"]


def test_structure_of_another_set_is_refused(drawn: Drawn, client: TestClient, login: Login) -> None:
    answer = _post(client, drawn, "submit", login("annotator"), structure_ids=["nothing"])
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("role", "act", "expected"),
    [
        ("reader", "submit", 403), ("reviewer", "submit", 403), ("annotator", "submit", 200),
        ("annotator", "approve", 403), ("reader", "approve", 403), ("annotator", "return", 403),
        (None, "submit", 404), (None, "approve", 404),
    ],
)  # fmt: skip
def test_roles(
    drawn: Drawn, client: TestClient, login: Login, role: str | None, act: str, expected: int
) -> None:
    if act != "submit":
        _post(client, drawn, "submit", login("annotator"))
    assert _post(client, drawn, act, login(role)).status_code == expected


def test_an_approved_contour_is_not_accepted(drawn: Drawn, client: TestClient, login: Login) -> None:
    _post(client, drawn, "submit", login("annotator"))
    _post(client, drawn, "approve", login("reviewer"))
    answer = _assess(client, drawn, "accepted", login("clinician"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")
    assert _structure(drawn).assessment == "none"


def _assess(client: TestClient, drawn: Drawn, assessment: str, headers: dict[str, str]):
    url = f"/api/structures/{drawn.structure_id}/assessment"
    return client.put(url, json={"assessment": assessment}, headers=headers)


def test_accept_and_take_back(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    assert _assess(client, drawn, "accepted", headers).json()["assessment"] == "accepted"
    assert _assess(client, drawn, "none", headers).json()["assessment"] == "none"
    assert _structure(drawn).head == 1


def test_correcting_says_so_and_is_not_accepted_any_more(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    _assess(client, drawn, "accepted", headers)
    save(drawn.structure_id, ~drawn.mask, 1, headers)
    assert _structure(drawn).assessment == "corrected"
    assert _assess(client, drawn, "accepted", headers).status_code == 409


def test_reject_is_an_empty_revision_that_can_be_undone(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    body = _assess(client, drawn, "rejected", headers).json()
    assert (body["assessment"], body["head"]["slices"], body["head"]["reason"]) == ("rejected", 0, "rejected")
    assert _study_state(drawn) == "new"
    url = f"/api/structures/{drawn.structure_id}/revisions/1/restore"
    back = client.post(url, headers=headers | {"If-Match": '"2"'}).json()
    assert back["volume_cc"] == pytest.approx(np.count_nonzero(drawn.mask) * 4.5 / 1000)
    assert _structure(drawn).assessment == "none"
    assert _study_state(drawn) == "drafted"


def test_rejected_contour_is_unknown_and_neither_submitted_nor_approved_as_empty(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    other = draw(drawn.scene, "Brainstem", drawn.mask)
    _assess(client, drawn, "rejected", headers)
    named = _post(client, drawn, "submit", headers, structure_ids=[drawn.structure_id])
    assert (named.status_code, named.json()["type"]) == (409, "/problems/illegal-transition")
    assert _post(client, drawn, "submit", headers).status_code == 200
    assert (_structure(drawn).state, _structure(other).state) == ("draft", "submitted")
    with db.session_scope() as session:
        session.get_one(Structure, drawn.structure_id).state = "submitted"
    approved = _post(client, drawn, "approve", login("reviewer")).json()["structures"]
    assert [row["state"] for row in approved] == ["submitted", "approved"]
    assert [row["unknown"] for row in approved] == [True, False]
    assert _study_state(drawn) == "approved"


def test_restored_rejection_is_a_rejection(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    _assess(client, drawn, "rejected", headers)
    for number, base in ((1, 2), (2, 3)):
        url = f"/api/structures/{drawn.structure_id}/revisions/{number}/restore"
        client.post(url, headers=headers | {"If-Match": f'"{base}"'})
    assert _structure(drawn).assessment == "rejected"
    assert _post(client, drawn, "submit", headers).status_code == 409


def test_structure_that_a_person_declares_absent_is_reviewed_as_empty(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    _assess(client, drawn, "rejected", headers)
    nothing = np.zeros_like(drawn.mask)
    assert save(drawn.structure_id, nothing, 2, headers).status_code == 422
    assert save(drawn.structure_id, nothing, 2, headers, empty=True).status_code == 201
    assert not _shown(client, drawn, headers)["unknown"]
    _post(client, drawn, "submit", headers)
    assert _post(client, drawn, "approve", login("reviewer")).status_code == 200


def test_structure_that_the_network_did_not_find_is_unknown(
    scene: Scene, client: TestClient, login: Login
) -> None:
    found = draw(scene, "Larynx", np.zeros(scene.grid.shape_kji, dtype=np.bool_))
    assert _shown(client, found, login("reader"))["unknown"]
    assert _assess(client, found, "accepted", login("annotator")).status_code == 409
    assert _post(client, found, "submit", login("annotator")).status_code == 409
    assert _study_state(found) == "new"


def test_study_of_which_a_part_is_approved_says_so(drawn: Drawn, client: TestClient, login: Login) -> None:
    draw(drawn.scene, "Brainstem", drawn.mask)
    chosen = [drawn.structure_id]
    _post(client, drawn, "submit", login("annotator"), structure_ids=chosen)
    _post(client, drawn, "approve", login("reviewer"), structure_ids=chosen)
    assert _study_state(drawn) == "partly-approved"
    url = f"/api/projects/{drawn.scene.study.project_id}/studies"
    wanted = client.get(url, params={"state": "partly-approved"}, headers=login("reader")).json()["items"]
    assert [(row["structures"]["approved"], row["structures"]["total"]) for row in wanted] == [(1, 2)]


def test_assessment_of_a_stale_head_is_refused(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, headers)
    url = f"/api/structures/{drawn.structure_id}/assessment"
    answer = client.put(url, json={"assessment": "rejected"}, headers=headers | {"If-Match": '"1"'})
    assert answer.status_code == 412
