"""What a person draws is held against the side in its name, whatever client it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.kit import storage
from backend.kit.db import session_scope
from backend.labels.tables import Revision, Structure
from rt.masks import Mask
from rt.nifti_header import nifti_header
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]
SWAPPED = {"right": "Parotid_R", "left": "Parotid_L"}


def at(scene: Scene, first: int) -> Mask:
    """A block of two voxels' width from column `first`; x rises to the patient's left."""
    return block(scene.grid, slice(2, 5), slice(6, 14), slice(first, first + 2))


def said(set_id: str) -> dict[str, list[tuple[str, Any]]]:
    with session_scope(read_only=True) as session:
        rows = session.scalars(select(Structure).where(Structure.structure_set_id == set_id))
        return {row.name: [(one["slug"], one["values"]) for one in row.plausibility] for row in rows}


@pytest.fixture
def pair(scene: Scene) -> tuple[Drawn, Drawn]:
    """Parotids where they belong, the right one at column 3, the left one at 15."""
    return draw(scene, "Parotid_R", at(scene, 3)), draw(scene, "Parotid_L", at(scene, 15))


def test_a_pair_that_a_person_exchanged_is_doubted_at_both_until_it_is_put_right(
    pair: tuple[Drawn, Drawn], save: Save, login: Login, client: TestClient
) -> None:
    (right, left), headers = pair, login("annotator")
    assert save(right.structure_id, left.mask, 1, headers).status_code == 201
    assert said(right.set_id) == {"Parotid_R": [], "Parotid_L": []}, "both at one place are in no order"
    assert save(left.structure_id, right.mask, 1, headers).status_code == 201
    both = [("side", SWAPPED)]
    assert said(right.set_id) == {"Parotid_R": both, "Parotid_L": both}
    shown = client.get(f"/api/structure-sets/{right.set_id}", headers=headers).json()["structures"]
    assert [one["plausibility"][0]["detail"] for one in shown] == ["Parotid_R lies left of Parotid_L"] * 2
    url = f"/api/structures/{right.structure_id}/revisions/1/restore"
    assert client.post(url, headers=headers | {"If-Match": '"2"'}).status_code == 201
    assert said(right.set_id) == {"Parotid_R": [], "Parotid_L": []}, "put right at one, both are no swap"


def test_the_second_of_one_meaning_is_held_against_the_side_of_that(
    pair: tuple[Drawn, Drawn], scene: Scene, save: Save, login: Login
) -> None:
    """Parotid_L_2 came in as `Parotis li` beside a Parotid_L."""
    second = draw(scene, "Parotid_L_2", at(scene, 15))
    with session_scope() as session:
        session.get_one(Structure, second.structure_id).original_name = "Parotis li"
    assert save(second.structure_id, at(scene, 0), 1, login("annotator")).status_code == 201
    doubts = said(second.set_id)
    assert [slug for slug, _ in doubts["Parotid_L_2"]] == ["side"]
    assert doubts["Parotid_L"] == []
    assert save(second.structure_id, at(scene, 14), 2, login("annotator")).status_code == 201
    assert said(second.set_id) == {"Parotid_R": [], "Parotid_L": [], "Parotid_L_2": []}


def test_what_else_was_said_of_the_partner_stays(pair: tuple[Drawn, Drawn], save: Save, login: Login) -> None:
    right, left = pair
    small = {"slug": "volume-small", "detail": "", "severity": "warning", "values": {}}
    with session_scope() as session:
        session.get_one(Structure, left.structure_id).plausibility = [small]
    assert save(right.structure_id, at(right.scene, 18), 1, login("annotator")).status_code == 201
    assert said(right.set_id) == {
        "Parotid_R": [("side", SWAPPED)],
        "Parotid_L": [("volume-small", {}), ("side", SWAPPED)],
    }
    nothing = np.zeros_like(right.mask)
    assert save(right.structure_id, nothing, 2, login("annotator"), empty=True).status_code == 201
    assert said(right.set_id) == {"Parotid_R": [], "Parotid_L": [("volume-small", {})]}


def test_a_structure_alone_is_held_against_the_middle_that_others_tell(
    scene: Scene, save: Save, login: Login
) -> None:
    draw(scene, "Brainstem", at(scene, 0))
    eye = draw(scene, "Eye_R", at(scene, 1))
    assert save(eye.structure_id, at(scene, 14), 1, login("annotator")).status_code == 201
    assert said(eye.set_id)["Eye_R"] == [], "14 mm may be a body that is not symmetric"
    assert save(eye.structure_id, at(scene, 17), 2, login("annotator")).status_code == 201
    assert said(eye.set_id) == {
        "Brainstem": [],
        "Eye_R": [("side-of-midline", {"name": "Eye_R", "mm": 17})],
    }


def test_rejecting_one_of_an_exchanged_pair_takes_the_doubt_from_both(
    pair: tuple[Drawn, Drawn], save: Save, login: Login, client: TestClient
) -> None:
    (right, left), headers = pair, login("annotator")
    save(right.structure_id, at(right.scene, 18), 1, headers)
    url = f"/api/structures/{left.structure_id}/assessment"
    assert client.put(url, json={"assessment": "rejected"}, headers=headers).status_code == 200
    assert said(right.set_id) == {"Parotid_R": [], "Parotid_L": []}


def test_a_save_is_not_refused_for_a_partner_that_cannot_be_read(
    pair: tuple[Drawn, Drawn], save: Save, login: Login
) -> None:
    right, left = pair
    with session_scope(read_only=True) as session:
        head = session.scalars(select(Revision).where(Revision.structure_id == left.structure_id)).one()
    storage.storage().delete(head.sha256)
    assert save(right.structure_id, at(right.scene, 18), 1, login("annotator")).status_code == 201
    assert said(right.set_id)["Parotid_R"] == []


def test_a_pair_that_came_exchanged_from_a_monai_label_client_is_doubted(
    scene: Scene, drawn: Drawn, client: TestClient, login: Login
) -> None:
    labels = np.zeros(scene.grid.shape_kji, np.uint8)
    labels[at(scene, 15)], labels[at(scene, 3)] = 1, 2
    token = login("annotator")["Authorization"].removeprefix("Bearer ")
    url = f"/monailabel/{token}/datastore/label?image={scene.series.series_instance_uid}&tag=final"
    info = '{"label_info": [{"name": "Parotid_R", "idx": 1}, {"name": "Parotid_L", "idx": 2}]}'
    file = ("1.nii", nifti_header(scene.grid, "uint8") + labels.tobytes())
    answer = client.put(url, data={"params": info}, files={"label": file})
    assert answer.status_code == 200, answer.text
    assert said(drawn.set_id) == {name: [("side", SWAPPED)] for name in ("Parotid_L", "Parotid_R")}
