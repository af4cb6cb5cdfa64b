"""A consensus of blind readers by the client."""

from __future__ import annotations

import numpy as np
import pytest

from rinkaku_client.problems import Forbidden
from tests.factories.jobs import run_queued
from tests.factories.scenes import block


def test_from_blind_readings_to_an_adopted_consensus(connect, scene):
    leader, readers = connect("clinician"), [connect("annotator") for _ in range(3)]
    ids = [one.projects.me()["user"]["id"] for one in readers]
    task = leader.consensus.start(scene.study.id, scene.series.id, "GTVp", ids)
    core = block(scene.grid, slice(2, 6), slice(6, 14), slice(5, 12))
    wide = core | block(scene.grid, slice(2, 6), slice(6, 14), slice(12, 15))
    for reader, mask in zip(readers, (core, wide), strict=False):
        reader.consensus.hand_in(task, mask, seconds=20)
    with pytest.raises(Forbidden):
        leader.consensus.results(task["id"])
    leader.consensus.close(task["id"], without=ids[2:])
    run_queued("consensus")
    assert [one["missing"] for one in leader.consensus.get(task["id"])["readers"]] == [False, False, True]
    (region,) = leader.consensus.results(task["id"])["regions"]
    assert region["included_by"] == [ids[1]]
    leader.consensus.decide(task["id"], region["number"], True)
    np.testing.assert_array_equal(leader.consensus.preview(task["id"], "majority"), wide)
    saved = leader.consensus.adopt(task["id"], "majority")
    assert saved["consensus"] is not None and saved["consensus"]["missing"] == ids[2:]
    assert [one["adopted"] for one in leader.consensus.list(scene.study.id)] == [1]
