"""Derived structures follow their sources by the job `derive`, in order, and are never silently wrong."""

from __future__ import annotations

import numpy as np
import pytest
from httpx import Response

from backend.accounts.tables import User
from backend.audit.tables import AuditEntry
from backend.jobs.tables import Event, Job
from backend.kit import db
from backend.labels import service as labels
from backend.labels.tables import Structure, StructureSet
from rt.geometry import Grid
from tests.backend.derivations.conftest import Deriving, combined, same, sides, structure
from tests.factories.jobs import run_job
from tests.factories.scenes import block

K, J = slice(2, 6), slice(6, 16)


@pytest.fixture
def parotid(deriving: Deriving) -> str:
    return deriving.draw("Parotid_L", block(deriving.scene.grid, K, J, slice(4, 10)))


@pytest.fixture
def mandible(deriving: Deriving) -> str:
    return deriving.draw("Bone_Mandible", block(deriving.scene.grid, K, J, slice(8, 15)))


@pytest.fixture
def spared(deriving: Deriving, parotid: str, mandible: str) -> str:
    """The parotid without the mandible."""
    return deriving.derive("Spared", structure(parotid), combined("subtract", structure(mandible)))


def columns(deriving: Deriving, first: int, last: int) -> np.ndarray:
    return block(deriving.scene.grid, K, J, slice(first, last))


def test_a_persons_save_of_a_source_is_followed(deriving, parotid, spared):
    assert deriving.save(parotid, columns(deriving, 2, 10), 1).status_code == 201
    assert deriving.status("Spared") == "stale"
    assert deriving.follow() == [{"drawn": ["Spared"], "stale": []}]
    assert same(deriving.mask("Spared"), columns(deriving, 2, 8))
    shown = deriving.shown("Spared")
    assert (shown["derivation"]["status"], shown["head"]["number"]) == ("current", 2)
    assert shown["head"]["reason"] == ("Parotid_L, without Bone_Mandible (follows revision 2 of Parotid_L)")
    used = {one["name"]: one["number"] for one in shown["head"]["derived_from"]["structures"]}
    assert used == {"Parotid_L": 2, "Bone_Mandible": 1}


def test_a_networks_drawing_is_followed_without_an_author(deriving, spared):
    deriving.draw("Bone_Mandible", columns(deriving, 6, 15))
    deriving.follow()
    head = deriving.shown("Spared")["head"]
    assert (head["number"], head["author"]) == (2, None)
    assert same(deriving.mask("Spared"), columns(deriving, 4, 6))


def test_whoever_changed_the_source_has_changed_what_is_derived_from_it(deriving, parotid, spared, login):
    other = Deriving(deriving.client, login("annotator"), deriving.scene, deriving.set_id)
    other.save(parotid, columns(deriving, 3, 10), 1)
    deriving.follow()
    assert deriving.shown("Spared")["head"]["author"]["display_name"].startswith("annotator")


def test_saves_that_follow_each_other_are_one_job(deriving, parotid, mandible, spared):
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    deriving.save(mandible, columns(deriving, 7, 15), 1)
    assert deriving.follow() == [{"drawn": ["Spared"], "stale": []}]
    assert deriving.head("Spared") == 2
    assert same(deriving.mask("Spared"), columns(deriving, 3, 7))


def test_a_chain_is_followed_in_order_of_dependency(deriving, parotid, spared):
    """The last of the chain was defined before what it is derived from, so order of age would not do."""
    ring = deriving.derive("Ring", structure(parotid))
    late = deriving.derive("Late", structure(spared, sides("grow", right=1)))
    changed = deriving.change(ring, 1, structure(late, sides("grow", right=1)))
    assert changed.status_code == 200
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert deriving.follow()[0]["drawn"] == ["Spared", "Late", "Ring"]
    assert same(deriving.mask("Ring"), columns(deriving, 1, 8))
    assert {name: deriving.head(name) for name in ("Spared", "Late", "Ring")} == {
        "Spared": 2, "Late": 2, "Ring": 3,
    }  # fmt: skip
    assert all(one == {"drawn": [], "stale": []} for one in deriving.follow())


