"""Comparisons of versions say better only when the interval says so."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation import Score, compare, summarise
from rt.statistics import mean_interval


def _scores(values: list[float]) -> list[Score]:
    return [Score(f"c{n}", "Parotid_L", v, v, 3.0, False) for n, v in enumerate(values)]


def test_a_steady_gain_is_better_and_its_mirror_worse() -> None:
    low, high = [0.5, 0.6, 0.55, 0.62, 0.58], [0.6, 0.68, 0.67, 0.70, 0.66]
    gain = compare(_scores(low), _scores(high))[0]
    assert (gain.verdict, gain.n) == ("better", 5)
    assert gain.difference == pytest.approx(0.092)
    assert gain.ci_low > 0
    assert compare(_scores(high), _scores(low))[0].verdict == "worse"


def test_two_patients_prove_nothing() -> None:
    assert compare(_scores([0.1, 0.1]), _scores([0.9, 0.9]))[0].verdict == "same"


def test_only_patients_scored_by_both_versions_count() -> None:
    row = compare(_scores([0.5, 0.5, 0.5]), _scores([0.5, 0.5, 0.5, 0.9]))[0]
    assert (row.n, row.difference) == (3, 0.0)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        low, high = mean_interval(rng.normal(0.05, 0.1, 30))
        covered += low <= 0.05 <= high
    assert covered >= 51


def test_a_structure_drawn_nowhere_counts_as_zero_and_as_missed() -> None:
    summary = summarise([*_scores([0.8]), Score("c9", "Parotid_L", 0.0, 0.0, None, True)])
    assert summary["structures"]["Parotid_L"]["missed"] == 1
    assert summary["mean_dice"] == pytest.approx(0.4)
