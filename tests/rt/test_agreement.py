"""Agreement against what can be counted by hand, scikit-learn and a published table."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from rt.agreement import AgreementConfig, agreement, cohen_kappa, fleiss_kappa
from rt.errors import ConsensusError
from rt.metrics import dice, hd95_mm, surface_dice
from tests.rt.grids import ball, plain_grid

SHAPE = (24, 30, 28)
GRID = plain_grid(SHAPE, (1.0, 1.5, 2.0))


def three() -> dict[str, np.ndarray]:
    return {
        "a": ball(SHAPE, (12, 15, 14), 7.0),
        "b": ball(SHAPE, (12, 16, 14), 6.5),
        "c": ball(SHAPE, (11, 15, 13), 7.6),
    }


def test_pairs_have_the_metrics_of_the_whole_image() -> None:
    masks = three()
    found = agreement(masks, GRID, AgreementConfig(tolerance_mm=1.5))
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair in found.pairs:
        first, second = masks[pair.first], masks[pair.second]
        assert pair.dice == pytest.approx(dice(first, second))
        assert pair.surface_dice == pytest.approx(surface_dice(first, second, GRID, 1.5))
        assert pair.hd95_mm == pytest.approx(hd95_mm(first, second, GRID))


def test_cohen_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random((6, 7, 8)) < 0.4, rng.random((6, 7, 8)) < 0.6
    expected = cohen_kappa_score(first.ravel(), second.ravel())
    assert cohen_kappa(first, second) == pytest.approx(expected)


def test_fleiss_of_two_values_by_hand() -> None:
    # 4 voxels, 3 readers: votes 3, 2, 1, 0. P_i = 1, 1/3, 1/3, 1; P = 2/3; p = 1/2; Pe = 1/2; kappa = 1/3
    votes = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
    assert fleiss_kappa(list(votes)) == pytest.approx(1 / 3)


def test_kappa_is_unknown_where_chance_explains_everything() -> None:
    nothing = np.zeros((3, 3, 3), dtype=bool)
    assert cohen_kappa(nothing, nothing) is None
    assert fleiss_kappa([nothing, nothing]) is None


def test_the_odd_reader_agrees_least_with_the_others() -> None:
    masks = {**three(), "odd": ball(SHAPE, (12, 8, 14), 4.0)}
    found = {one.reader: one for one in agreement(masks, GRID).readers}
    against = {name: one.against_others.dice for name, one in found.items() if one.against_others}
    assert min(against, key=lambda name: against[name]) == "odd"
    assert against["a"] > 0.85
    assert found["a"].volume_ml == pytest.approx(np.count_nonzero(masks["a"]) * 3 / 1000)


def test_two_readers_are_each_measured_against_the_other() -> None:
    masks = {name: mask for name, mask in three().items() if name != "c"}
    found = agreement(masks, GRID)
    for one in found.readers:
        assert one.against_others is not None
        assert one.against_others.dice == pytest.approx(found.pairs[0].dice)


def test_an_empty_reading_has_no_distance_and_is_plain_json() -> None:
    masks = {"a": three()["a"], "empty": np.zeros(SHAPE, dtype=bool)}
    found = agreement(masks, GRID)
    assert found.pairs[0].hd95_mm is None and found.pairs[0].dice == 0.0
    assert next(one for one in found.readers if one.reader == "a").against_others is None
    json.dumps(found.to_json(), allow_nan=False)


def test_one_reader_is_refused() -> None:
    with pytest.raises(ConsensusError, match="2 to 62 readers, not 1"):
        agreement({"a": three()["a"]}, GRID)
    with pytest.raises(ConsensusError, match="at least 2"):
        fleiss_kappa([three()["a"]])
