"""What a derivation gives, looked at before it is kept."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest
from sqlalchemy import func, select

from backend.kit import db
from backend.labels.tables import Revision, Structure
from rt.masks import decode_mask
from tests.backend.derivations.conftest import Deriving, combined, even, same, structure
from tests.factories.scenes import block


@pytest.fixture
def parotid(deriving: Deriving) -> str:
    return deriving.draw("Parotid_L", block(deriving.scene.grid, slice(2, 6), slice(6, 16), slice(4, 10)))


def counted() -> tuple[int | None, int | None]:
    """How many structures and revisions there are."""
    with db.session_scope(read_only=True) as session:
        tables = (Structure, Revision)
        found = [session.scalar(select(func.count()).select_from(one)) for one in tables]
        return found[0], found[1]


def test_a_preview_is_what_is_computed_afterwards_and_keeps_nothing(deriving, parotid):
    before = counted()
    answer = deriving.preview(structure(parotid, even("grow", 3)))
    assert answer.status_code == 200, answer.text
    assert counted() == before
    shown, grid = answer.json(), deriving.scene.grid
    mask = decode_mask(b64decode(shown["mask"]), grid.shape_kji)
    deriving.derive("PRV", structure(parotid, even("grow", 3)))
    assert same(mask, deriving.mask("PRV"))
    assert shown["volume_cc"] == pytest.approx(deriving.shown("PRV")["head"]["volume_cc"])
    assert shown["volume_cc"] == pytest.approx(np.count_nonzero(mask) * grid.voxel_mm3 / 1000)
    assert shown["plausibility"] == []


def test_a_preview_says_that_nothing_is_left(deriving, parotid):
    shown = deriving.preview(structure(parotid), combined("subtract", structure(parotid))).json()
    assert shown["volume_cc"] == 0
    assert [one["slug"] for one in shown["plausibility"]] == ["derived-empty"]


def test_a_preview_of_another_derivation_refuses_a_circle(deriving, parotid):
    prv = deriving.derive("PRV", structure(parotid, even("grow", 3)))
    other = deriving.derive("Ring", structure(prv, even("grow", 3)))
    assert deriving.preview(structure(parotid, even("grow", 5)), of=prv).status_code == 200
    answer = deriving.preview(structure(other), of=prv)
    assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (409, "derivation-cycle")
    assert deriving.preview(structure(parotid), of=parotid).status_code == 404, "it is drawn"


def test_a_preview_is_for_who_may_draw(deriving, parotid, client, login):
    body = {"expression": {"first": structure(parotid), "steps": []}}
    path = f"/api/structure-sets/{deriving.set_id}/derived-structures/preview"
    assert client.post(path, json=body, headers=login("annotator")).status_code == 200
    assert client.post(path, json=body, headers=login("reader")).status_code == 403
    assert deriving.preview(structure("no-such-id")).status_code == 404
