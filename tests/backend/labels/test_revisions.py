"""Saving: compare-and-swap, idempotency, refusals, history."""

from __future__ import annotations

import base64
import errno
import os
from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.audit.tables import AuditEntry
from backend.jobs.tables import Event, Job
from backend.kit import db, storage
from backend.labels.tables import Revision, Structure
from rt.masks import Mask, decode_mask, encode_mask
from tests.backend.labels.conftest import Drawn, Save, draw, packed
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


def test_save_appends_a_revision_with_its_measures(drawn: Drawn, save: Save, login: Login) -> None:
    mask = drawn.mask.copy()
    mask[5, 6:10, 5:9] = True
    answer = save(
        drawn.structure_id, mask, 1, login("annotator"), reason="parotid tail", tool="brush", seconds=12.5
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"2"'
    body = answer.json()
    assert (body["number"], body["parent"], body["changed_voxels"], body["slices"]) == (2, 1, 16, 4)
    assert body["volume_cc"] == (168 + 16) * 4.5 / 1000
    assert body["author"]["username"].startswith("annotator")
    assert body["network_version"]["name"] == "head-neck-oar"
    assert body["reason"] == "parotid tail"


@pytest.mark.parametrize("tool", ["network", "rule", "import", "reject", "restore", " Network "])
def test_a_person_cannot_save_as_software(drawn: Drawn, save: Save, login: Login, tool: str) -> None:
    answer = save(drawn.structure_id, ~drawn.mask, 1, login("annotator"), tool=tool)
    assert (answer.status_code, "by the software only" in answer.text) == (422, True), answer.text
    with db.session_scope(read_only=True) as session:
        assert session.get_one(Structure, drawn.structure_id).head == 1


def test_save_writes_audit_event_and_jobs(drawn: Drawn, save: Save, login: Login) -> None:
    save(
        drawn.structure_id,
        drawn.mask.copy() & False | block(drawn.scene.grid, slice(0, 2), slice(0, 3), slice(0, 3)),
        1,
        login("annotator"),
    )
    with db.session_scope(read_only=True) as session:
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.object_id == drawn.structure_id)
        ).all()
        kinds = session.scalars(select(Job.kind).order_by(Job.kind)).all()
        events = {(row.kind, row.object_id) for row in session.scalars(select(Event))}
    assert actions == ["labels.revision.saved"] * 2
    assert kinds == ["check-outside", "publish"], "the publication of both saves is one job"
    assert ("structure-set", drawn.set_id) in events
    assert ("study", drawn.scene.study.id) in events


def test_save_without_if_match_is_refused(drawn: Drawn, save: Save, login: Login) -> None:
    answer = save(drawn.structure_id, drawn.mask, None, login("annotator"))
    assert (answer.status_code, answer.json()["type"]) == (428, "/problems/precondition-required")


def test_save_from_a_stale_head_is_refused_with_the_head(drawn: Drawn, save: Save, login: Login) -> None:
    first = login("annotator")
    assert save(drawn.structure_id, ~drawn.mask, 1, first).status_code == 201
    answer = save(drawn.structure_id, drawn.mask, 1, login("clinician"))
    body = answer.json()
    assert (answer.status_code, body["type"], body["head"]) == (412, "/problems/stale-revision", 2)
    assert body["author"].startswith("annotator")
    assert body["time"]


def test_mask_of_another_grid_is_refused(drawn: Drawn, save: Save, login: Login) -> None:
    answer = save(drawn.structure_id, np.ones((8, 24, 21), dtype=bool), 1, login("annotator"))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/wrong-mask-shape")


