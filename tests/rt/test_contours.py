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
    place_polygons,
    trace_polygons,
)
from rt.geometry import FloatArray, Grid
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid, plain_grid

masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 9)))


def rings_of(mask: np.ndarray, grid: Grid) -> list[FloatArray]:
    """Traced rings, rounded as a file rounds them."""
    return [np.round(polygon.points_mm, 4) for polygon in trace_polygons(mask, grid)]


def circle(
    grid: Grid, k: float, radius_mm: float, centre_ij: tuple[float, float], points: int = 720
) -> FloatArray:
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    i, j, _ = grid.spacing_ijk_mm
    return grid.to_lps(
        np.column_stack(
            [
                centre_ij[0] + radius_mm / i * np.cos(angles),
                centre_ij[1] + radius_mm / j * np.sin(angles),
                np.full(points, k),
            ]
        )
    )


def ring(points_ij: list[tuple[float, float]], k: float, grid: Grid) -> FloatArray:
    return grid.to_lps([[i, j, k] for i, j in points_ij])


def square(low: float, high: float, k: float, grid: Grid) -> FloatArray:
    return ring([(low, low), (high, low), (high, high), (low, high)], k, grid)


@settings(max_examples=25)
@given(masks)
@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_09_mask_contour_mask_identity(name: str, mask: np.ndarray) -> None:
    grid = oriented_grid(name, mask.shape)
    filled = fill_polygons(rings_of(mask, grid), grid)
    assert np.array_equal(filled.mask_kji, mask)


@pytest.mark.parametrize("spacing", [(0.3, 0.3, 5.0), (3.9, 3.9, 2.5), (0.5, 2.0, 1.0), (2.0, 0.5, 8.0)])
def test_case_09_identity_on_anisotropic_voxels(spacing: tuple[float, float, float]) -> None:
    mask = ball((9, 40, 60), (4, 20, 30), 4) | ball((9, 40, 60), (4, 22, 12), 3)
    grid = oriented_grid("oblique", mask.shape, spacing)
    assert np.array_equal(fill_polygons(rings_of(mask, grid), grid).mask_kji, mask)


def test_case_11_non_square_image_is_not_transposed() -> None:
    mask = np.zeros((3, 40, 60), dtype=bool)
    mask[1, 5:15, 10:49] = True
    grid = plain_grid(mask.shape)
    filled = fill_polygons(rings_of(mask, grid), grid).mask_kji
    assert filled.sum() == 390
    assert np.array_equal(filled, mask)


def test_case_01_ring_keeps_its_hole() -> None:
    mask = ball((5, 30, 30), (2, 15, 15), 11)
    mask[:, 11:20, 11:20] = False
    grid = plain_grid(mask.shape)
    filled = fill_polygons(rings_of(mask, grid), grid)
    assert np.array_equal(filled.mask_kji, mask)
    assert not filled.warnings


def test_case_02_island_in_a_hole_keeps_its_voxels() -> None:
    mask = np.zeros((1, 40, 40), dtype=bool)
    mask[0, 2:38, 2:38] = True
    mask[0, 8:32, 8:32] = False
    mask[0, 14:26, 14:26] = True
    grid = plain_grid(mask.shape)
    rings = rings_of(mask, grid)
    assert len(rings) == 3
    assert np.array_equal(fill_polygons(rings, grid).mask_kji, mask)


def test_case_03_keyhole_fills_as_the_nested_rings_do() -> None:
    grid = plain_grid((1, 40, 40))
    outer = [(4.2, 4.2), (34.2, 4.2), (34.2, 34.2), (4.2, 34.2)]
    inner = [(14.6, 14.6), (14.6, 24.6), (24.6, 24.6), (24.6, 14.6)]
    keyhole = [*outer, outer[0], *inner, inner[0]]
    nested = fill_polygons([ring(outer, 0, grid), ring(inner, 0, grid)], grid).mask_kji
    assert nested.sum() == 900 - 100
    assert np.array_equal(fill_polygons([ring(keyhole, 0, grid)], grid).mask_kji, nested)
    assert contoured_volume_cc([ring(keyhole, 0, grid)], grid) == pytest.approx(0.8, rel=5e-4)


def test_case_06_two_blobs_are_not_bridged_and_crossing_rings_are_warned_of() -> None:
    grid = plain_grid((1, 40, 40))
    apart = fill_polygons([square(2.5, 9.5, 0, grid), square(20.5, 29.5, 0, grid)], grid)
    assert (apart.mask_kji.sum(), apart.warnings) == (49 + 81, ())
    crossing = fill_polygons([square(2.5, 12.5, 0, grid), square(8.5, 18.5, 0, grid)], grid)
    assert crossing.mask_kji.sum() == 2 * (100 - 16)
    assert [w.slug for w in crossing.warnings] == ["contours-overlap"]