def test_nothing_is_appended_where_no_source_of_its_own_changed(deriving, parotid, mandible, spared):
    deriving.derive("Bone", structure(mandible))
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert deriving.follow() == [{"drawn": ["Spared"], "stale": []}]
    assert deriving.head("Bone") == 1


def test_a_source_that_changes_nothing_of_it_leaves_it_as_it_is_and_current(deriving, mandible, spared):
    """What the mandible lost lies outside the parotid."""
    deriving.save(mandible, columns(deriving, 8, 13), 1)
    assert deriving.status("Spared") == "stale"
    deriving.follow()
    assert (deriving.head("Spared"), deriving.status("Spared")) == (1, "current")
    used = {one["name"]: one["used"] for one in deriving.shown("Spared")["derivation"]["sources"]}
    assert used == {"Parotid_L": 1, "Bone_Mandible": 2}


def test_what_nobody_derives_from_asks_for_no_job(deriving, parotid, mandible):
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert deriving.follow() == []


def ask_review(deriving: Deriving, act: str, headers: dict[str, str], name: str) -> Response:
    path, one = f"/api/structure-sets/{deriving.set_id}/{act}", deriving.shown(name)
    body = {"structure_ids": [one["id"]], "revisions": {one["id"]: one["head"]["number"]}}
    return deriving.client.post(path, json=body, headers=headers)


def review(deriving: Deriving, act: str, headers: dict[str, str], structure_id: str) -> None:
    assert structure_id == deriving.ids["Spared"]
    answer = ask_review(deriving, act, headers, "Spared")
    assert answer.status_code == 200, answer.text


def test_what_depends_on_a_stale_structure_is_stale_too_until_both_follow(deriving, parotid, spared, login):
    deriving.derive("Late", structure(spared, sides("grow", right=1)))
    deriving.derive("Ring", structure(deriving.ids["Late"]))
    ask_review(deriving, "submit", deriving.headers, "Late")
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert [deriving.status(name) for name in ("Spared", "Late", "Ring")] == ["stale"] * 3
    refused = ask_review(deriving, "approve", login("reviewer"), "Late")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/derivation-stale")
    assert refused.json()["name"] == "Late"
    path = f"/api/structure-sets/{deriving.set_id}/export/report?format=rtstruct&profile=generic"
    report = deriving.client.get(path, headers=deriving.headers).json()
    behind = {
        one["name"]
        for one in report["structures"]
        for w in one["warnings"]
        if w["slug"] == "derivation-stale"
    }
    assert behind == {"Spared", "Late", "Ring"}
    deriving.follow()
    assert [deriving.status(name) for name in ("Spared", "Late", "Ring")] == ["current"] * 3
    report = deriving.client.get(path, headers=deriving.headers).json()
    assert [one["warnings"] for one in report["structures"]] == [[]] * 5


def test_what_follows_an_overridden_structure_is_not_stale_with_its_source(deriving, parotid, spared):
    deriving.derive("Copy", structure(spared))
    deriving.save(spared, columns(deriving, 5, 7), 1)
    deriving.follow()
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert (deriving.status("Spared"), deriving.status("Copy")) == ("overridden", "current")


def test_an_approval_does_not_survive_a_source_that_changes_the_contour(deriving, parotid, spared, login):
    review(deriving, "submit", deriving.headers, spared)
    review(deriving, "approve", login("reviewer"), spared)
    assert deriving.shown("Spared")["state"] == "approved"
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    deriving.follow()
    assert (deriving.shown("Spared")["state"], deriving.shown("Spared")["approval"]) == ("draft", None)
    with db.session_scope(read_only=True) as session:
        withdrawn = session.query(AuditEntry).filter_by(action="labels.structure.withdrawn").one()
        assert withdrawn.object_id == spared


