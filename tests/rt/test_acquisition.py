"""The order of correction: what is unsure, doubted or unlike the corrected comes first."""

from __future__ import annotations

import numpy as np
import pytest

from rt.acquisition import DOUBTED, Outlook, choose, distances, expected_dice, expected_gains


def _scan(dice: float, place: float = 0.0, doubted: frozenset[str] = frozenset()) -> Outlook:
    return Outlook({"Larynx": dice}, doubted, (place, 1.0))


def test_expected_dice_of_a_sure_network_is_one_and_of_a_blank_scan_zero() -> None:
    sure = np.zeros((4, 4, 4), np.float16)
    sure[1:3] = 1
    assert expected_dice(sure, 0.5) == 1
    assert expected_dice(np.zeros((4, 4, 4), np.float16), 0.5) == 0


def test_expected_dice_is_what_simulated_truths_give_on_average() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.05, 1, (20, 20, 20))
    drawn = probability > 0.5
    found = []
    for _ in range(200):
        truth = rng.uniform(size=probability.shape) < probability
        found.append(2 * (truth & drawn).sum() / (truth.sum() + drawn.sum()))
    assert expected_dice(probability, 0.5) == pytest.approx(np.mean(found), abs=0.003)


def test_without_corrections_the_gain_is_the_dice_to_be_won() -> None:
    gains = expected_gains([_scan(0.9), _scan(0.6)], [])
    assert [g.value for g in gains] == [pytest.approx(0.1), pytest.approx(0.4)]
    assert gains[0].distance is None
    assert gains[0].reason == "uncertain"


def test_a_doubt_counts_as_half_a_dice_to_be_won() -> None:
    (gain,) = expected_gains([_scan(0.9, doubted=frozenset({"Larynx"}))], [])
    assert gain.value == pytest.approx(DOUBTED)
    assert (gain.reason, gain.structures) == ("doubted", ("Larynx",))


def test_of_two_equally_unsure_scans_the_one_unlike_the_corrected_comes_first() -> None:
    near, far = expected_gains([_scan(0.7, 0.0), _scan(0.7, 9.0)], [(0.0, 1.0)])
    assert near.value == pytest.approx(0.3)
    assert 0.3 < far.value < 0.6
    assert far.reason == "unlike"


def test_distances_are_counted_in_standard_deviations_and_a_constant_number_does_not_count() -> None:
    found = distances(np.array([[0.0, 5.0], [4.0, 5.0]]), np.array([[0.0, 5.0]]))
    spread = np.std([0, 4, 0])
    assert found is not None
    np.testing.assert_allclose(found, [0, np.sqrt((4 / spread) ** 2 / 2)])
    assert distances(np.zeros((2, 3)), np.zeros((0, 3))) is None


def test_chosen_together_scans_are_unlike_each_other() -> None:
    scans = {"a": _scan(0.6, 0.0), "a-twin": _scan(0.61, 0.0), "b": _scan(0.65, 9.0)}
    assert choose(scans, [], 2) == ["a", "b"]
    assert choose(scans, [], 9) == ["a", "b", "a-twin"]
