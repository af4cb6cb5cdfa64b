"""Structure algebra on shapes whose results are known, in every orientation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rt.algebra import (
    Margins,
    contract,
    crop_from,
    crop_into,
    difference,
    expand,
    intersection,
    isodose,
    union,
)
from rt.dose import Dose
from rt.errors import DoseError, GeometryError, MaskError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.morphology import grow, shrink
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid, plain_grid

UNEVEN = Margins(left=9, right=3, anterior=6, posterior=0, superior=5, inferior=10)


def point(shape_kji: tuple[int, int, int], at_kji: tuple[int, int, int]) -> Mask:
    mask = np.zeros(shape_kji, dtype=np.bool_)
    mask[at_kji] = True
    return mask


def places(mask: Mask, grid: Grid) -> FloatArray:
    """LPS millimetres of the mask's voxels."""
    return grid.to_lps(np.argwhere(mask)[:, ::-1])


def scattered(seed: int, shape_kji: tuple[int, int, int], share: float = 0.03) -> Mask:
    found: Mask = np.random.default_rng(seed).random(shape_kji) < share
    return found


@pytest.mark.parametrize("orientation", [*ORIENTATIONS, "oblique"])
@pytest.mark.parametrize("mm", [0.5, 3.0, 7.1])
def test_even_margins_are_those_of_growing_and_shrinking(orientation: str, mm: float) -> None:
    grid = oriented_grid(orientation, (8, 14, 18))
    mask = scattered(1, grid.shape_kji)
    assert np.array_equal(expand(mask, grid, Margins.even(mm)), grow(mask, grid, mm))
    assert np.array_equal(contract(~mask, grid, Margins.even(mm)), shrink(~mask, grid, mm))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_each_side_of_the_patient_gets_its_own_margin(orientation: str) -> None:
    grid = oriented_grid(orientation, (41, 41, 41), (0.5, 0.5, 0.5))
    centre = point(grid.shape_kji, (20, 20, 20))
    away = places(expand(centre, grid, UNEVEN), grid) - places(centre, grid)
    assert away.max(axis=0) == pytest.approx([9, 0, 5], abs=1e-6)
    assert away.min(axis=0) == pytest.approx([-3, -6, -10], abs=1e-6)


def test_margins_between_two_sides_are_those_of_an_ellipsoid() -> None:
    """The octants together hold π/6 (left + right) (anterior + posterior) (superior + inferior)."""
    grid = plain_grid((81, 81, 81), (0.5, 0.5, 0.5))
    margins = Margins(left=12, right=6, anterior=9, posterior=15, superior=18, inferior=8)
    grown = expand(point(grid.shape_kji, (36, 36, 36)), grid, margins)
    truth = np.pi / 6 * (12 + 6) * (9 + 15) * (18 + 8)
    assert grown.sum() * grid.voxel_mm3 == pytest.approx(truth, rel=0.01)
    away = places(grown, grid) - 18
    side = np.where(away > 0, margins.high_lps_mm, margins.low_lps_mm)
    assert ((away / side) ** 2).sum(axis=1).max() <= 1 + 1e-5


def test_oblique_grid_gets_the_margins_of_the_patient_not_of_its_axes() -> None:
    grid = oriented_grid("oblique", (61, 61, 61), (0.7, 0.6, 0.5))
    centre = point(grid.shape_kji, (30, 30, 30))
    away = places(expand(centre, grid, UNEVEN), grid) - places(centre, grid)
    high, low = UNEVEN.high_lps_mm, UNEVEN.low_lps_mm
    assert (away <= high + 1e-5).all()
    assert (away >= -low - 1e-5).all()
    every = places(np.ones(grid.shape_kji, dtype=np.bool_), grid) - places(centre, grid)
    side = np.where(every > 0, high, low)
    reached = ((np.abs(every) / np.maximum(side, 1e-9)) ** 2).sum(axis=1) <= 1
    assert reached.sum() == len(away)