def test_an_approval_survives_a_source_that_does_not(deriving, mandible, spared, login):
    review(deriving, "submit", deriving.headers, spared)
    review(deriving, "approve", login("reviewer"), spared)
    deriving.save(mandible, columns(deriving, 8, 13), 1)
    deriving.follow()
    assert deriving.shown("Spared")["state"] == "approved"


def test_a_persons_contour_stands_until_it_is_computed_again(deriving, parotid, spared):
    drawn = columns(deriving, 5, 7)
    assert deriving.save(spared, drawn, 1).status_code == 201
    assert deriving.status("Spared") == "overridden"
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert deriving.follow() == [{"drawn": [], "stale": []}]
    assert same(deriving.mask("Spared"), drawn)
    answer = deriving.recompute(spared, 2)
    assert (answer.status_code, answer.json()["derivation"]["status"]) == (200, "current")
    assert same(deriving.mask("Spared"), columns(deriving, 3, 8))
    assert deriving.head("Spared") == 3
    assert deriving.recompute(spared, 2).status_code == 412


def test_what_follows_an_overridden_structure_takes_the_persons_contour(deriving, parotid, spared):
    deriving.derive("Copy", structure(spared))
    deriving.save(spared, columns(deriving, 5, 7), 1)
    deriving.follow()
    assert same(deriving.mask("Copy"), columns(deriving, 5, 7))


def test_computing_what_is_current_appends_nothing(deriving, spared):
    assert deriving.recompute(spared, 1).json()["head"]["number"] == 1


def stale_because(deriving: Deriving, name: str) -> tuple[str, dict]:
    derivation = deriving.shown(name)["derivation"]
    assert derivation["status"] == "stale"
    return derivation["problem"]["slug"], derivation["problem"]["values"]


def test_a_deleted_source_is_said_and_the_contour_stays(deriving, mandible, spared):
    deriving.derive("Copy", structure(spared))
    path = f"/api/structures/{mandible}"
    assert deriving.client.delete(path, headers=deriving.headers).status_code == 204
    assert deriving.follow() == [{"drawn": [], "stale": ["Spared", "Copy"]}]
    assert stale_because(deriving, "Spared") == ("source-deleted", {"name": "Bone_Mandible"})
    assert stale_because(deriving, "Copy") == ("source-stale", {"name": "Spared"})
    assert (deriving.head("Spared"), deriving.head("Copy")) == (1, 1)
    answer = deriving.recompute(spared, 1)
    assert (answer.status_code, answer.json()["name"]) == (409, "Bone_Mandible")
    parotid = structure(deriving.ids["Parotid_L"])
    kept = deriving.change(spared, 1, parotid, combined("subtract", structure(mandible)))
    assert (kept.status_code, kept.json()["type"].split("/")[-1]) == (409, "source-deleted")
    sources = deriving.shown("Spared")["derivation"]["sources"]
    assert {one["name"]: one["head"] for one in sources} == {"Parotid_L": 1, "Bone_Mandible": None}
    assert deriving.change(spared, 1, parotid).status_code == 200
    assert deriving.follow() == [{"drawn": ["Copy"], "stale": []}]
    assert same(deriving.mask("Copy"), columns(deriving, 4, 10))


def test_a_rejected_source_is_never_taken_for_an_empty_one(deriving, mandible, spared):
    path, body = f"/api/structures/{mandible}/assessment", {"assessment": "rejected"}
    assert deriving.client.put(path, json=body, headers=deriving.headers).status_code == 200
    assert deriving.follow() == [{"drawn": [], "stale": ["Spared"]}]
    assert stale_because(deriving, "Spared") == ("source-unknown", {"name": "Bone_Mandible"})
    assert same(deriving.mask("Spared"), columns(deriving, 4, 8))
    deriving.save(mandible, columns(deriving, 6, 15), 2)
    assert deriving.follow() == [{"drawn": ["Spared"], "stale": []}]
    assert same(deriving.mask("Spared"), columns(deriving, 4, 6))
    assert deriving.shown("Spared")["derivation"]["problem"] is None


