"""Margins and cleaning in millimetres, against shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from rt.errors import GeometryError
from rt.morphology import fill_holes, grow, interpolate_slices, remove_islands, shrink, smooth
from tests.rt.grids import ball, plain_grid

SPACING = (1.0, 1.5, 2.5)
masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(1, 9)))
radii = st.floats(0.5, 6.0)


@given(masks, radii)
def test_growing_reaches_exactly_the_voxels_within_the_margin(mask: np.ndarray, mm: float) -> None:
    grown = grow(mask, plain_grid(mask.shape, SPACING), mm)
    if not mask.any():
        assert not grown.any()
        return
    distance = ndimage.distance_transform_edt(~mask, sampling=SPACING[::-1])
    assert np.array_equal(grown, distance <= mm + 1e-6)


@given(masks, radii)
def test_shrinking_is_growing_the_outside(mask: np.ndarray, mm: float) -> None:
    shrunk = shrink(mask, plain_grid(mask.shape, SPACING), mm)
    wide = np.pad(mask, 8)
    outside = grow(~wide, plain_grid(wide.shape, SPACING), mm)
    assert np.array_equal(np.pad(shrunk, 8), wide & ~outside)


def test_growing_a_point_by_a_margin_gives_an_ellipsoid_of_voxels() -> None:
    mask = np.zeros((11, 21, 31), dtype=bool)
    mask[5, 10, 15] = True
    grown = grow(mask, plain_grid(mask.shape, SPACING), 6.0)
    assert [int(np.ptp(axis)) + 1 for axis in np.nonzero(grown)] == [5, 9, 13]


def test_shrinking_after_growing_gives_the_ball_back() -> None:
    mask = ball((30, 40, 40), (15, 20, 20), 9)
    grid = plain_grid(mask.shape)
    again = shrink(grow(mask, grid, 4.0), grid, 4.0)
    assert np.array_equal(again & mask, mask)
    assert again.sum() <= 1.03 * mask.sum()


@pytest.mark.parametrize("mm", [0.0, -1.0, 1000.0, float("nan")])
def test_a_margin_that_makes_no_sense_is_refused(mm: float) -> None:
    mask = ball((5, 5, 5), (2, 2, 2), 2)
    for operation in (grow, shrink, smooth):
        with pytest.raises(GeometryError):
            operation(mask, plain_grid(mask.shape), mm)


def test_smoothing_at_three_mm_takes_away_a_spur_drawn_in_one_slice_of_two_mm() -> None:
    grid = plain_grid((24, 40, 40), (2.0, 2.0, 2.0))
    k, j, i = np.indices(grid.shape_kji)
    body = (k - 12) ** 2 + (j - 20) ** 2 + (i - 18) ** 2 <= 7**2
    spur = (k == 12) & (abs(j - 20) <= 2) & (i >= 25) & (i < 31)
    result = smooth(body | spur, grid, 3.0)
    assert not result[:, :, 28:].any()
    assert np.count_nonzero(result) == pytest.approx(np.count_nonzero(body | spur), rel=0.03)  # ties


def test_smoothing_removes_a_spike_and_keeps_the_volume() -> None:
    mask = ball((40, 50, 50), (20, 25, 25), 12)
    spiked = mask.copy()
    spiked[20, 25, 37:48] = True
    result = smooth(spiked, plain_grid(mask.shape), 5.0)
    assert not result[20, 25, 42:].any()
    assert result.sum() == pytest.approx(spiked.sum(), rel=0.02)
    assert (result & mask).sum() > 0.98 * mask.sum()


@given(masks)
def test_operations_leave_their_argument_and_an_empty_mask_alone(mask: np.ndarray) -> None:
    grid, before = plain_grid(mask.shape, SPACING), mask.copy()
    results = [
        grow(mask, grid, 2.0),
        shrink(mask, grid, 2.0),
        smooth(mask, grid, 2.0),
        fill_holes(mask),
        remove_islands(mask, grid, keep=1),
        interpolate_slices(mask, grid),
    ]
    assert np.array_equal(mask, before)
    assert all(result.shape == mask.shape and result.dtype == np.bool_ for result in results)
    if not mask.any():
        assert not any(result.any() for result in results)


def test_holes_are_filled_slice_by_slice() -> None:
    mask = np.zeros((3, 12, 12), dtype=bool)
    mask[:, 2:10, 2:10] = True
    mask[1, 4:6, 4:6] = False
    mask[2, 4:6, 4:] = False
    filled = fill_holes(mask)
    assert filled[1].sum() == 64
    assert np.array_equal(filled[2], mask[2])


def islands() -> np.ndarray:
    mask = np.zeros((8, 20, 20), dtype=bool)
    mask[1:4, 1:6, 1:6] = True
    mask[1:3, 12:15, 12:15] = True
    mask[6, 6, 6] = True
    mask[4, 6, 6] = True
    return mask


def test_the_largest_parts_are_kept() -> None:
    grid, mask = plain_grid((8, 20, 20), (2.0, 2.0, 2.5)), islands()
    assert remove_islands(mask, grid, keep=1).sum() == 76
    assert remove_islands(mask, grid, keep=2).sum() == 76 + 18
    assert np.array_equal(remove_islands(mask, grid, keep=9), mask)


def test_parts_below_a_volume_go() -> None:
    grid, mask = plain_grid((8, 20, 20), (2.0, 2.0, 2.5)), islands()
    assert remove_islands(mask, grid, min_cc=0.18).sum() == 76 + 18
    assert remove_islands(mask, grid, min_cc=0.181).sum() == 76
    assert not remove_islands(mask, grid, min_cc=5.0).any()


@pytest.mark.parametrize("choice", [{}, {"keep": 1, "min_cc": 1.0}, {"keep": 0}, {"min_cc": -1.0}])
def test_which_parts_to_keep_must_be_said_once(choice: dict[str, float]) -> None:
    with pytest.raises(GeometryError):
        remove_islands(islands(), plain_grid((8, 20, 20)), **choice)  # type: ignore[arg-type]


def test_slices_between_equal_ones_are_equal() -> None:
    mask = np.zeros((9, 30, 30), dtype=bool)
    mask[1] = mask[7] = ball((1, 30, 30), (0, 14, 15), 8)[0]
    result = interpolate_slices(mask, plain_grid(mask.shape))
    assert all(np.array_equal(result[k], mask[1]) for k in range(1, 8))
    assert not result[[0, 8]].any()


def test_interpolated_cone_has_the_radii_between() -> None:
    mask = np.zeros((9, 60, 60), dtype=bool)
    for k, radius in ((0, 20), (8, 4)):
        mask[k] = ball((1, 60, 60), (0, 30, 30), radius)[0]
    result = interpolate_slices(mask, plain_grid(mask.shape))
    for k in range(9):
        radius = np.sqrt(result[k].sum() / np.pi)
        assert radius == pytest.approx(20 - 2 * k, abs=0.5)


def test_an_oblique_cord_stays_whole_between_far_slices() -> None:
    mask = np.zeros((7, 60, 60), dtype=bool)
    mask[0] = ball((1, 60, 60), (0, 20, 10), 4)[0]
    mask[6] = ball((1, 60, 60), (0, 20, 46), 4)[0]
    result = interpolate_slices(mask, plain_grid(mask.shape))
    for k in range(7):
        assert ndimage.center_of_mass(result[k]) == pytest.approx((20, 10 + 6 * k), abs=0.1)
        assert result[k].sum() == pytest.approx(mask[0].sum(), rel=0.15)


def test_drawn_slices_are_never_changed_by_interpolation() -> None:
    rng = np.random.default_rng(3)
    mask = rng.random((9, 20, 20)) < 0.4
    mask[[2, 3, 6]] = False
    result = interpolate_slices(mask, plain_grid(mask.shape))
    drawn = mask.any(axis=(1, 2))
    assert np.array_equal(result[drawn], mask[drawn])
