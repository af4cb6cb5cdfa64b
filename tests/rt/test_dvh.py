"""DVHs against analytic dose: linear gradients, orientations, offsets, and what lies outside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq

from rt.contours import cover_polygons, fill_polygons
from rt.coverage import cover_edited
from rt.dose import Dose
from rt.dvh import Dvh, dvh_of_coverage, dvh_of_mask
from rt.errors import DoseError
from rt.geometry import FloatArray, Grid
from tests.rt.grids import ORIENTATIONS, ball, oriented_grid, plain_grid

SLOPE = np.array([0.5, 0.0, 0.0])
"""Gy per mm along x, y, z; at the origin of LPS 30 Gy."""


def linear_dose(grid: Grid, slope: FloatArray = SLOPE) -> Dose:
    k, j, i = np.indices(grid.shape_kji)
    points = grid.to_lps(np.stack([i, j, k], axis=-1))
    return Dose((30 + points @ slope).astype(np.float32), grid)


def wide_dose_grid(spacing: tuple[float, float, float] = (2.5, 2.5, 2.5)) -> Grid:
    """A dose grid around the origin whose points fall between those of the image."""
    return Grid.of((40, 40, 40), spacing, [-19.5 * s + 0.37 for s in spacing], np.eye(3))


def ring(radius_mm: float, z_mm: float) -> FloatArray:
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    return np.column_stack([radius_mm * np.cos(angles), radius_mm * np.sin(angles), np.full(400, z_mm)])


def cylinder_dose_gy(radius_mm: float, hottest: float) -> float:
    """The dose that the hottest part of a cylinder along z has at least, in the gradient along x."""

    def beyond(x: float) -> float:
        return float(np.arccos(x) - x * np.sqrt(1 - x * x)) / np.pi - hottest

    return 30 + 0.5 * radius_mm * float(brentq(beyond, -1, 1))


@pytest.mark.parametrize("radius_mm", [20.0, 3.0])
def test_dvh_of_a_cylinder_in_a_linear_dose_is_analytic(radius_mm: float) -> None:
    image = Grid.of((12, 64, 64), (0.977, 0.977, 2.5), (-31.1, -30.7, -12.5), np.eye(3))
    fine = image.refined((4, 4, 1))
    rings = [ring(radius_mm, z) for z in np.arange(-10, 10.1, 2.5)]
    dvh = dvh_of_coverage(cover_polygons(rings, fine), fine, linear_dose(wide_dose_grid()))
    assert dvh.volume_cc == pytest.approx(np.pi * radius_mm**2 * 22.5 / 1000, rel=5e-4)
    assert dvh.mean_gy == pytest.approx(30, rel=1e-5)
    for percent in (98, 95, 50, 2):
        truth = cylinder_dose_gy(radius_mm, percent / 100)
        assert dvh.dose_at_percent(percent) == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize("radius_mm", [20.0, 3.0])
def test_contours_that_nobody_edited_are_measured_by_what_they_enclose(radius_mm: float) -> None:
    image = Grid.of((12, 64, 64), (0.977, 0.977, 2.5), (-31.1, -30.7, -12.5), np.eye(3))
    rings = [ring(radius_mm, z) for z in np.arange(-10, 10.1, 2.5)]
    mask = fill_polygons(rings, image).mask_kji
    dvh = dvh_of_coverage(*cover_edited(rings, mask, image), linear_dose(wide_dose_grid()))
    assert dvh.volume_cc == pytest.approx(np.pi * radius_mm**2 * 22.5 / 1000, rel=5e-4)
    assert dvh.mean_gy == pytest.approx(30, rel=1e-5)
    for percent in (95, 2):
        assert dvh.dose_at_percent(percent) == pytest.approx(
            cylinder_dose_gy(radius_mm, percent / 100), abs=0.05
        )
    beyond = 0.5 * (radius_mm + 0.977)
    assert 30 - beyond < dvh.min_gy < dvh.max_gy < 30 + beyond


def test_an_edited_slice_is_measured_by_its_voxels_and_no_other() -> None:
    image = plain_grid((5, 30, 30))
    middle = np.array([14.2, 15.1, 0])
    rings = [ring(6.0, z) + middle for z in (1.0, 2.0, 3.0)]
    mask = fill_polygons(rings, image).mask_kji
    mask[2, 15, 15:28] = True  # beyond the contours' box
    mask[4, 0, 0] = True
    coverage, grid = cover_edited(rings, mask, image)
    by_slice = coverage.fractions_kji.sum(axis=(1, 2)) * grid.voxel_mm3 / image.voxel_mm3
    circle = np.pi * 36
    assert by_slice == pytest.approx([circle, mask[2].sum(), circle, 1], rel=1e-3)
    assert coverage.fractions_kji.max() == 1


def test_what_no_contour_drew_is_measured_by_its_voxels() -> None:
    image, dose = plain_grid((5, 30, 30)), linear_dose(wide_dose_grid())
    mask = np.zeros(image.shape_kji, dtype=bool)
    mask[1:3, 4:9, 7:20] = True
    drawn = dvh_of_coverage(*cover_edited([], mask, image), dose)
    assert (drawn.volume_cc, drawn.mean_gy) == pytest.approx((0.13, dvh_of_mask(mask, image, dose).mean_gy))
    with pytest.raises(DoseError, match="empty"):
        dvh_of_coverage(*cover_edited([], np.zeros_like(mask), image), dose)


def test_dvh_of_a_block_in_a_linear_dose_is_exact() -> None:
    grid = Grid.of((20, 40, 40), (0.977, 1.31, 2.5), (-20, -26, -25), np.eye(3))
    mask = np.zeros(grid.shape_kji, dtype=np.bool_)
    mask[5:15, 10:30, 10:30] = True
    dvh = dvh_of_mask(mask, grid, linear_dose(wide_dose_grid((3.0, 3.0, 3.0))))
    low = 30 + 0.5 * float(grid.to_lps([9.5, 0, 0])[0])
    width = 0.5 * 20 * 0.977
    assert dvh.mean_gy == pytest.approx(low + width / 2, rel=1e-6)
    assert (dvh.min_gy, dvh.max_gy) == (pytest.approx(low, abs=1e-4), pytest.approx(low + width, abs=1e-4))
    assert dvh.outside_fraction == 0
    for percent in (98, 95, 50, 10, 2):
        truth = low + width * (1 - percent / 100)
        assert dvh.dose_at_percent(percent) == pytest.approx(truth, abs=0.005)
        assert dvh.percent_at_gy(truth) == pytest.approx(percent, abs=0.05)
    assert dvh.dose_at_cc(dvh.volume_cc / 4) == pytest.approx(low + width * 0.75, abs=0.005)
    assert dvh.volume_at_gy(low + width / 2) == pytest.approx(dvh.volume_cc / 2, rel=1e-3)


def same(one: Dvh, other: Dvh) -> bool:
    values = [
        (d.volume_cc, d.mean_gy, d.min_gy, d.max_gy, *(d.dose_at_percent(p) for p in (98, 95, 50, 5, 2)))
        for d in (one, other)
    ]
    return bool(np.allclose(*values, rtol=0, atol=1e-3))


@pytest.mark.parametrize("orientation", [*ORIENTATIONS, "oblique"])
def test_case_19_dvh_in_every_orientation_with_a_fractional_offset(orientation: str) -> None:
    """The mean in a dose that is linear in the patient is that at the centroid, wherever the axes point."""
    grid = oriented_grid(orientation, (16, 24, 20))
    mask = ball(grid.shape_kji, (8, 12, 10), 6)
    slope = np.array([0.3, -0.2, 0.1])
    centre = grid.to_lps([10, 12, 8])
    dose_grid = Grid.of((40, 40, 40), (3, 3, 3), centre - 60 + 1.234, np.eye(3))
    dose = linear_dose(dose_grid, slope)
    dvh = dvh_of_mask(mask, grid, dose)
    assert dvh.outside_fraction == 0
    assert dvh.mean_gy == pytest.approx(30 + float(centre @ slope), rel=1e-6)


@pytest.mark.parametrize("flips", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_case_19_the_same_patient_stored_the_other_way_round_has_the_same_dvh(flips: tuple[int, ...]) -> None:
    grid, dose_grid = plain_grid((20, 30, 30), (1.0, 1.2, 2.5)), plain_grid((15, 12, 12), (3.1, 2.9, 4.0))
    mask = ball(grid.shape_kji, (9, 15, 14), 7)
    values = np.random.default_rng(19).uniform(0, 70, dose_grid.shape_kji).astype(np.float32)
    reference = dvh_of_mask(mask, grid, Dose(values, dose_grid))
    turned_mask, turned_grid = flipped(mask, grid, flips)
    turned_dose, turned_dose_grid = flipped(values, dose_grid, flips[:1])
    assert same(dvh_of_mask(turned_mask, turned_grid, Dose(turned_dose, turned_dose_grid)), reference)


def flipped(
    array: npt.NDArray[np.generic], grid: Grid, axes: tuple[int, ...]
) -> tuple[npt.NDArray[np.generic], Grid]:
    """The same voxels in the patient, stored from the other end."""
    matrix, corner = grid.matrix.copy(), np.zeros(3)
    for axis in axes:
        matrix[:, 2 - axis] *= -1
        corner[2 - axis] = grid.shape_kji[axis] - 1
    return np.flip(array, axes), Grid.of(grid.shape_kji, grid.spacing_ijk_mm, grid.to_lps(corner), matrix)


def test_voxels_larger_than_the_doses_are_sampled_within() -> None:
    grid = plain_grid((4, 4, 4), (6.0, 6.0, 6.0))
    mask = np.zeros(grid.shape_kji, dtype=np.bool_)
    mask[1:3, 1:3, 1:3] = True
    dose_grid = Grid.of((24, 24, 24), (2, 2, 2), (-12, -12, -12), np.eye(3))
    stripes = np.zeros(dose_grid.shape_kji, dtype=np.float32)
    stripes[:, :, 10] = 60  # the plane x = 8 mm, with flanks of 2 mm
    dvh = dvh_of_mask(mask, grid, Dose(stripes, dose_grid))
    assert dvh.mean_gy == pytest.approx(60 * 2 / 12, rel=0.15)
    assert dvh.max_gy == pytest.approx(60, abs=20)


def test_what_lies_outside_the_dose_grid_is_told_and_not_zero() -> None:
    grid = plain_grid((4, 4, 10))
    mask = np.ones(grid.shape_kji, dtype=np.bool_)
    dose_grid = plain_grid((4, 4, 6))
    dvh = dvh_of_mask(mask, grid, Dose(np.full(dose_grid.shape_kji, 20, dtype=np.float32), dose_grid))
    assert dvh.outside_fraction == pytest.approx(0.4)
    assert (dvh.min_gy, dvh.mean_gy, dvh.max_gy) == (20, 20, 20)
    assert dvh.volume_cc == pytest.approx(0.16)
    assert dvh.percent_at_gy(19.9) == pytest.approx(100)


def test_empty_misplaced_and_undosed_structures_are_refused() -> None:
    grid = plain_grid((4, 4, 4))
    full, empty = np.ones((4, 4, 4), dtype=np.bool_), np.zeros((4, 4, 4), dtype=np.bool_)
    away = Grid.of((4, 4, 4), (1, 1, 1), (100, 0, 0), np.eye(3))
    here = Dose(np.ones((4, 4, 4), dtype=np.float32), grid)
    for mask, dose, word in (
        (empty, here, "empty"),
        (full[1:], here, "on a grid"),
        (full, Dose(here.gy_kji, away), "wholly outside"),
    ):
        with pytest.raises(DoseError, match=word):
            dvh_of_mask(mask, grid, dose)
    with pytest.raises(DoseError, match="not finite"):
        Dose(np.full((4, 4, 4), np.nan, dtype=np.float32), grid)


def test_curves_agree_with_each_other() -> None:
    grid = plain_grid((20, 20, 20), (2.0, 2.0, 2.0))
    dvh = dvh_of_mask(
        ball((20, 20, 20), (10, 10, 10), 7), grid, linear_dose(plain_grid((30, 30, 30), (3.0,) * 3))
    )
    doses, percent = dvh.cumulative(0.1)
    edges, volumes = dvh.differential(0.1)
    assert (percent[0], percent[-1]) == (pytest.approx(100), pytest.approx(0, abs=1e-9))
    assert (np.diff(percent) <= 1e-9).all()
    assert volumes.sum() == pytest.approx(dvh.volume_cc, rel=1e-9)
    assert len(edges) == len(volumes) + 1
    middle = (edges[1:] + edges[:-1]) / 2
    assert volumes @ middle / volumes.sum() == pytest.approx(dvh.mean_gy, abs=0.01)
    assert doses[1] == pytest.approx(0.1)


def test_the_hottest_volume_of_a_smaller_structure_is_unknown() -> None:
    grid = plain_grid((4, 4, 4))
    dvh = dvh_of_mask(np.ones((4, 4, 4), dtype=np.bool_), grid, linear_dose(wide_dose_grid()))
    assert dvh.dose_at_cc(0.1) is None
    assert dvh.dose_at_cc(0.03) is not None
