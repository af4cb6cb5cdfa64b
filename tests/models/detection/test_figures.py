"""Candidates and figures of detection against scans whose truth is counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.detection.candidates import find_candidates
from models.detection.figures import (
    FALSE_PER_SCAN,
    Marked,
    choose_threshold,
    froc,
    mark,
    ratio,
    summarise_detection,
)
from rt.geometry import Grid

GRID = Grid.of((10, 20, 30), (2.0, 3.0, 4.0), (5.0, -7.0, 11.0), np.eye(3))


def seen(*blobs: tuple[tuple[slice, slice, slice], float]) -> np.ndarray:
    probability = np.zeros(GRID.shape_kji, dtype=np.float16)
    for box, value in blobs:
        probability[box] = value
    return probability


A = (slice(2, 5), slice(3, 6), slice(4, 7))
B = (slice(6, 8), slice(10, 13), slice(20, 24))


def test_candidates_are_ranked_by_score_and_lie_where_their_voxels_are():
    found = find_candidates(seen((A, 0.6), (B, 0.9)), GRID)
    first, second = found.candidates
    assert (round(first.score, 2), round(second.score, 2)) == (0.9, 0.6)
    assert np.allclose(second.position_mm, GRID.to_lps([5, 4, 3]))
    assert np.allclose(second.box_mm, GRID.to_lps([[4, 3, 2], [6, 5, 4]]))
    assert second.volume_cc == pytest.approx(27 * 24 / 1000)
    assert (found.labels_kji[B] == 1).all() and (found.labels_kji[A] == 2).all()


def test_specks_and_faint_places_are_no_candidates():
    speck = (slice(0, 1), slice(0, 1), slice(0, 1))
    assert find_candidates(seen((speck, 0.99), (A, 0.29)), GRID).candidates == ()


def test_lesions_candidates_and_cross_sections_are_matched_by_touch():
    lesions = np.zeros(GRID.shape_kji, dtype=bool)
    lesions[3:7, 4:6, 5:7] = True
    lesions[0:2, 15:17, 0:3] = True
    marked = mark("x", find_candidates(seen((A, 0.6), (B, 0.9)), GRID), lesions, GRID.voxel_mm3 / 1000)
    assert sorted(np.round(marked.best, 2)) == [0.0, 0.6]
    assert np.round(marked.false, 2).tolist() == [0.9]
    there, right, false = marked.sections
    assert sorted(np.round(there, 2)) == [0, 0, 0, 0, 0.6, 0.6]  # slices 0, 1, 5, 6 unseen, 3 and 4 seen
    assert np.round(right, 2).tolist() == [0.6, 0.6]  # slices 3 and 4
    assert sorted(np.round(false, 2)) == [0.6, 0.9, 0.9]  # slice 2 of the right candidate, both of the false


def marked(best: tuple[float, ...], false: tuple[float, ...]) -> Marked:
    right = tuple(b for b in best if b)
    return Marked("x", tuple(0.5 for _ in best), best, right, false, (best, right, false))


def test_figures_follow_the_threshold():
    scans = [marked((0.9, 0.5), (0.6,)), marked((0.0,), ()), marked((), (0.95,))]
    low, high = (summarise_detection(scans, threshold) for threshold in (0.4, 0.7))
    assert low["lesion_wise"]["sensitivity"]["value"] == pytest.approx(2 / 3)
    assert low["lesion_wise"]["ppv"]["value"] == pytest.approx(2 / 4)
    assert high["lesion_wise"]["sensitivity"]["value"] == pytest.approx(1 / 3)
    assert high["slice_wise"]["ppv"]["value"] == pytest.approx(1 / 2)
    assert high["lesion_wise"]["false_per_scan"]["value"] == pytest.approx(1 / 3)
    assert (low["scans_without"], low["lesions"]) == (1, 3)


def test_froc_never_lets_more_false_ones_through_than_it_says_and_rises():
    rng = np.random.default_rng(3)
    scans = [
        marked(tuple(rng.uniform(0.3, 1, 2)), tuple(rng.uniform(0, 0.9, rng.integers(0, 8))))
        for _ in range(20)
    ]
    rows = froc(scans)
    for row in rows:
        count = sum(s >= row["threshold"] for m in scans for s in m.false)
        assert count <= row["false_per_scan"] * len(scans)
    values = [row["value"] for row in rows]
    assert values == sorted(values) and len(rows) == len(FALSE_PER_SCAN)


def test_an_interval_is_over_patients_and_holds_the_value():
    counts = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, 3.0], [1.0, 4.0]])
    told = ratio(counts)
    assert told["value"] == pytest.approx(0.5)
    assert told["low"] < 0.5 < told["high"]
    assert ratio(np.zeros((2, 2)))["value"] is None


def test_the_threshold_keeps_the_ppv_that_was_asked_for():
    scans = [marked((0.9, 0.8, 0.4), (0.5, 0.45, 0.3))]
    assert choose_threshold(scans, 0.99) == pytest.approx(0.8)
    assert choose_threshold(scans, 0.5) == pytest.approx(0.3)


def test_a_candidate_over_two_lesions_is_one_right_candidate():
    lesions = np.zeros(GRID.shape_kji, dtype=bool)
    lesions[2, 3:6, 4:7] = lesions[4, 3:6, 4:7] = True
    scan = mark("x", find_candidates(seen((A, 0.6), (B, 0.9)), GRID), lesions, GRID.voxel_mm3 / 1000)
    figures = summarise_detection([scan], 0.5)["lesion_wise"]
    assert (figures["sensitivity"]["value"], figures["ppv"]["value"]) == (1.0, 0.5)
