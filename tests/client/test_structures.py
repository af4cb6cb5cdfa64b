"""Contours, revisions and review by the client."""

from __future__ import annotations

import numpy as np
import pytest

from rinkaku_client import Geometry, StaleRevision, mask_sha256
from rinkaku_client.problems import Conflict, InvalidInput, NotFound, OwnWork, Stale
from rt.masks import volume_cc
from rt.morphology import fill_holes


def larger(mask):
    grown = mask.copy()
    grown[2:5, 6:16, 5:12] = True
    return grown


def test_contours_are_bool_arrays_on_the_images_grid(connect, drawn):
    annotator = connect("annotator")
    annotator.structures.create(drawn.set_id, "Brainstem")
    contours = annotator.structures.contours(drawn.set_id)
    assert list(contours) == ["Parotid_L"]
    contour = contours["Parotid_L"]
    np.testing.assert_array_equal(contour.mask_kji, drawn.mask)
    assert contour.geometry == Geometry.from_json(drawn.scene.grid.to_json())
    assert contour.volume_cc == pytest.approx(volume_cc(drawn.mask, drawn.scene.grid))
    assert (contour.revision, contour.structure["id"]) == (1, drawn.structure_id)


def test_saved_contour_is_the_next_revision_and_the_old_one_stays(connect, drawn):
    annotator = connect("annotator")
    mask = larger(drawn.mask)
    saved = annotator.structures.save(drawn.structure_id, mask, 1, reason="longer", seconds=12)
    assert (saved["number"], saved["parent"], saved["tool"], saved["seconds"]) == (2, 1, "script", 12)
    assert saved["sha256"] == mask_sha256(mask)
    np.testing.assert_array_equal(annotator.structures.mask(drawn.structure_id, 1), drawn.mask)
    np.testing.assert_array_equal(annotator.structures.mask(drawn.structure_id, 2), mask)
    restored = annotator.structures.restore(drawn.structure_id, 1, base=2)
    assert (restored["number"], restored["sha256"]) == (3, mask_sha256(drawn.mask))
    history = annotator.structures.revisions(drawn.structure_id)
    assert [one["number"] for one in history] == [3, 2, 1]


def test_save_from_a_stale_head_says_whose_is_newer(connect, drawn):
    annotator, other = connect("annotator"), connect("annotator")
    other.structures.save(drawn.structure_id, larger(drawn.mask), 1)
    with pytest.raises(StaleRevision, match=r"revision 2 is the newest.*base=2") as stale:
        annotator.structures.save(drawn.structure_id, drawn.mask, 1)
    assert stale.value.head == 2
    assert stale.value.author == other.projects.me()["user"]["display_name"]
    assert str(stale.value.time).startswith("20")
    with pytest.raises(StaleRevision):
        annotator.structures.restore(drawn.structure_id, 1, base=1)
    again = annotator.structures.save(drawn.structure_id, drawn.mask, stale.value.head)
    assert again["number"] == 3


def test_save_whose_answer_got_lost_is_saved_once(connect, line, drawn):
    annotator = connect("annotator", line.url)
    line.break_after_bytes = 0
    saved = annotator.structures.save(drawn.structure_id, larger(drawn.mask), 1)
    assert (line.broken, saved["number"]) == (1, 2)
    assert len(list(annotator.structures.revisions(drawn.structure_id))) == 2


def test_empty_mask_declares_absence(connect, drawn):
    annotator = connect("annotator")
    saved = annotator.structures.save(drawn.structure_id, np.zeros_like(drawn.mask), 1)
    assert (saved["volume_cc"], saved["slices"]) == (0, 0)
    assert not annotator.structures.contours(drawn.set_id)["Parotid_L"].mask_kji.any()


def test_mask_of_another_grid_is_refused(connect, drawn):
    with pytest.raises(InvalidInput, match="wrong-mask-shape"):
        connect("annotator").structures.save(drawn.structure_id, drawn.mask[:-1], 1)


def test_structures_are_made_changed_judged_and_deleted(connect, scene, drawn):
    annotator = connect("annotator")
    made = annotator.structures.create_set(scene.study.id, scene.series.id, "second look")
    assert (made["origin"], made["structures"]) == ("manual", [])
    structure = annotator.structures.create(made["id"], "PTV_70", colour="#ff0000", kind="PTV")
    assert (structure["colour"], structure["kind"], structure["head"]) == ("#ff0000", "PTV", None)
    assert annotator.structures.change(structure["id"], name="PTV_66")["name"] == "PTV_66"
    with pytest.raises(Conflict, match="name-taken"):
        annotator.structures.create(made["id"], "PTV_66")
    annotator.structures.delete(structure["id"])
    assert annotator.structures.get(made["id"])["structures"] == []
    assert annotator.structures.assess(drawn.structure_id, "accepted")["assessment"] == "accepted"


