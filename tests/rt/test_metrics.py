"""Metrics against shapes whose answer can be worked out on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from rt.errors import MaskError
from rt.metrics import added_path_length_mm, dice, hd95_mm, surface_dice, surface_distances
from tests.rt.grids import ball, plain_grid

masks = hnp.arrays(np.bool_, (5, 7, 6))
SHAPE = (30, 40, 50)


def cuboid(k: slice, j: slice, i: slice) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[k, j, i] = True
    return mask


def test_dice_of_half_a_box() -> None:
    whole = cuboid(slice(5, 25), slice(5, 25), slice(10, 30))
    half = cuboid(slice(5, 25), slice(5, 25), slice(10, 20))
    assert dice(whole, half) == pytest.approx(2 / 3)


@given(masks, masks)
def test_metrics_are_symmetric_and_one_on_themselves(first: np.ndarray, second: np.ndarray) -> None:
    grid = plain_grid(first.shape, (1.0, 1.5, 2.5))
    assert dice(first, second) == dice(second, first)
    assert surface_dice(first, second, grid, 2.0) == pytest.approx(surface_dice(second, first, grid, 2.0))
    assert hd95_mm(first, second, grid) == hd95_mm(second, first, grid)
    assert dice(first, first) == surface_dice(first, first, grid, 0.0) == 1.0
    assert hd95_mm(first, first, grid) == 0.0


def test_empty_masks_agree_and_an_empty_one_misses_everything() -> None:
    grid, empty, drawn = plain_grid(SHAPE), np.zeros(SHAPE, dtype=bool), ball(SHAPE, (15, 20, 25), 5)
    assert (dice(empty, empty), surface_dice(empty, empty, grid, 1), hd95_mm(empty, empty, grid)) == (1, 1, 0)
    assert (dice(empty, drawn), surface_dice(empty, drawn, grid, 1)) == (0.0, 0.0)
    assert hd95_mm(empty, drawn, grid) == math.inf
    assert added_path_length_mm(empty, drawn, grid) == 0.0


def test_surface_area_of_a_ball_is_near_the_analytic_one() -> None:
    mask = ball((60, 60, 60), (30, 30, 30), 24)
    found = surface_distances(mask, mask, plain_grid(mask.shape))
    assert found.first_mm2.sum() == pytest.approx(4 * np.pi * 24**2, rel=0.1)


def test_surface_area_follows_the_voxel_spacing() -> None:
    box = cuboid(slice(5, 25), slice(5, 25), slice(10, 30))
    found = surface_distances(box, box, plain_grid(SHAPE, (1.0, 2.0, 3.0)))
    faces = 2 * (20 * 20 * 2 + 20 * 20 * 3 + 20 * 20 * 6)
    assert found.first_mm2.sum() == pytest.approx(faces, rel=0.05)


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_a_shifted_plane_is_as_far_as_its_shift(shift: int) -> None:
    first = cuboid(slice(0, 30), slice(0, 40), slice(0, 20))
    second = cuboid(slice(0, 30), slice(0, 40), slice(0, 20 + shift))
    grid = plain_grid(SHAPE, (1.5, 1.0, 1.0))
    assert surface_distances(first, second, grid).hausdorff_mm(100) == pytest.approx(1.5 * shift)
    assert surface_dice(first, second, grid, 1.5 * shift) == 1.0
    assert surface_dice(first, second, grid, 1.5 * shift - 0.1) < 1.0


def test_hd95_ignores_a_twentieth_of_the_surface_at_most() -> None:
    first = cuboid(slice(5, 25), slice(5, 35), slice(5, 25))
    spike = first.copy()
    spike[15, 20, 25:45] = True
    grid = plain_grid(SHAPE)
    assert surface_distances(first, spike, grid).hausdorff_mm(100) == pytest.approx(20, abs=0.6)
    assert hd95_mm(first, spike, grid) < 2.0
    broad = first.copy()
    broad[10:20, 15:25, 25:45] = True
    assert hd95_mm(first, broad, grid) > 10


def test_far_apart_blobs_are_as_far_as_they_are() -> None:
    first, second = (
        cuboid(slice(2, 6), slice(2, 6), slice(2, 6)),
        cuboid(slice(2, 6), slice(2, 6), slice(42, 46)),
    )
    assert hd95_mm(first, second, plain_grid(SHAPE, (0.5, 1, 1))) == pytest.approx(20.0, abs=0.51)


def test_added_path_length_counts_the_outline_that_is_new() -> None:
    grid = plain_grid(SHAPE, (0.9, 0.9, 2.5))
    reference = cuboid(slice(10, 12), slice(10, 20), slice(10, 20))
    nothing = np.zeros(SHAPE, dtype=bool)
    assert added_path_length_mm(reference, nothing, grid) == pytest.approx(2 * 36 * 0.9)
    assert added_path_length_mm(reference, reference, grid) == 0.0
    automatic = cuboid(slice(10, 12), slice(10, 20), slice(10, 18))
    assert added_path_length_mm(reference, automatic, grid) == pytest.approx(2 * (10 + 2) * 0.9)


def test_a_surplus_costs_only_the_outline_that_replaces_it() -> None:
    grid = plain_grid(SHAPE)
    reference = cuboid(slice(10, 11), slice(10, 20), slice(10, 20))
    automatic = cuboid(slice(10, 14), slice(10, 20), slice(10, 20))
    assert added_path_length_mm(reference, automatic, grid) == 0.0


def test_masks_of_two_grids_cannot_be_compared() -> None:
    with pytest.raises(MaskError):
        dice(np.zeros((2, 2, 2), dtype=bool), np.zeros((2, 2, 3), dtype=bool))
