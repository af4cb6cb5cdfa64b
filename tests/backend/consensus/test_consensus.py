"""From blind readings to a consensus that names its parents."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from rt.masks import decode_mask
from tests.backend.consensus.conftest import NAME, Reading, voxels


def slug(answer) -> str:
    return answer.json()["type"].rsplit("/", 1)[-1]


@pytest.fixture
def closed(reading: Reading) -> Reading:
    """All three have read, and agreement is computed."""
    reading.start()
    reading.read()
    return reading


def test_readings_become_revisions_of_their_readers(closed: Reading) -> None:
    shown = closed.client.get(f"/api/structure-sets/{closed.task['set_id']}", headers=closed.leader).json()
    heads = {one["name"]: one["head"] for one in shown["structures"]}
    assert list(heads) == [NAME, f"{NAME}_R1", f"{NAME}_R2", f"{NAME}_R3"]
    assert [heads[f"{NAME}_R{n}"]["author"]["id"] for n in (1, 2, 3)] == closed.ids
    assert (heads[f"{NAME}_R1"]["tool"], heads[f"{NAME}_R1"]["seconds"]) == ("blind-reading", 30)
    assert heads[NAME] is None


def test_agreement_and_regions_are_of_what_they_drew(closed: Reading) -> None:
    found = closed.get("/results").json()
    core, wide, long = (int(mask.sum()) for mask in closed.masks())
    dices = {(one["first"], one["second"]): one["dice"] for one in found["agreement"]["pairs"]}
    assert dices[closed.ids[0], closed.ids[1]] == pytest.approx(2 * core / (core + wide))
    assert found["majority_ml"] == pytest.approx(core * closed.scene.grid.voxel_mm3 / 1000)
    regions = [(one["included_by"], round(one["volume_ml"], 4), one["take"]) for one in found["regions"]]
    a, b, voxel = long - core, wide - core, closed.scene.grid.voxel_mm3 / 1000
    assert regions == [
        ([closed.ids[2]], round(a * voxel, 4), None), ([closed.ids[1]], round(b * voxel, 4), None),
    ]  # fmt: skip
    assert found["staple"]["converged"]


def test_the_map_shows_where_they_differ(closed: Reading) -> None:
    shares = voxels(closed.get("/map?kind=share"), closed.scene)
    core, wide, long = closed.masks()
    assert np.allclose(shares, (core.astype(float) + wide + long) / 3)
    bits = voxels(closed.get("/map"), closed.scene)
    assert (bits > 0)[(wide | long) & ~core].all() and not bits[core].any()


def test_the_consensus_is_a_revision_with_its_parents(closed: Reading) -> None:
    assert closed.decide(1, True).status_code == 200
    assert closed.decide(2, False).status_code == 200
    saved = closed.adopt("staple")
    assert saved.status_code == 201
    provenance = saved.json()["consensus"]
    assert [one["reader_id"] for one in provenance["readings"]] == closed.ids
    assert [one["number"] for one in provenance["readings"]] == [1, 1, 1]
    shown = closed.get().json()["readers"]
    assert [one["id"] for one in provenance["readings"]] == [one["structure_id"] for one in shown]
    assert (provenance["method"], provenance["taken"], provenance["left"]) == ("staple", [1], [2])
    assert (provenance["undecided"], provenance["missing"]) == (0, [])
    assert saved.json()["author"]["id"] == closed.leader_id
    path = f"/api/structures/{closed.task['structure_id']}/revisions/1/mask"
    mask = decode_mask(closed.client.get(path, headers=closed.leader).content, closed.scene.grid.shape_kji)
    assert np.array_equal(mask, closed.masks()[2]), "the core, and the third reader's piece"
    assert closed.get().json()["adopted"] == 1


def test_the_preview_is_what_would_be_adopted(closed: Reading) -> None:
    shape = closed.scene.grid.shape_kji
    core, wide, _ = closed.masks()
    assert np.array_equal(decode_mask(closed.get("/preview?method=majority").content, shape), core)
    closed.decide(2, True)
    assert np.array_equal(decode_mask(closed.get("/preview?method=majority").content, shape), wide)
    assert np.array_equal(decode_mask(closed.get("/regions/2/mask").content, shape), wide & ~core)
    closed.decide(2, None)
    assert np.array_equal(decode_mask(closed.get("/preview?method=majority").content, shape), core)


def test_it_is_exported_with_the_set(closed: Reading) -> None:
    closed.adopt()
    path = f"/api/structure-sets/{closed.task['set_id']}/export?format=nifti"
    answer = closed.client.get(path, headers=closed.leader)
    members = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert any(member.endswith(f"{NAME}.nii.gz") for member in members)


def test_adopting_from_a_head_that_is_not_newest_is_refused(closed: Reading) -> None:
    assert closed.adopt().status_code == 201
    assert (closed.adopt().status_code, slug(closed.adopt())) == (412, "stale-revision")
    assert closed.adopt(base=1).json()["number"] == 2


def test_who_has_not_finished_is_named_and_never_dropped_in_silence(reading: Reading) -> None:
    reading.start()
    first, second, third = reading.ids
    for who, mask in zip((first, second), reading.masks()[1:], strict=True):
        reading.draw(who, mask)
        reading.finish(who)
    reading.draw(third, reading.masks()[0])
    answer = reading.close()
    assert (answer.status_code, slug(answer)) == (409, "reader-unfinished")
    assert answer.json()["reader_ids"] == [third]
    assert slug(reading.close(third, first)) == "reader-unfinished", "exactly those who are missing"
    closed = reading.close(third)
    assert [one["missing"] for one in closed.json()["readers"]] == [False, False, True]
    draft = f"/api/structures/{reading.task['structure_id']}/draft"
    assert reading.client.get(draft, headers=reading.headers[third]).status_code == 200, "his work stays his"
    assert reading.client.get(draft, headers=reading.headers[first]).status_code == 404


def test_strokes_after_handing_in_stay_the_readers_draft(reading: Reading) -> None:
    reading.start()
    for who, mask in zip(reading.ids, reading.masks(), strict=True):
        reading.draw(who, mask)
        reading.finish(who)
    first, second, _ = reading.ids
    reading.draw(first, reading.masks()[2])
    assert reading.close().status_code == 200
    draft = f"/api/structures/{reading.task['structure_id']}/draft"
    assert reading.client.get(draft, headers=reading.headers[first]).status_code == 200
    assert reading.client.get(draft, headers=reading.headers[second]).status_code == 404


def test_a_reading_counts_also_when_its_structure_was_deleted(closed: Reading) -> None:
    before = voxels(closed.get("/map?kind=share"), closed.scene)
    shown = closed.client.get(f"/api/structure-sets/{closed.task['set_id']}", headers=closed.leader).json()
    gone = next(one["id"] for one in shown["structures"] if one["name"] == f"{NAME}_R2")
    assert closed.client.delete(f"/api/structures/{gone}", headers=closed.leader).status_code == 204
    assert np.array_equal(voxels(closed.get("/map?kind=share"), closed.scene), before)


def test_fewer_than_two_readings_are_no_consensus(reading: Reading) -> None:
    reading.start()
    reading.draw(reading.ids[0], reading.masks()[0])
    reading.finish(reading.ids[0])
    assert slug(reading.close(*reading.ids[1:])) == "too-few-readings"


def test_nothing_drawn_by_anybody_is_no_consensus(reading: Reading) -> None:
    reading.start()
    for who in reading.ids:
        assert reading.finish(who, empty=True).status_code == 200
    assert slug(reading.close()) == "too-few-readings"


def test_an_empty_reading_has_to_be_meant_and_counts(reading: Reading) -> None:
    reading.start()
    first, second, third = reading.ids
    assert slug(reading.finish(first)) == "empty-mask"
    assert reading.finish(first, empty=True).status_code == 200
    for who in (second, third):
        reading.draw(who, reading.masks()[0])
        reading.finish(who)
    assert reading.close().status_code == 200


def test_only_readers_hand_in_and_later_work_replaces_earlier(reading: Reading, login) -> None:
    reading.start()
    first = reading.ids[0]
    other = reading.client.post(reading.path("/finish"), json={}, headers=login("annotator"))
    assert (other.status_code, slug(other)) == (403, "not-a-reader")
    for mask in reading.masks()[:2]:
        reading.draw(first, mask)
        reading.finish(first)
    answer = reading.get(f"/readings/{first}/mask", first)
    assert np.array_equal(decode_mask(answer.content, reading.scene.grid.shape_kji), reading.masks()[1])


@pytest.mark.parametrize("what", ["twice", "stranger", "reader"])
def test_readers_are_members_who_may_annotate_each_once(reading: Reading, actor, what: str) -> None:
    wrong = {"twice": reading.ids[0], "stranger": "nobody", "reader": actor("reader").user_id}
    answer = reading.start(readers=[reading.ids[0], wrong[what]])
    assert (answer.status_code, answer.json()["field"]) == (422, "readers")


def test_one_consensus_on_a_structure_at_a_time(reading: Reading) -> None:
    reading.start()
    assert slug(reading.start(structure=NAME.upper())) == "consensus-running"
    assert reading.start(structure="GTVn").status_code == 201


def test_a_task_that_is_given_up_leaves_nothing_blind(reading: Reading) -> None:
    task = reading.start().json()
    reading.draw(reading.ids[0], reading.masks()[0])
    assert reading.client.delete(reading.path(), headers=reading.leader).status_code == 204
    assert reading.get().status_code == 404
    path = f"/api/structure-sets/{task['set_id']}"
    assert reading.client.get(path, headers=reading.leader).status_code == 404
    assert reading.start().status_code == 201


def test_a_task_that_is_given_up_leaves_what_others_keep_in_its_set(reading: Reading) -> None:
    task = reading.start().json()
    path = f"/api/structure-sets/{task['set_id']}"
    added = reading.client.post(f"{path}/structures", json={"name": "Parotid_L"}, headers=reading.leader)
    assert added.status_code == 201
    assert reading.client.delete(reading.path(), headers=reading.leader).status_code == 204
    shown = reading.client.get(path, headers=reading.leader).json()
    assert [one["name"] for one in shown["structures"]] == ["Parotid_L"]
    assert reading.get().status_code == 404


@pytest.mark.parametrize("call", ["close", "finish", "cancel"])
def test_what_is_closed_is_not_read_any_more(closed: Reading, call: str) -> None:
    answers = {
        "close": lambda: closed.close(),
        "finish": lambda: closed.finish(closed.ids[0]),
        "cancel": lambda: closed.client.delete(closed.path(), headers=closed.leader),
    }
    assert slug(answers[call]()) == "consensus-stage"


def test_a_region_that_is_not_there_is_not_decided(closed: Reading) -> None:
    assert closed.decide(99, True).status_code == 404
