"""Perturbed contours, and intraclass correlations against published figures."""

from __future__ import annotations

import numpy as np
import pytest

from rt.errors import GeometryError, IccUndefined, RegionEmpty
from rt.geometry import Grid
from rt.metrics import dice
from rt.radiomics import icc, perturbed, presets, unit_of
from tests.rt.radiomics.regions import UNIT, blob

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
).T
"""Table 2 of Shrout & Fleiss 1979: four judges (rows here) rate six targets."""


def test_coefficients_are_those_of_shrout_and_fleiss() -> None:
    table = icc(SHROUT_FLEISS)
    found = [(one.value, one.low, one.high) for one in (table.icc1, table.icc2, table.icc3)]
    published = [(0.17, -0.13, 0.72), (0.29, 0.02, 0.76), (0.71, 0.34, 0.95)]
    np.testing.assert_allclose(found, published, atol=0.005)


def test_readings_that_agree_give_one_and_a_constant_offset_tells_agreement_from_consistency() -> None:
    same = icc([[1, 2, 3, 4], [1, 2, 3, 4]])
    assert [same.icc1.value, same.icc2.value, same.icc3.value] == [1, 1, 1]
    assert (same.icc2.low, same.icc2.high) == (1, 1)
    apart = icc([[1, 2, 3, 4], [11, 12, 13, 14]])
    assert apart.icc3.value == 1
    assert apart.icc2.value < 0.1
    assert apart.icc1.value < 0


def test_noise_has_no_correlation_and_intervals_cover_it() -> None:
    rng = np.random.default_rng(0)
    tables = [icc(rng.normal(size=(5, 20))) for _ in range(200)]
    for kind in ("icc1", "icc2", "icc3"):
        found = [getattr(table, kind) for table in tables]
        assert abs(np.mean([one.value for one in found])) < 0.02
        assert np.mean([one.low <= 0 <= one.high for one in found]) > 0.9


@pytest.mark.parametrize(
    "values",
    [[[1, 2, 3]], [[1], [2]], [1, 2], [[1, np.nan], [2, 3]], [[1, np.inf], [2, 3]], [[4, 4], [4, 4]]],
)
def test_what_has_no_correlation_is_refused(values: list[list[float]]) -> None:
    with pytest.raises(IccUndefined):
        icc(values)


def ball(radius_mm: float, spacing: tuple[float, float, float]) -> tuple[np.ndarray, Grid]:
    shape = tuple(int(2 * (radius_mm + 15) / mm) for mm in spacing[::-1])
    grid = Grid.of(shape, spacing, [0, 0, 0], np.eye(3))
    axes = [(np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(shape, spacing[::-1], strict=True)]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    return k**2 + j**2 + i**2 <= radius_mm**2, grid


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.98, 0.98, 3.0), (4.0, 4.0, 4.0)])
def test_perturbed_contours_are_as_far_apart_as_readers(spacing: tuple[float, float, float]) -> None:
    mask, grid = ball(17, spacing)
    drawn = list(perturbed(mask, grid, 12, seed=3))
    overlaps = [dice(mask, other) for other in drawn]
    assert min(overlaps) > 0.75
    assert 0.85 < np.mean(overlaps) < 0.97
    volumes = np.array([other.sum() for other in drawn]) / mask.sum()
    assert abs(volumes.mean() - 1) < 0.12
    assert volumes.std() > 0.02


def test_perturbations_depend_on_the_seed_alone() -> None:
    first, again, other = (list(perturbed(blob(), UNIT, 3, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    longer = list(perturbed(blob(), UNIT, 5, seed=1))
    assert np.array_equal(longer[2], first[2])


def test_a_region_of_one_voxel_or_at_the_edge_is_never_lost() -> None:
    for at in ((0, 0, 0), (12, 12, 12), (23, 23, 23)):
        mask = np.zeros(UNIT.shape_kji, dtype=bool)
        mask[at] = True
        assert all(other.any() for other in perturbed(mask, UNIT, 5, seed=0))
    small, grid = ball(6, (4.0, 4.0, 4.0))
    assert min(dice(small, other) for other in perturbed(small, grid, 10, seed=0)) > 0.6
    whole = np.ones(UNIT.shape_kji, dtype=bool)
    assert all(other.any() for other in perturbed(whole, UNIT, 3, seed=0))


def test_masks_without_voxels_or_of_another_grid_are_refused() -> None:
    with pytest.raises(RegionEmpty):
        next(perturbed(np.zeros(UNIT.shape_kji, dtype=bool), UNIT, 1, seed=0))
    with pytest.raises(GeometryError):
        next(perturbed(blob()[1:], UNIT, 1, seed=0))


@pytest.mark.parametrize(
    ("preset", "name", "unit"),
    [
        ("ct", "original_morph_volume", "mm3"),
        ("ct", "original_morph_pca_elongation", ""),
        ("ct", "original_morph_integ_int", "[hnsf'U].mm3"),
        ("ct", "original_stat_mean", "[hnsf'U]"),
        ("ct", "log-2mm_stat_var", "[hnsf'U].[hnsf'U]"),
        ("ct", "original_ivh_i10", "[hnsf'U]"),
        ("ct", "original_ivh_v10", ""),
        ("ct", "original_cm_contrast_3D_comb", ""),
        ("mr", "original_stat_mean", ""),
        ("mr", "original_ivh_i10", ""),
        ("dose", "original_loc_peak_loc", "Gy"),
        ("pet", "original_het_low_clusters", "/cm3"),
        ("pet", "original_shape_inscribed_radius", "mm"),
    ],
)
def test_features_have_the_units_of_their_image(preset: str, name: str, unit: str) -> None:
    assert unit_of(name, presets()[preset]) == unit


def test_two_patients_who_tell_next_to_nothing_give_wide_limits_or_none() -> None:
    """Quantiles without freedom overflowed, and readings that only swap the patients divided by zero."""
    found = icc([[0.1, -0.4], [0.4, -0.9], [-0.9, 1.1]]).icc2
    assert found.low <= found.value <= found.high
    with pytest.raises(IccUndefined):
        icc([[1, 2], [2, 1]])