def test_bytes_that_are_no_mask_are_refused(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("annotator") | {"If-Match": '"1"'}
    url = f"/api/structures/{drawn.structure_id}/revisions"
    whole = encode_mask(drawn.mask)
    for data in (b"", b"RKM1", b"garbage" * 20, whole[:-3], whole + b"x"):
        answer = client.post(url, json={"mask": base64.b64encode(data).decode()}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-mask"), data[:8]
    assert client.post(url, json={"mask": "%%%"}, headers=headers).status_code == 422


def test_empty_mask_must_be_declared(drawn: Drawn, save: Save, login: Login) -> None:
    headers, nothing = login("annotator"), np.zeros_like(drawn.mask)
    answer = save(drawn.structure_id, nothing, 1, headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/empty-mask")
    assert save(drawn.structure_id, drawn.mask, 1, headers, empty=True).status_code == 422
    assert save(drawn.structure_id, nothing, 1, headers, empty=True).json()["slices"] == 0


def test_body_with_unknown_keys_is_refused(drawn: Drawn, save: Save, login: Login) -> None:
    answer = save(drawn.structure_id, drawn.mask, 1, login("annotator"), author_id="someone")
    assert answer.status_code == 422


def test_repeated_save_with_one_key_is_one_revision(drawn: Drawn, save: Save, login: Login) -> None:
    headers = login("annotator") | {"Idempotency-Key": "one"}
    first = save(drawn.structure_id, ~drawn.mask, 1, headers)
    again = save(drawn.structure_id, ~drawn.mask, 1, headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = save(drawn.structure_id, drawn.mask, 1, headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(func.count()).select_from(Revision)).one() == 2
        saved = select(func.count()).where(AuditEntry.action == "labels.revision.saved")
        assert session.scalars(saved).one() == 2


def test_mask_comes_back_bit_exact_and_for_ever(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    headers = login("reader")
    save(drawn.structure_id, ~drawn.mask, 1, login("annotator"))
    url = f"/api/structures/{drawn.structure_id}/revisions"
    for number, mask in ((1, drawn.mask), (2, ~drawn.mask)):
        answer = client.get(f"{url}/{number}/mask", headers=headers)
        assert np.array_equal(decode_mask(answer.content, drawn.scene.grid.shape_kji), mask)
        assert "immutable" in answer.headers["Cache-Control"]
        seen = headers | {"If-None-Match": answer.headers["ETag"]}
        assert client.get(f"{url}/{number}/mask", headers=seen).status_code == 304
    assert client.get(f"{url}/3/mask", headers=headers).status_code == 404


def test_damaged_mask_is_never_shown(drawn: Drawn, client: TestClient, login: Login) -> None:
    with db.session_scope(read_only=True) as session:
        sha256 = session.scalars(select(Revision.sha256)).one()
    path = storage.storage().local_path(sha256)
    assert path is not None
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    answer = client.get(f"/api/structures/{drawn.structure_id}/revisions/1/mask", headers=login("reader"))
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/integrity")


def test_restore_is_a_new_revision(drawn: Drawn, save: Save, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, headers)
    url = f"/api/structures/{drawn.structure_id}/revisions"
    assert client.post(f"{url}/1/restore", headers=headers).status_code == 428
    answer = client.post(f"{url}/1/restore", headers=headers | {"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["number"]) == (201, 3)
    history = client.get(url, headers=headers).json()["items"]
    assert [row["number"] for row in history] == [3, 2, 1]
    assert history[0]["sha256"] == history[2]["sha256"]


def test_history_comes_in_pages(drawn: Drawn, save: Save, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    for number in range(1, 5):
        save(drawn.structure_id, drawn.mask if number % 2 else ~drawn.mask, number, headers)
    url = f"/api/structures/{drawn.structure_id}/revisions?limit=2"
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(url + (f"&cursor={cursor}" if cursor else ""), headers=headers).json()
        seen += [row["number"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]


def test_strangers_and_readers_cannot_save(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    assert save(drawn.structure_id, ~drawn.mask, 1, login("reader")).status_code == 403
    assert save(drawn.structure_id, ~drawn.mask, 1, login("reviewer")).status_code == 403
    stranger = login(None)
    mine = save(drawn.structure_id, ~drawn.mask, 1, stranger).json()
    none = save("00000000-0000-7000-8000-0000000000ff", ~drawn.mask, 1, stranger).json()
    assert mine | {"instance": ""} == none | {"instance": ""}
    assert mine["status"] == 404
    assert client.get(f"/api/structure-sets/{drawn.set_id}", headers=stranger).status_code == 404


def test_save_that_cannot_be_stored_leaves_nothing(
    drawn: Drawn, save: Save, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = login("annotator")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        answer = save(drawn.structure_id, ~drawn.mask, 1, headers)
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
    assert _kept(drawn) == (1, 1)
    assert save(drawn.structure_id, ~drawn.mask, 1, headers).status_code == 201


def test_commit_that_fails_is_never_a_success(drawn: Drawn, save: Save, login: Login) -> None:
    """Case 27: the server goes away at COMMIT, after every row was written."""
    headers = login("annotator")

    def fail(session: Session) -> None:
        if any(isinstance(row, Revision) and row.number == 2 for row in session.identity_map.values()):
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    event.listen(Session, "before_commit", fail)
    try:
        answer = save(drawn.structure_id, ~drawn.mask, 1, headers)
    finally:
        event.remove(Session, "before_commit", fail)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert _kept(drawn) == (1, 1)
    with db.session_scope(read_only=True) as session:
        saved = select(func.count()).where(AuditEntry.action == "labels.revision.saved")
        assert session.scalars(saved).one() == 1
    assert save(drawn.structure_id, ~drawn.mask, 1, headers).status_code == 201


def _kept(drawn: Drawn) -> tuple[int, int]:
    """Head and number of revisions."""
    with db.session_scope(read_only=True) as session:
        head = session.get_one(Structure, drawn.structure_id).head
        return head, session.scalars(select(func.count()).select_from(Revision)).one()


def test_draft_is_ones_own_and_comes_back_bit_exact(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    mine, other = login("annotator"), login("annotator")
    url = f"/api/structures/{drawn.structure_id}/draft"
    assert client.get(url, headers=mine).status_code == 404
    body = {"base": 1, "mask": packed(~drawn.mask), "seconds": 4.0}
    assert client.put(url, json=body, headers=mine).status_code == 200
    back = client.get(url, headers=mine).json()
    assert (back["mask"], back["base"], back["head"], back["seconds"]) == (body["mask"], 1, 1, 4.0)
    assert client.get(url, headers=other).status_code == 404
    assert save(drawn.structure_id, ~drawn.mask, 1, mine).status_code == 201
    assert client.get(url, headers=mine).status_code == 404, "saving discards the draft"


def test_own_drafts_of_a_set_come_in_one_answer(
    drawn: Drawn, scene: Scene, client: TestClient, login: Login
) -> None:
    mine, other = login("annotator"), login("clinician")
    second = draw(scene, "Parotid_R", drawn.mask)
    url = f"/api/structure-sets/{drawn.set_id}/drafts"
    assert client.get(url, headers=mine).json() == {"items": [], "next_cursor": None}
    body = {"base": 1, "mask": packed(drawn.mask), "seconds": 2.0}
    for structure_id, headers in ((second.structure_id, mine), (drawn.structure_id, other)):
        kept = client.put(f"/api/structures/{structure_id}/draft", json=body, headers=headers)
        assert kept.status_code == 200
    (item,) = client.get(url, headers=mine).json()["items"]
    one = client.get(f"/api/structures/{second.structure_id}/draft", headers=mine).json()
    assert item == one | {"structure_id": second.structure_id}
    assert client.get(url, headers=login("reader")).status_code == 403


def test_draft_behind_the_head_is_kept_and_says_so(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    mine = login("annotator")
    url = f"/api/structures/{drawn.structure_id}/draft"
    client.put(url, json={"base": 1, "mask": packed(~drawn.mask)}, headers=mine)
    save(drawn.structure_id, drawn.mask & False | True, 1, login("clinician"))
    back = client.get(url, headers=mine).json()
    assert (back["base"], back["head"], back["mask"]) == (1, 2, packed(~drawn.mask))


def test_older_draft_does_not_overwrite_a_newer_one(
    drawn: Drawn, save: Save, client: TestClient, login: Login
) -> None:
    mine = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, mine)
    url = f"/api/structures/{drawn.structure_id}/draft"
    assert client.put(url, json={"base": 2, "mask": packed(drawn.mask)}, headers=mine).status_code == 200
    answer = client.put(url, json={"base": 1, "mask": packed(~drawn.mask)}, headers=mine)
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/stale-draft")
    assert client.put(url, json={"base": 9, "mask": packed(drawn.mask)}, headers=mine).status_code == 422
    assert client.get(url, headers=mine).json()["mask"] == packed(drawn.mask)
    assert client.delete(url, headers=mine).status_code == 204
    assert client.get(url, headers=mine).status_code == 404


def test_another_windows_draft_is_not_overwritten(drawn: Drawn, client: TestClient, login: Login) -> None:
    mine = login("annotator")
    url = f"/api/structures/{drawn.structure_id}/draft"

    def put(mask: Mask, seen: str | None) -> Response:
        headers = mine if seen is None else mine | {"If-Match": f'"{seen}"'}
        return client.put(url, json={"base": 1, "mask": packed(mask)}, headers=headers)

    first = put(drawn.mask, "0").json()["version"]
    assert client.get(url, headers=mine).json()["version"] == first
    second = put(~drawn.mask, first).json()["version"]
    for seen in ("0", first, "x"):
        answer = put(drawn.mask, seen)
        assert (answer.status_code, answer.json()["type"]) == (412, "/problems/draft-elsewhere")
    assert client.get(url, headers=mine).json()["mask"] == packed(~drawn.mask)
    assert put(drawn.mask, second).status_code == 200
    assert put(~drawn.mask, None).status_code == 200, "a script may do without"
    client.delete(url, headers=mine)
    assert put(drawn.mask, second).status_code == 200, "there is nothing to overwrite"