def test_what_came_in_is_not_rejected_and_what_is_derived_from_it_stays(deriving, parotid):
    with db.session_scope() as session:
        owner = session.get_one(StructureSet, deriving.set_id)
        came = labels.add_structure(session, owner, labels.NewStructure("PTV_6000"))
        mask = block(deriving.scene.grid, K, J, slice(8, 15))
        labels.append_revision(session, came, labels.NewRevision(mask, 0, tool="import"))
    deriving.ids["PTV_6000"] = came.id
    deriving.derive("Spared", structure(parotid), combined("subtract", structure(came.id)))
    path, body = f"/api/structures/{came.id}/assessment", {"assessment": "rejected"}
    assert deriving.client.put(path, json=body, headers=deriving.headers).status_code == 409
    with db.session_scope() as session:  # as it was let through before
        row = session.get_one(Structure, came.id)
        author = session.query(User.id).first()[0]
        empty = labels.NewRevision(np.zeros_like(mask), 1, author, reason="rejected", tool="reject")
        labels.append_revision(session, row, empty)
    assert deriving.follow() == [{"drawn": [], "stale": ["Spared"]}]
    assert stale_because(deriving, "Spared") == ("source-unknown", {"name": "PTV_6000"})
    assert same(deriving.mask("Spared"), columns(deriving, 4, 8))


def test_a_source_that_a_person_declared_absent_is_an_empty_one(deriving, mandible, spared):
    deriving.save(mandible, np.zeros_like(deriving.mask("Spared")), 1)
    deriving.follow()
    assert same(deriving.mask("Spared"), columns(deriving, 4, 10))


def test_a_source_on_the_grid_of_before_is_said(deriving, mandible, spared):
    """A slice came late: the network draws again on the new grid, the parotid waits on the old one."""
    before = deriving.scene.grid
    grid = Grid.of((9, *before.shape_kji[1:]), before.spacing_ijk_mm, before.origin_lps_mm, before.direction)
    deriving.scene.series.volume = deriving.scene.series.volume | {"grid": grid.to_json()}
    deriving.draw("Bone_Mandible", block(grid, K, J, slice(8, 15)))
    assert deriving.follow() == [{"drawn": [], "stale": ["Spared"]}]
    assert stale_because(deriving, "Spared") == ("source-on-other-grid", {"name": "Parotid_L"})
    assert deriving.head("Spared") == 1


def test_a_source_that_changes_while_it_is_computed_is_followed_too(deriving, parotid, spared):
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    with db.session_scope(read_only=True) as session:
        job_id = session.query(Job).filter_by(kind="derive", state="queued").one().id
    run_job(job_id, then=lambda: deriving.save(parotid, columns(deriving, 2, 10), 2))
    assert deriving.status("Spared") == "stale"
    deriving.follow()
    assert same(deriving.mask("Spared"), columns(deriving, 2, 8))
    assert deriving.status("Spared") == "current"


def test_a_contour_that_a_person_saves_while_it_is_computed_stays(deriving, parotid, spared):
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    with db.session_scope(read_only=True) as session:
        job_id = session.query(Job).filter_by(kind="derive", state="queued").one().id
    drawn = columns(deriving, 5, 7)
    assert run_job(job_id, then=lambda: deriving.save(spared, drawn, 1)) == {"drawn": [], "stale": []}
    assert same(deriving.mask("Spared"), drawn)
    assert deriving.status("Spared") == "overridden"


def test_open_pages_hear_of_it(deriving, parotid, spared):
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    with db.session_scope() as session:
        session.query(Event).delete()
    deriving.follow()
    with db.session_scope(read_only=True) as session:
        assert {"structure-set", "job"} <= {one.kind for one in session.query(Event)}


def test_a_deleted_derived_structure_is_followed_no_more(deriving, parotid, spared):
    assert deriving.client.delete(f"/api/structures/{spared}", headers=deriving.headers).status_code == 204
    deriving.save(parotid, columns(deriving, 3, 10), 1)
    assert deriving.follow() == []