def test_geometry_of_the_server_saves_nothing(connect, drawn):
    annotator = connect("annotator")
    holed = drawn.mask.copy()
    holed[3, 9, 8] = False
    filled = annotator.structures.operate(drawn.set_id, "fill-holes", holed)
    np.testing.assert_array_equal(filled, fill_holes(holed))
    grown = annotator.structures.operate(drawn.set_id, "grow", drawn.mask, mm=2)
    assert grown.sum() > drawn.mask.sum() and grown[drawn.mask].all()
    assert annotator.structures.get(drawn.set_id)["structures"][0]["head"]["number"] == 1
    with pytest.raises(InvalidInput):
        annotator.structures.operate(drawn.set_id, "grow", drawn.mask)


def test_review_returns_with_a_comment_and_approves(connect, drawn):
    annotator, reviewer = connect("annotator"), connect("reviewer")
    annotator.structures.save(drawn.structure_id, larger(drawn.mask), 1)
    submitted = annotator.reviews.submit(drawn.set_id, "please", structure_ids=[drawn.structure_id])
    assert submitted["structures"][0]["state"] == "submitted"
    with pytest.raises(InvalidInput):
        reviewer.reviews.send_back(drawn.set_id, "")
    returned = reviewer.reviews.send_back(drawn.set_id, "too long")
    assert returned["structures"][0]["state"] == "returned"
    annotator.reviews.submit(drawn.set_id)
    approved = reviewer.reviews.approve(drawn.set_id, "fine", seen=reviewer.structures.get(drawn.set_id))
    assert approved["structures"][0]["approval"]["user_name"].startswith("reviewer-")
    acts = [(one["act"], one["comment"]) for one in reviewer.reviews.list(drawn.set_id)]
    assert acts == [
        ("approved", "fine"),
        ("submitted", ""),
        ("returned", "too long"),
        ("submitted", "please"),
    ]


def test_own_work_needs_somebody_else(connect, drawn):
    clinician = connect("clinician")
    clinician.structures.save(drawn.structure_id, larger(drawn.mask), 1)
    clinician.reviews.submit(drawn.set_id)
    with pytest.raises(OwnWork):
        clinician.reviews.approve(drawn.set_id, seen=clinician.structures.get(drawn.set_id))


def test_approval_of_what_was_not_seen_is_refused(connect, drawn):
    annotator, reviewer = connect("annotator"), connect("reviewer")
    annotator.reviews.submit(drawn.set_id)
    seen = reviewer.structures.get(drawn.set_id)
    reviewer.reviews.send_back(drawn.set_id, "longer")
    annotator.structures.save(drawn.structure_id, larger(drawn.mask), 1)
    annotator.reviews.submit(drawn.set_id)
    with pytest.raises(Stale, match="stale-revision"):
        reviewer.reviews.approve(drawn.set_id, seen=seen)
    seen = reviewer.structures.get(drawn.set_id)
    renamed = {**seen, "structures": [{**seen["structures"][0], "name": "Parotid_R"}]}
    with pytest.raises(Stale, match="stale-name"):
        reviewer.reviews.approve(drawn.set_id, seen=renamed)


def test_structures_are_derived_changed_recomputed_and_let_go(connect, drawn):
    annotator = connect("annotator")
    sides = dict.fromkeys(("left", "right", "anterior", "posterior", "superior", "inferior"), 0)
    parotid = {"kind": "structure", "structure_id": drawn.structure_id}
    grown = parotid | {"margin": {"direction": "grow", **sides, "left": 2}}
    made = annotator.structures.derive(drawn.set_id, "Parotid_PRV", {"first": grown, "steps": []})
    wanted = drawn.mask.copy()
    wanted[2:5, 6:14, 12:14] = True
    np.testing.assert_array_equal(annotator.structures.mask(made["id"], 1), wanted)
    assert made["head"]["derived_from"]["structures"][0]["number"] == 1
    with pytest.raises(StaleRevision):
        annotator.structures.change_derivation(made["id"], {"first": parotid}, base=0)
    changed = annotator.structures.change_derivation(made["id"], {"first": parotid}, base=1)
    np.testing.assert_array_equal(annotator.structures.mask(made["id"], 2), drawn.mask)
    annotator.structures.save(made["id"], wanted, base=changed["head"]["number"])
    shown = {one["name"]: one for one in annotator.structures.get(drawn.set_id)["structures"]}
    assert shown["Parotid_PRV"]["derivation"]["status"] == "overridden"
    again = annotator.structures.recompute(made["id"], base=3)
    assert (again["head"]["number"], again["derivation"]["status"]) == (4, "current")
    annotator.structures.remove_derivation(made["id"])
    with pytest.raises(NotFound, match="not-derived"):
        annotator.structures.recompute(made["id"], base=4)
