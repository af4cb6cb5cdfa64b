"""Structure sets and structures: making, changing, deleting; and geometry on the server."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.labels import service
from backend.labels.tables import Structure
from rt import morphology
from rt.masks import Mask, decode_mask
from tests.backend.labels.conftest import Drawn, draw, packed
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


def test_set_shows_its_structures_with_their_heads(drawn: Drawn, client: TestClient, login: Login) -> None:
    body = client.get(f"/api/structure-sets/{drawn.set_id}", headers=login("reader")).json()
    structure = body["structures"][0]
    assert (body["origin"], structure["name"], structure["state"]) == ("ai", "Parotid_L", "draft")
    assert structure["colour"] == "#ba68c8", "the template's"
    assert structure["head"]["author"] is None
    assert structure["head"]["network_version"] == {
        "id": "00000000-0000-7000-8000-000000000001",
        "name": "head-neck-oar",
        "version": 1,
    }


def test_a_study_says_which_set_holds_nothing_but_regions_by_rule(
    scene: Scene, client: TestClient, login: Login
) -> None:
    mask = block(scene.grid, slice(1, 3), slice(1, 5), slice(1, 5))

    def by_rule() -> list[bool]:
        body = client.get(f"/api/studies/{scene.study.id}", headers=login("reader")).json()
        return [one["by_rule"] for one in body["structure_sets"]]

    with db.session_scope() as session:
        owner = service.working_set(session, session.merge(scene.series))
        found = service.add_structure(session, owner, service.NewStructure("External"))
        service.append_revision(session, found, service.NewRevision(mask, 0, tool="rule"))
    assert by_rule() == [True]
    draw(scene, "Parotid_L", mask)
    assert by_rule() == [False], "a network drew in it"


def test_a_person_makes_a_set_and_draws_in_it(scene: Scene, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    url = f"/api/studies/{scene.study.id}/structure-sets"
    made = client.post(url, json={"series_id": scene.series.id, "label": "By hand"}, headers=headers).json()
    assert (made["origin"], made["structures"]) == ("manual", [])
    structures = f"/api/structure-sets/{made['id']}/structures"
    added = client.post(structures, json={"name": "GTVp", "colour": "#FF0000"}, headers=headers)
    assert added.status_code == 201
    assert (added.json()["colour"], added.json()["kind"], added.json()["head"]) == ("#ff0000", "GTV", None)
    mask = block(scene.grid, slice(1, 2), slice(1, 2), slice(1, 2))
    saved = client.post(
        f"/api/structures/{added.json()['id']}/revisions",
        json={"mask": packed(mask)},
        headers=headers | {"If-Match": '"0"'},
    )
    assert (saved.status_code, saved.json()["number"], saved.json()["network_version"]) == (201, 1, None)


def test_a_set_needs_a_series_of_the_study(scene: Scene, client: TestClient, login: Login) -> None:
    url = f"/api/studies/{scene.study.id}/structure-sets"
    answer = client.post(url, json={"series_id": "other", "label": "x"}, headers=login("annotator"))
    assert answer.status_code == 422
    assert client.post(url, json={"series_id": "x", "label": "x"}, headers=login(None)).status_code == 404


def test_names_are_used_once(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    url = f"/api/structure-sets/{drawn.set_id}/structures"
    answer = client.post(url, json={"name": "Parotid_L"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/name-taken")
    other = client.post(url, json={"name": "Parotid_R"}, headers=headers).json()
    assert other["number"] == 2
    renamed = client.patch(f"/api/structures/{other['id']}", json={"name": "Parotid_L"}, headers=headers)
    assert renamed.status_code == 409
    for taken in ("parotid_l", "PAROTID_L"):
        for answer in (
            client.post(url, json={"name": taken}, headers=headers),
            client.patch(f"/api/structures/{other['id']}", json={"name": taken}, headers=headers),
        ):
            assert (answer.status_code, answer.json()["name"]) == (409, "Parotid_L")
    own = client.patch(f"/api/structures/{other['id']}", json={"name": "PAROTID_R"}, headers=headers)
    assert own.json()["name"] == "PAROTID_R", "its own name in other case"


def test_structure_tells_the_standard_name_that_its_name_means(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("annotator")
    url = f"/api/structure-sets/{drawn.set_id}"
    for name in ("Parotis rechts", "Flap"):
        assert client.post(f"{url}/structures", json={"name": name}, headers=headers).status_code == 201
    found = {
        one["name"]: one["standard_name"] for one in client.get(url, headers=headers).json()["structures"]
    }
    assert found == {"Parotid_L": "Parotid_L", "Parotis rechts": "Parotid_R", "Flap": None}


@pytest.mark.parametrize(
    "name", ["", " ", "a\\b", "x" * 65, "a\tb", "a\u202eb", "a\u200bb", "a\x85b"], ids=ascii
)
def test_names_and_labels_read_as_they_are_stored(
    drawn: Drawn, client: TestClient, login: Login, name: str
) -> None:
    headers = login("annotator")
    url = f"/api/structure-sets/{drawn.set_id}/structures"
    assert client.post(url, json={"name": name}, headers=headers).status_code == 422
    url = f"/api/structures/{drawn.structure_id}"
    assert client.patch(url, json={"name": name}, headers=headers).status_code == 422
    url, series = f"/api/studies/{drawn.scene.study.id}/structure-sets", drawn.scene.series.id
    answer = client.post(url, json={"series_id": series, "label": name}, headers=headers)
    assert answer.status_code == 422


def test_approved_structures_keep_their_name_and_stay(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("administrator")
    url = f"/api/structures/{drawn.structure_id}"
    client.post(f"/api/structure-sets/{drawn.set_id}/submit", json={}, headers=headers)
    review(client, drawn.set_id, "approve", login("reviewer"))
    assert client.patch(url, json={"name": "Parotid_R"}, headers=headers).status_code == 409
    assert client.delete(url, headers=headers).json()["type"] == "/problems/structure-signed"
    assert client.patch(url, json={"colour": "#000000"}, headers=headers).json()["colour"] == "#000000"


def test_submitted_structures_keep_their_name_and_stay(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers, url = login("annotator"), f"/api/structures/{drawn.structure_id}"
    client.post(f"/api/structure-sets/{drawn.set_id}/submit", json={}, headers=headers)
    for answer in (
        client.patch(url, json={"name": "Parotid_R"}, headers=headers),
        client.delete(url, headers=headers),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/structure-signed")
    assert client.patch(url, json={"colour": "#000000"}, headers=headers).json()["name"] == "Parotid_L"
    review(client, drawn.set_id, "approve", login("reviewer"))
    with db.session_scope(read_only=True) as session:
        approved = select(AuditEntry.changes).where(AuditEntry.action == "labels.structure.approved")
        assert session.scalars(approved).one()["name"] == "Parotid_L"


def test_audit_holds_both_names_of_a_renamed_structure(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    url = f"/api/structures/{drawn.structure_id}"
    assert client.patch(url, json={"name": "Parotid_R"}, headers=login("annotator")).status_code == 200
    with db.session_scope(read_only=True) as session:
        changed = select(AuditEntry.changes).where(AuditEntry.action == "labels.structure.changed")
        assert session.scalars(changed).one() == {"before": "Parotid_L", "name": "Parotid_R"}


def test_unsigned_structures_can_be_deleted(drawn: Drawn, client: TestClient, login: Login) -> None:
    url = f"/api/structures/{drawn.structure_id}"
    assert client.delete(url, headers=login("reader")).status_code == 403
    assert client.delete(url, headers=login("annotator")).status_code == 204
    with db.session_scope(read_only=True) as session:
        assert session.get(Structure, drawn.structure_id) is None
    assert client.get(f"{url}/revisions", headers=login("reader")).status_code == 404


def _operate(
    client: TestClient, drawn: Drawn, headers: dict[str, str], mask: Mask, **body: object
) -> Response:
    url = f"/api/structure-sets/{drawn.set_id}/operations"
    return client.post(url, json={"mask": packed(mask), **body}, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "grow", "mm": 3.0},
        {"operation": "shrink", "mm": 1.5},
        {"operation": "smooth", "mm": 4.0},
        {"operation": "fill-holes"},
        {"operation": "remove-islands", "keep": 1},
        {"operation": "remove-islands", "min_cc": 0.1},
        {"operation": "interpolate"},
    ],
)
def test_operations_are_those_of_the_field_and_save_nothing(
    drawn: Drawn, client: TestClient, login: Login, body: dict[str, object]
) -> None:
    grid = drawn.scene.grid
    mask = drawn.mask.copy()
    mask[3] = False
    mask[2, 9, 8] = False
    mask[7, 20, 18] = True
    answer = _operate(client, drawn, login("annotator"), mask, **body)
    assert answer.status_code == 200, answer.text
    expected = {
        "grow": lambda: morphology.grow(mask, grid, 3.0),
        "shrink": lambda: morphology.shrink(mask, grid, 1.5),
        "smooth": lambda: morphology.smooth(mask, grid, 4.0),
        "fill-holes": lambda: morphology.fill_holes(mask),
        "remove-islands": lambda: morphology.remove_islands(
            mask,
            grid,
            keep=body.get("keep"),
            min_cc=body.get("min_cc"),  # type: ignore[arg-type]
        ),
        "interpolate": lambda: morphology.interpolate_slices(mask, grid),
    }[str(body["operation"])]()
    changed = decode_mask(base64.b64decode(answer.json()["mask"]), grid.shape_kji)
    assert np.array_equal(changed, expected)
    assert not np.array_equal(changed, mask)
    with db.session_scope(read_only=True) as session:
        assert session.get_one(Structure, drawn.structure_id).head == 1


def test_operations_that_make_no_sense_are_refused(drawn: Drawn, client: TestClient, login: Login) -> None:
    headers = login("annotator")
    for body in ({"operation": "grow"}, {"operation": "remove-islands"}, {"operation": "paint"}):
        assert _operate(client, drawn, headers, drawn.mask, **body).status_code == 422
    wrong = np.zeros((1, 2, 3), dtype=bool)
    assert _operate(client, drawn, headers, wrong, operation="fill-holes").json()["type"] == (
        "/problems/wrong-mask-shape"
    )
    assert _operate(client, drawn, login("reader"), drawn.mask, operation="fill-holes").status_code == 403


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "左耳下腺",
            {"name": "Parotid_L", "confidence": "exact", "side": "L", "finding": None, "candidates": []},
        ),
        (
            "Cord+5mm",
            {
                "name": "SpinalCord_PRV05",
                "confidence": "derived",
                "side": None,
                "finding": None,
                "candidates": [],
            },
        ),
        (
            "parotid",
            {
                "name": None,
                "confidence": "unknown",
                "side": None,
                "finding": "side-missing",
                "candidates": ["Parotid_R", "Parotid_L"],
            },
        ),
    ],
)
def test_anybody_signed_in_may_ask_what_a_text_means(
    text: str, expected: dict[str, object], client: TestClient, login: Login
) -> None:
    answer = client.get("/api/names", params={"text": text}, headers=login(None))
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize("text", ["", "x" * 65])
def test_a_text_that_is_no_name_is_not_asked_for(text: str, client: TestClient, login: Login) -> None:
    answer = client.get("/api/names", params={"text": text}, headers=login("reader"))
    assert answer.status_code == 422


def test_without_login_no_name_is_told(client: TestClient) -> None:
    assert client.get("/api/names", params={"text": "Parotid_L"}).status_code == 401