def test_uneven_margins_of_a_block_move_its_sides_and_round_its_edges() -> None:
    grid = plain_grid((40, 40, 40))
    block = np.zeros(grid.shape_kji, dtype=np.bool_)
    block[15:25, 15:25, 15:25] = True
    grown = expand(block, grid, UNEVEN)
    k, j, i = (np.flatnonzero(grown.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    assert [(a[0], a[-1]) for a in (k, j, i)] == [(5, 29), (9, 24), (12, 33)]
    assert grown[20, 20, 33]
    assert not grown[29, 20, 33], "the edge between left and superior is rounded"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_contracting_is_expanding_what_is_outside_to_the_other_side(seed: int, mm: list[int]) -> None:
    grid = plain_grid((9, 12, 14))
    margins = Margins(*map(float, mm))
    mask = ~scattered(seed, grid.shape_kji, 0.02)
    wide = Grid.of((29, 32, 34), grid.spacing_ijk_mm, (-10, -10, -10), np.eye(3))
    outside = np.pad(~mask, 10, constant_values=True)
    expected = ~expand(outside, wide, margins.mirrored)[10:-10, 10:-10, 10:-10]
    assert np.array_equal(contract(mask, grid, margins), expected)


def test_contracting_moves_the_side_that_was_named() -> None:
    grid = plain_grid((30, 30, 30))
    block = np.zeros(grid.shape_kji, dtype=np.bool_)
    block[5:25, 5:25, 5:25] = True
    shrunk = contract(block, grid, Margins(4, 0, 0, 0, 0, 2))
    truth = np.zeros_like(block)
    truth[7:25, 5:25, 5:21] = True  # inferior is low k, left is high i
    assert np.array_equal(shrunk, truth)


def test_block_that_is_expanded_and_contracted_is_the_same_block() -> None:
    grid = plain_grid((40, 40, 40), (1.0, 1.25, 2.5))
    block = np.zeros(grid.shape_kji, dtype=np.bool_)
    block[14:25, 14:25, 14:25] = True
    assert np.array_equal(contract(expand(block, grid, UNEVEN), grid, UNEVEN), block)


def test_no_margin_and_nothing_drawn_change_nothing() -> None:
    grid, none = plain_grid((5, 6, 7)), Margins.even(0)
    mask, empty = scattered(3, (5, 6, 7), 0.5), np.zeros((5, 6, 7), dtype=np.bool_)
    for change in (expand, contract):
        assert np.array_equal(change(mask, grid, none), mask)
        assert not change(empty, grid, UNEVEN).any()


def test_union_intersection_and_difference() -> None:
    a, b, c = (scattered(seed, (6, 7, 8), 0.4) for seed in range(3))
    assert np.array_equal(union([a, b, c]), a | b | c)
    assert np.array_equal(intersection([a, b, c]), a & b & c)
    assert np.array_equal(difference(a, [b, c]), a & ~b & ~c)
    assert np.array_equal(difference(a, []), a)


@pytest.mark.parametrize("orientation", ["HFS", "FFDL", "oblique"])
def test_cropping_keeps_all_that_is_farther_than_the_distance(orientation: str) -> None:
    grid = oriented_grid(orientation, (14, 20, 24))
    mask, other = ball(grid.shape_kji, (7, 10, 9), 6), ball(grid.shape_kji, (7, 10, 15), 5)
    spacing = grid.spacing_ijk_mm[::-1]
    away = ndimage.distance_transform_edt(~other, sampling=spacing)
    deep = ndimage.distance_transform_edt(np.pad(other, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    assert np.array_equal(crop_from(mask, grid, other, 3), mask & (away > 3))
    assert np.array_equal(crop_into(mask, grid, other, 3), mask & (deep > 3))
    assert np.array_equal(crop_from(mask, grid, other, 0), mask & ~other)
    assert np.array_equal(crop_into(mask, grid, other, 0), mask & other)


@pytest.mark.parametrize("orientation", [*ORIENTATIONS, "oblique"])
def test_isodose_of_a_linear_dose_is_a_half_space(orientation: str) -> None:
    grid = oriented_grid(orientation, (12, 16, 18))
    centre = grid.to_lps([9, 8, 6])
    slope = np.array([0.4, -0.3, 0.2])
    dose_grid = Grid.of((40, 40, 40), (3, 3, 3), centre - 58.7, np.eye(3))
    k, j, i = np.indices(dose_grid.shape_kji)
    gy = 30 + (dose_grid.to_lps(np.stack([i, j, k], axis=-1)) - centre) @ slope
    every = np.ones(grid.shape_kji, dtype=np.bool_)
    truth = (30 + (places(every, grid) - centre) @ slope).reshape(grid.shape_kji)
    clear = np.abs(truth - 31) > 1e-3
    found = isodose(Dose(gy.astype(np.float32), dose_grid), grid, 31)
    assert np.array_equal(found[clear], (truth >= 31)[clear])
    assert 0 < found.sum() < found.size


def test_isodose_holds_nothing_where_the_dose_is_unknown() -> None:
    grid, dose_grid = plain_grid((4, 5, 10)), plain_grid((4, 5, 6))
    found = isodose(Dose(np.full(dose_grid.shape_kji, 20, dtype=np.float32), dose_grid), grid, 20)
    assert found[:, :, :6].all()
    assert not found[:, :, 6:].any()


def test_what_makes_no_sense_is_refused() -> None:
    grid = plain_grid((4, 4, 4))
    mask, smaller = np.ones((4, 4, 4), dtype=np.bool_), np.ones((3, 4, 4), dtype=np.bool_)
    for mm in (-1.0, 201.0, float("nan")):
        with pytest.raises(GeometryError, match="superior"):
            Margins(0, 0, 0, 0, mm, 0)
    with pytest.raises(MaskError, match="there is no mask"):
        union([])
    with pytest.raises(MaskError, match="not on one grid"):
        intersection([mask, smaller])
    with pytest.raises(MaskError, match="not on one grid"):
        difference(mask, [smaller])
    with pytest.raises(MaskError, match="on a grid of"):
        expand(smaller, grid, UNEVEN)
    with pytest.raises(GeometryError):
        crop_from(mask, grid, mask, -2)
    for gy in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(DoseError, match="isodose"):
            isodose(Dose(np.ones((4, 4, 4), dtype=np.float32), grid), grid, gy)
