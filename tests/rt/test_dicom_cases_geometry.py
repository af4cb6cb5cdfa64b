"""DICOM cases 1 to 15: holes, islands and channels, and where a contour lies in the image.

Each case has its number in its name; the others are in test_dicom_cases_orientation and _seg.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rt.contours import contoured_volume_cc, fill_polygons, trace_polygons
from rt.dicom.contour_data import Contour, fill_contours
from rt.dicom.keyholes import join_contours
from rt.dicom.profiles import GENERIC, profiles
from rt.dicom.rtstruct import read_rtstruct, write_rtstruct
from rt.geometry import Grid
from rt.masks import Mask
from rt.morphology import interpolate_slices
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid, plain_grid, ring, rings_of, square
from tests.rt.objects import header, read_mask, rois_of, sent, series_on, structure

SHAPE = (6, 21, 30)
KEYHOLE = profiles()["keyhole"]
masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 9)))


def ringed() -> Mask:
    """A ball with a square tunnel."""
    mask = ball((5, 30, 30), (2, 15, 15), 11)
    mask[:, 11:20, 11:20] = False
    return mask


def islands() -> Mask:
    """A solid, a hole in it, and an island in the hole."""
    mask = np.zeros((1, 40, 40), dtype=bool)
    mask[0, 2:38, 2:38] = True
    mask[0, 8:32, 8:32] = False
    mask[0, 14:26, 14:26] = True
    return mask


def test_case_01_ring_keeps_its_hole() -> None:
    mask = ringed()
    assert np.array_equal(read_mask(mask, plain_grid(mask.shape)), mask)


def test_case_02_island_in_a_hole_keeps_its_voxels() -> None:
    mask, grid = islands(), plain_grid((1, 40, 40))
    assert len(rings_of(mask, grid)) == 3
    assert np.array_equal(read_mask(mask, grid), mask)


def test_case_03_keyhole_fills_as_the_nested_rings_do() -> None:
    grid = plain_grid((1, 40, 40))
    outer = [(4.2, 4.2), (34.2, 4.2), (34.2, 34.2), (4.2, 34.2)]
    inner = [(14.6, 14.6), (14.6, 24.6), (24.6, 24.6), (24.6, 14.6)]
    keyhole = [*outer, outer[0], *inner, inner[0]]
    nested = fill_polygons([ring(outer, 0, grid), ring(inner, 0, grid)], grid).mask_kji
    assert nested.sum() == 900 - 100
    assert np.array_equal(fill_polygons([ring(keyhole, 0, grid)], grid).mask_kji, nested)
    assert contoured_volume_cc([ring(keyhole, 0, grid)], grid) == pytest.approx(0.8, rel=5e-4)


def test_case_03_channel_to_a_hole_with_a_point_crosses_no_ring() -> None:
    """The point hides one side of the hole from whoever looks for the nearest way (OpenSaMD 51)."""
    grid = plain_grid((1, 40, 40))
    outer = [(2, 2), (38, 2), (38, 38), (2, 38), (2, 21), (12, 20), (2, 19)]
    inner = [(15, 20), (16, 19.8), (30, 10), (30, 30), (16, 20.2)]
    rings = [Contour.of_points(ring(points, 0, grid)) for points in (outer, inner)]
    (joined,), warnings = join_contours(rings, grid)
    assert warnings == ()
    points = [tuple(point) for point in grid.to_index(joined.points_mm)[:, :2]]
    assert len(points) == len(outer) + len(inner) + 2
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    assert [pair for pair in _pairs(edges) if _cross(*pair)] == []
    assert np.array_equal(fill_contours([joined], grid).mask_kji, fill_contours(rings, grid).mask_kji)


Segment = tuple[tuple[float, ...], tuple[float, ...]]


def _pairs(edges: list[Segment]) -> list[tuple[Segment, Segment]]:
    return [(one, other) for n, one in enumerate(edges) for other in edges[:n]]


def _cross(one: Segment, other: Segment) -> bool:
    """True where two segments cross within both."""

    def side(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return side(*one, other[0]) * side(*one, other[1]) < 0 and side(*other, one[0]) * side(*other, one[1]) < 0


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.bool_, (2, 13, 17)))
@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_04_keyhole_writer_loses_no_voxel(name: str, mask: np.ndarray) -> None:
    """Other writers lose some of 1200 to a channel with a width."""
    grid = oriented_grid(name, mask.shape)
    assert np.array_equal(read_mask(mask, grid, KEYHOLE), mask)


def test_case_04_keyholes_leave_one_contour_a_part_and_the_very_volume() -> None:
    mask = ringed()
    mask[:, 5, 15] = mask[:, 24, 15] = False
    grid = oriented_grid("oblique", mask.shape)
    nested, joined = (
        rois_of(series_on(grid), [structure(mask)], profile)[0].contours for profile in (GENERIC, KEYHOLE)
    )
    assert len(joined) == sum(mask.any(axis=(1, 2))) < len(nested)
    volumes = [contoured_volume_cc([c.points_mm for c in contours], grid) for contours in (nested, joined)]
    assert volumes[1] == pytest.approx(volumes[0], rel=1e-9)
    assert _points(joined) == _points(nested)


def _points(contours: tuple[Contour, ...]) -> set[tuple[float, ...]]:
    return {tuple(point) for contour in contours for point in contour.points_mm.tolist()}


def test_case_04_rings_that_touch_are_not_joined_and_said_to_be_apart() -> None:
    grid = plain_grid((1, 30, 30))
    rings = [Contour.of_points(square(*ends, 0, grid)) for ends in ((2.5, 12.5), (8.5, 18.5))]
    left, warnings = join_contours(rings, grid)
    assert left == rings
    assert [w.slug for w in warnings] == ["holes-not-joined"]


@pytest.mark.parametrize("profile", list(profiles().values()), ids=list(profiles()))
def test_case_05_closed_planar_xor_is_read_and_never_written(profile: object) -> None:
    grid = oriented_grid("HFS", SHAPE)
    rings = [[(3, 3), (20, 3), (20, 15), (3, 15)], [(8, 6), (14, 6), (14, 12), (8, 12)]]
    contours = tuple(
        Contour("\\".join(f"{v:.3f}" for c in r for v in grid.to_lps([*c, 2])), "CLOSEDPLANAR_XOR")
        for r in rings
    )
    mask = fill_contours(contours, grid).mask_kji
    assert not mask[2, 9, 11]
    (roi,) = rois_of(series_on(grid), [structure(mask, contours=contours)], profile)  # type: ignore[arg-type]
    assert {c.geometric_type for c in roi.contours} == {"CLOSED_PLANAR"}
    assert np.array_equal(fill_contours(roi.contours, grid).mask_kji, mask)
    if profile is not KEYHOLE:
        assert [c.data for c in roi.contours] == [c.data for c in contours]


def test_case_06_two_blobs_are_not_bridged_and_crossing_rings_are_warned_of() -> None:
    grid = plain_grid((1, 40, 40))
    apart = fill_polygons([square(2.5, 9.5, 0, grid), square(20.5, 29.5, 0, grid)], grid)
    assert (apart.mask_kji.sum(), apart.warnings) == (49 + 81, ())
    crossing = fill_polygons([square(2.5, 12.5, 0, grid), square(8.5, 18.5, 0, grid)], grid)
    assert crossing.mask_kji.sum() == 2 * (100 - 16)
    assert [w.slug for w in crossing.warnings] == ["contours-overlap"]


@pytest.mark.parametrize("profile", [GENERIC, KEYHOLE], ids=["nested", "keyhole"])
def test_case_06_two_blobs_leave_as_two_contours(profile: object) -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2, 4:9, 4:9] = mask[2, 4:9, 11:16] = True
    grid = plain_grid(SHAPE)
    (roi,) = rois_of(series_on(grid), [structure(mask)], profile)  # type: ignore[arg-type]
    assert len(roi.contours) == 2
    assert np.array_equal(fill_contours(roi.contours, grid).mask_kji, mask)


def test_case_07_one_contour_inside_another_makes_a_hole_whichever_comes_first() -> None:
    grid = plain_grid((1, 30, 30))
    outer, inner = square(2.5, 20.5, 0, grid), square(6.5, 12.5, 0, grid)
    filled = [fill_polygons(order, grid) for order in ([outer, inner], [inner, outer], [outer, inner[::-1]])]
    assert filled[0].mask_kji.sum() == 18**2 - 6**2
    assert all(np.array_equal(one.mask_kji, filled[0].mask_kji) for one in filled)
    assert not any(one.warnings for one in filled)


def test_case_07_a_subtracted_inside_is_a_hole_and_an_intersection_the_inside() -> None:
    outer, inner = ball(SHAPE, (3, 10, 15), 9), ball(SHAPE, (3, 10, 15), 4)
    grid = plain_grid(SHAPE)
    ring_, core = read_mask(outer & ~inner, grid), read_mask(outer & inner, grid)
    assert np.array_equal(ring_, outer & ~inner)
    assert np.array_equal(core, inner)
    assert int(ring_.sum()) == int(outer.sum()) - int(inner.sum())


def test_case_08_structure_on_the_border_is_not_inverted() -> None:
    mask = np.zeros((2, 12, 17), dtype=bool)
    mask[:, :5, :] = True
    mask[:, 2, 3:6] = False
    mask[:, 0, 8:10] = False
    assert np.array_equal(read_mask(mask, plain_grid(mask.shape)), mask)
    full = np.ones((2, 12, 17), dtype=bool)
    assert np.array_equal(read_mask(full, plain_grid(full.shape)), full)


def test_case_08_hole_that_touches_the_outer_edge_is_no_inversion() -> None:
    grid = plain_grid((1, 30, 30))
    filled = fill_polygons([square(2.5, 20.5, 0, grid), square(2.5, 8.5, 0, grid)], grid)
    assert filled.mask_kji.sum() == 18**2 - 6**2
    assert not filled.mask_kji[0, 5, 5]
    assert filled.mask_kji[0, 15, 15]


@settings(max_examples=25, deadline=None)
@given(masks)
@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_case_09_mask_contour_mask_identity(name: str, mask: np.ndarray) -> None:
    grid = oriented_grid(name, mask.shape)
    assert np.array_equal(fill_polygons(rings_of(mask, grid), grid).mask_kji, mask)


@pytest.mark.parametrize("spacing", [(0.3, 0.3, 5.0), (3.9, 3.9, 2.5), (0.5, 2.0, 1.0), (2.0, 0.5, 8.0)])
def test_case_09_identity_on_anisotropic_voxels(spacing: tuple[float, float, float]) -> None:
    mask = ball((9, 40, 60), (4, 20, 30), 4) | ball((9, 40, 60), (4, 22, 12), 3)
    grid = oriented_grid("oblique", mask.shape, spacing)
    assert np.array_equal(read_mask(mask, grid), mask)


def test_case_10_a_point_at_a_known_millimetre_is_the_voxel_it_lies_in() -> None:
    grid = oriented_grid("HFP", SHAPE)
    around = ring([(6.6, 11.6), (7.4, 11.6), (7.4, 12.4), (6.6, 12.4)], 3, grid)
    assert np.argwhere(fill_polygons([around], grid).mask_kji).tolist() == [[3, 12, 7]]
    point = Contour("\\".join(f"{v:.4f}" for v in grid.to_lps([7, 12, 3])), "POINT")
    (roi,) = rois_of(series_on(grid), [structure(np.zeros(SHAPE, dtype=bool), contours=(point,))])
    assert [(c.geometric_type, c.data) for c in roi.contours] == [("POINT", point.data)]
    assert np.round(grid.to_index(roi.contours[0].points_mm)).tolist() == [[7, 12, 3]]


def test_case_11_non_square_image_is_not_transposed() -> None:
    mask = np.zeros((3, 40, 60), dtype=bool)
    mask[1, 5:15, 10:49] = True
    found = read_mask(mask, plain_grid(mask.shape))
    assert found.sum() == 390
    assert np.array_equal(found, mask)


def test_case_12_contour_z_equals_the_position_of_its_slice() -> None:
    origins = tuple((-123.4, 56.7, -8.9 + 2.5 * k + 0.07 * (-1) ** k) for k in range(6))
    series = replace(series_on(oriented_grid("HFS", SHAPE)), slice_origins_mm=origins)
    mask = ball(SHAPE, (2.5, 10, 14), 8)
    content = read_rtstruct(sent(write_rtstruct(series, [structure(mask)], header())))
    assert len(content.rois[0].contours) == 6
    for contour in content.rois[0].contours:
        k = series.sop_instance_uids.index(str(contour.referenced_sop_instance_uid))
        assert np.all(contour.points_mm[:, 2] == round(origins[k][2], 6))
    assert np.array_equal(fill_contours(content.rois[0].contours, series.grid).mask_kji, mask)


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


def test_case_15_coarser_contours_are_flagged_and_filled_between_only_on_request() -> None:
    grid = plain_grid((9, 30, 30))
    filled = fill_polygons([square(4.5, 9.5, k, grid) for k in (1, 4, 7)], grid)
    assert np.flatnonzero(filled.mask_kji.any(axis=(1, 2))).tolist() == [1, 4, 7]
    assert [w.slug for w in filled.warnings] == ["contours-coarser-than-slices"]
    between = interpolate_slices(filled.mask_kji, grid)
    assert between.sum(axis=(1, 2)).tolist() == [0, 25, 25, 25, 25, 25, 25, 25, 0]


def test_untouched_slices_of_a_keyhole_profile_keep_their_points_too() -> None:
    """A channel adds no point: those that came are all there, in the very strings that came."""
    grid: Grid = oriented_grid("HFS", SHAPE)
    series = series_on(grid)
    corners = [[(3.25, 4.5), (20.1, 4.75), (20.3, 15.2), (3.3, 15.4)], [(8.1, 6.2), (14, 6.2), (14, 12)]]
    came = tuple(
        Contour("\\".join(f"{v:.3f}0" for c in points for v in grid.to_lps([*c, 2])), "CLOSED_PLANAR", uid)
        for points in corners
        for uid in series.sop_instance_uids[2:3]
    )
    mask = fill_contours(came, grid).mask_kji
    mask[4, 5:9, 5:9] = True
    (roi,) = rois_of(series, [structure(mask, contours=came)], KEYHOLE)
    assert [c.referenced_sop_instance_uid for c in roi.contours] == [
        series.sop_instance_uids[4],
        series.sop_instance_uids[2],
    ]
    written = roi.contours[1].data.split("\\")
    assert set(written) == {word for contour in came for word in contour.data.split("\\")}
    assert len(written) == 3 * (4 + 3 + 2)
    assert np.array_equal(fill_contours(roi.contours, grid).mask_kji, mask)
    assert len(trace_polygons(mask, grid)) == 3