def test_case_08_structure_on_the_border_is_not_inverted() -> None:
    mask = np.zeros((2, 12, 17), dtype=bool)
    mask[:, :5, :] = True
    mask[:, 2, 3:6] = False
    mask[:, 0, 8:10] = False
    grid = plain_grid(mask.shape)
    filled = fill_polygons(rings_of(mask, grid), grid)
    assert np.array_equal(filled.mask_kji, mask)
    assert not filled.warnings


@pytest.mark.parametrize("offset_mm", [0.13, -0.0008, 1.1])
def test_case_13_contours_are_matched_within_half_a_slice(offset_mm: float) -> None:
    grid = plain_grid((8, 30, 30), (1.0, 1.0, 2.5))
    filled = fill_polygons([square(4.5, 9.5, k + offset_mm / 2.5, grid) for k in (2, 3, 4)], grid)
    assert np.flatnonzero(filled.mask_kji.any(axis=(1, 2))).tolist() == [2, 3, 4]
    expected = ["contour-off-slice"] * 3 if offset_mm > 0.2 else []
    assert [w.slug for w in filled.warnings] == expected


def test_case_14_contours_outside_the_volume_are_skipped_and_the_others_kept() -> None:
    grid = plain_grid((4, 30, 30))
    rings = [
        square(4.5, 9.5, -1, grid),
        square(4.5, 9.5, 9, grid),
        square(40, 60, 1, grid),
        square(24.5, 60, 2, grid),
        square(4.5, 9.5, 3, grid),
    ]
    filled = fill_polygons(rings, grid)
    assert filled.mask_kji.sum(axis=(1, 2)).tolist() == [0, 0, 25, 25]
    slugs = [w.slug for w in filled.warnings]
    assert slugs == ["contour-outside-volume"] * 3 + ["contour-clipped"]


def test_case_15_coarser_contours_are_flagged_and_not_filled_between() -> None:
    grid = plain_grid((9, 30, 30))
    filled = fill_polygons([square(4.5, 9.5, k, grid) for k in (1, 4, 7)], grid)
    assert np.flatnonzero(filled.mask_kji.any(axis=(1, 2))).tolist() == [1, 4, 7]
    assert [w.slug for w in filled.warnings] == ["contours-coarser-than-slices"]


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


def test_case_10_a_known_millimetre_is_the_voxel_it_lies_in() -> None:
    grid = oriented_grid("HFP", (6, 20, 20))
    point = grid.to_lps([7, 12, 3])
    around = ring([(6.6, 11.6), (7.4, 11.6), (7.4, 12.4), (6.6, 12.4)], 3, grid)
    assert np.argwhere(fill_polygons([around], grid).mask_kji).tolist() == [[3, 12, 7]]
    assert grid.to_index(point) == pytest.approx([7, 12, 3])


def test_case_07_one_contour_inside_another_makes_a_hole_whichever_comes_first() -> None:
    grid = plain_grid((1, 30, 30))
    outer, inner = square(2.5, 20.5, 0, grid), square(6.5, 12.5, 0, grid)
    filled = [fill_polygons(order, grid) for order in ([outer, inner], [inner, outer])]
    assert filled[0].mask_kji.sum() == 18**2 - 6**2
    assert np.array_equal(filled[0].mask_kji, filled[1].mask_kji)
    assert not filled[0].warnings


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


def test_case_17_a_contour_across_the_slices_is_named_not_flattened() -> None:
    grid = plain_grid((9, 30, 30))
    across = grid.to_lps([[5, 5, 1], [9, 5, 1], [9, 5, 7], [5, 5, 7]])
    placement = place_polygons([across], grid)
    assert placement.slices == (None,)
    assert [w.slug for w in placement.warnings] == ["contour-not-planar"]


def test_case_20_reversed_slice_order_gives_the_same_patient_mask() -> None:
    grid = oriented_grid("HFS", (6, 20, 20))
    turned = Grid.of(grid.shape_kji, grid.spacing_ijk_mm, grid.to_lps([0, 19, 5]), grid.matrix * [1, -1, -1])
    mask = ball((6, 20, 20), (1, 7, 11), 5)
    rings = rings_of(mask, grid)
    assert np.array_equal(fill_polygons(rings, turned).mask_kji, mask[::-1, ::-1])


@pytest.mark.parametrize(
    ("radius_mm", "tolerance"), [(20.0, 5e-4), (10.0, 5e-4), (3.0, 5e-4)], ids=["r20", "r10", "r3"]
)
def test_volume_of_a_cylinder_is_analytic(radius_mm: float, tolerance: float) -> None:
    grid = plain_grid((20, 120, 120), (0.977, 0.977, 2.5))
    rings = [circle(grid, k, radius_mm, (60.3, 58.7)) for k in range(4, 16)]
    assert contoured_volume_cc(rings, grid) == pytest.approx(np.pi * radius_mm**2 * 30 / 1000, rel=tolerance)


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
