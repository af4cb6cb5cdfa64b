"""Contours: mask to polygons and back without losing a voxel, and areas right to a few parts in 10⁴."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rt.contours import (
    contoured_volume_cc,
    cover_polygons,
    fill_polygons,
    trace_polygons,
)
from tests.rt.grids import circle, oriented_grid, plain_grid, ring, square

masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 9)))


def test_contours_finer_than_the_slices_do_not_cancel_each_other() -> None:
    grid = plain_grid((5, 30, 30), (1.0, 1.0, 3.0))
    filled = fill_polygons([square(4.5, 9.5, 1 + z / 3, grid) for z in range(7)], grid)
    assert filled.mask_kji.sum(axis=(1, 2)).tolist() == [0, 25, 25, 25, 0]
    assert {w.slug for w in filled.warnings} == {"contours-finer-than-slices", "contour-off-slice"}


def test_the_same_contour_twice_does_not_cancel_itself() -> None:
    grid = plain_grid((3, 30, 30))
    filled = fill_polygons([square(4.5, 9.5, 1, grid)] * 2, grid)
    assert filled.mask_kji.sum() == 25
    assert [w.slug for w in filled.warnings] == ["contour-repeated"]


def test_hostile_rings_stay_within_the_image() -> None:
    grid = plain_grid((2, 16, 16))
    zigzag = np.array([[(-1e6 if n % 2 else 1e6), (-1e6 if n % 3 else 1e6), 1.0] for n in range(9001)])
    filled = fill_polygons([zigzag, np.tile([[3.0, 4.0, 1.0]], (5, 1))], grid)
    assert filled.mask_kji.shape == (2, 16, 16)
    assert not filled.mask_kji[0].any()


@settings(max_examples=50)
@given(hnp.arrays(np.float64, st.tuples(st.integers(3, 12), st.just(2)), elements=st.floats(-3, 12)))
def test_any_ring_covers_between_nothing_and_all_of_a_voxel(ij: np.ndarray) -> None:
    grid = plain_grid((1, 10, 10))
    polygon = np.column_stack([ij, np.zeros(len(ij))])
    fractions = cover_polygons([polygon], grid).fractions_kji
    assert np.all((fractions >= -1e-9) & (fractions <= 1 + 1e-9))
    columns, rows = np.clip(np.ptp(ij, axis=0), 0, 10)
    assert fractions.sum() <= (columns + 1) * (rows + 1)
    assert fill_polygons([polygon], grid).mask_kji.sum() <= (columns + 1) * (rows + 1)


@pytest.mark.parametrize(
    ("radius_mm", "tolerance"), [(20.0, 5e-4), (10.0, 5e-4), (3.0, 5e-4)], ids=["r20", "r10", "r3"]
)
def test_volume_of_a_cylinder_is_analytic(radius_mm: float, tolerance: float) -> None:
    grid = plain_grid((20, 120, 120), (0.977, 0.977, 2.5))
    rings = [circle(grid, k, radius_mm, (60.3, 58.7)) for k in range(4, 16)]
    assert contoured_volume_cc(rings, grid) == pytest.approx(np.pi * radius_mm**2 * 30 / 1000, rel=tolerance)


@pytest.mark.parametrize("name", ["HFP", "FFDR", "sagittal", "oblique"])
def test_volume_of_a_cylinder_is_analytic_however_the_voxels_lie(name: str) -> None:
    grid = oriented_grid(name, (9, 70, 90), (0.7, 1.9, 4.0))
    rings = [circle(grid, k, 20.0, (44.3, 34.7)) for k in range(2, 7)]
    assert contoured_volume_cc(rings, grid) == pytest.approx(np.pi * 400 * 20 / 1000, rel=5e-4)


def test_volume_of_a_ring_and_of_two_blobs_is_analytic() -> None:
    grid = plain_grid((6, 120, 120), (0.977, 0.977, 2.5))
    nested = [circle(grid, k, r, (60.3, 58.7)) for k in range(1, 5) for r in (20, 12)]
    assert contoured_volume_cc(nested, grid) == pytest.approx(np.pi * (400 - 144) / 100, rel=5e-4)
    blobs = [circle(grid, k, 8, (i, 40.2)) for k in range(1, 5) for i in (30.1, 70.6)]
    assert contoured_volume_cc(blobs, grid) == pytest.approx(np.pi * 128 / 100, rel=5e-4)


def test_volume_of_a_keyholed_ring_is_that_of_the_nested_rings() -> None:
    grid = plain_grid((6, 120, 120), (0.977, 0.977, 2.5))
    outer, inner = (circle(grid, 2, r, (60.3, 58.7)) for r in (20, 12))
    keyhole = np.concatenate([outer, outer[:1], inner[::-1], inner[-1:]])
    assert contoured_volume_cc([keyhole], grid) == pytest.approx(np.pi * (400 - 144) * 2.5 / 1000, rel=5e-4)


def test_volume_of_a_sphere_is_that_of_its_slabs() -> None:
    grid = plain_grid((20, 120, 120), (0.977, 0.977, 2.5))
    areas = {k: 15**2 - ((k - 9.4) * 2.5) ** 2 for k in range(20)}
    rings = [circle(grid, k, np.sqrt(area), (60.3, 58.7)) for k, area in areas.items() if area > 0]
    slabs_cc = np.pi * sum(area for area in areas.values() if area > 0) * 2.5 / 1000
    assert contoured_volume_cc(rings, grid) == pytest.approx(slabs_cc, rel=5e-4)


def test_coverage_of_a_rectangle_is_exact_to_the_sub_line() -> None:
    grid = plain_grid((1, 10, 10))
    coverage = cover_polygons([ring([(2.25, 3.0), (5.75, 3.0), (5.75, 4.5), (2.25, 4.5)], 0, grid)], grid)
    k, j, i = coverage.start_kji
    fractions = np.zeros((10, 10))
    part = coverage.fractions_kji[0]
    fractions[j : j + part.shape[0], i : i + part.shape[1]] = part
    assert k == 0
    assert fractions[3, 2:7].tolist() == [0.125, 0.5, 0.5, 0.5, 0.125]
    assert fractions[4, 2:7].tolist() == [0.25, 1.0, 1.0, 1.0, 0.25]
    assert fractions.sum() == pytest.approx(3.5 * 1.5)


def test_nothing_gives_nothing() -> None:
    grid = plain_grid((3, 4, 5))
    assert trace_polygons(np.zeros((3, 4, 5), dtype=bool), grid) == []
    assert not fill_polygons([], grid).mask_kji.any()
    assert contoured_volume_cc([], grid) == 0.0


def test_one_voxel_is_a_ring_around_its_centre() -> None:
    mask = np.zeros((3, 5, 7), dtype=bool)
    mask[1, 2, 4] = True
    grid = oriented_grid("coronal", mask.shape)
    (polygon,) = trace_polygons(mask, grid)
    assert polygon.k == 1
    assert polygon.points_mm.mean(axis=0) == pytest.approx(grid.to_lps([4, 2, 1]))
