"""STAPLE beside SimpleITK's, on readers whose rates are known, and what the disagreement is made of."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from rt.consensus import (
    Staple,
    StapleConfig,
    disagreement,
    entropy_bits,
    majority,
    region_of,
    share,
    staple,
)
from rt.errors import ConsensusError, MaskError
from tests.rt.grids import ball, plain_grid

SHAPE = (24, 30, 28)
GRID = plain_grid(SHAPE, (1.0, 1.5, 2.0))


def readers(seed: int, rates: list[tuple[float, float]]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A truth, and readers who err at random with these sensitivities and specificities."""
    rng = np.random.default_rng(seed)
    truth = ball(SHAPE, (12, 15, 14), 7.0)
    drawn = [np.where(truth, rng.random(SHAPE) < p, rng.random(SHAPE) >= q) for p, q in rates]
    return truth, drawn


def shifted() -> list[np.ndarray]:
    """Readers as they are: the same organ, a little larger, smaller or elsewhere."""
    places = [((12, 15, 14), 7.0), ((12, 16, 14), 6.5), ((11, 15, 13), 7.6), ((12, 13, 15), 6.0)]
    return [ball(SHAPE, centre, radius) for centre, radius in places]


def simple_itk(masks: list[np.ndarray], ours: Staple) -> tuple[np.ndarray, list[float], list[float]]:
    filter_ = sitk.STAPLEImageFilter()
    filter_.SetForegroundValue(1.0)
    filter_.SetMaximumIterations(500)
    images = [sitk.GetImageFromArray(mask[ours.region].astype(np.uint8)) for mask in masks]
    found = sitk.GetArrayFromImage(filter_.Execute(images))
    return found, list(filter_.GetSensitivity()), list(filter_.GetSpecificity())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_staple_is_that_of_simple_itk_on_readers_who_err_at_random(seed: int) -> None:
    _, masks = readers(seed, [(0.95, 0.99), (0.8, 0.9), (0.6, 0.98), (0.9, 0.7)])
    ours = staple(masks, GRID)
    probability, sensitivity, specificity = simple_itk(masks, ours)
    assert ours.converged
    assert np.abs(ours.probability_kji[ours.region] - probability).max() < 2e-3  # ITK stops earlier
    assert ours.sensitivity == pytest.approx(sensitivity, abs=1e-4)
    assert ours.specificity == pytest.approx(specificity, abs=1e-4)


def test_staple_is_that_of_simple_itk_on_shifted_contours() -> None:
    masks = shifted()
    ours = staple(masks, GRID)
    probability, sensitivity, specificity = simple_itk(masks, ours)
    assert np.abs(ours.probability_kji[ours.region] - probability).max() < 1e-3
    assert ours.sensitivity == pytest.approx(sensitivity, abs=1e-4)
    assert ours.specificity == pytest.approx(specificity, abs=1e-4)
    assert np.array_equal(ours.mask_kji[ours.region], probability > 0.5)


def test_staple_gets_known_rates_back_and_beats_the_majority() -> None:
    rates = [(0.98, 0.995), (0.7, 0.8), (0.65, 0.85), (0.6, 0.8)]
    truth, masks = readers(7, rates)
    found = staple(masks, GRID, StapleConfig(prior_kji=np.full(SHAPE, truth.mean())))
    assert found.sensitivity == pytest.approx([p for p, _ in rates], abs=0.03)
    assert found.specificity == pytest.approx([q for _, q in rates], abs=0.03)
    wrong = np.count_nonzero(found.mask_kji != truth)
    assert wrong < np.count_nonzero(majority(masks, GRID) != truth)


def test_staple_looks_only_near_the_union() -> None:
    masks = shifted()
    config = StapleConfig(margin_mm=3.0)
    found = staple(masks, GRID, config)
    assert found.region == region_of(masks, GRID, 3.0)
    outside = np.ones(SHAPE, dtype=bool)
    outside[found.region] = False
    assert not found.probability_kji[outside].any()
    far = plain_grid((60, 80, 80), GRID.spacing_ijk_mm)
    grown = [np.pad(mask, ((18, 18), (25, 25), (26, 26))) for mask in masks]
    assert staple(grown, far, config).sensitivity == pytest.approx(found.sensitivity, abs=1e-9)


def test_a_prior_of_each_voxel_moves_the_odds_by_its_own() -> None:
    truth, masks = readers(5, [(0.8, 0.85), (0.75, 0.8), (0.7, 0.9)])
    prior = np.where(truth, 0.6, 0.05)
    found = staple(masks, GRID, StapleConfig(prior_kji=prior)).probability_kji
    split = masks[0] & ~masks[1] & ~masks[2]
    likely, unlikely = found[split & truth][0], found[split & ~truth][0]
    odds = likely / (1 - likely) / (unlikely / (1 - unlikely))
    assert odds == pytest.approx(0.6 / 0.4 / (0.05 / 0.95), rel=1e-6)
    flat = staple(masks, GRID).mask_kji
    assert np.count_nonzero((found > 0.5) != truth) < np.count_nonzero(flat != truth)


def test_the_same_prior_everywhere_is_the_stationary_one() -> None:
    masks = shifted()
    plain = staple(masks, GRID)
    inside = sum(np.count_nonzero(mask) for mask in masks) / (len(masks) * masks[0][plain.region].size)
    given = staple(masks, GRID, StapleConfig(prior_kji=np.full(SHAPE, inside)))
    assert np.allclose(plain.probability_kji, given.probability_kji, atol=1e-9)


def test_a_reader_who_drew_nothing_is_insensitive_and_does_not_break_the_estimate() -> None:
    masks = [*shifted(), np.zeros(SHAPE, dtype=bool)]
    found = staple(masks, GRID)
    assert np.isfinite(found.probability_kji).all()
    assert found.sensitivity[-1] < 1e-4
    assert found.mask_kji.any()


def test_iterations_that_do_not_suffice_are_said() -> None:
    assert not staple(shifted(), GRID, StapleConfig(iterations=2)).converged


def test_half_of_the_readers_is_no_majority() -> None:
    a, b = ball(SHAPE, (12, 15, 14), 5.0), ball(SHAPE, (12, 15, 18), 5.0)
    assert np.array_equal(majority([a, b], GRID), a & b)
    assert np.array_equal(majority([a, a, b], GRID), a)


def test_entropy_is_one_at_half_and_nothing_where_all_agree() -> None:
    a, b = ball(SHAPE, (12, 15, 14), 5.0), ball(SHAPE, (12, 15, 14), 3.0)
    bits = entropy_bits([a, b], GRID)
    assert (bits[a & ~b] == 1).all()
    assert not bits[b].any() and not bits[~a].any()
    assert (share([a, b], GRID)[a & ~b] == 0.5).all()


def test_regions_of_disagreement_say_who_drew_them_and_how_large_they_are() -> None:
    core = np.zeros(SHAPE, dtype=bool)
    core[5:15, 5:15, 5:15] = True
    first, second, third = core.copy(), core.copy(), core.copy()
    first[5:15, 5:15, 15:18] = True  # 300 voxels
    second[5:15, 15:16, 5:15] = True  # 100 voxels
    third[5:15, 15:16, 5:15] = True
    third[20, 25, 25] = True
    found = disagreement([first, second, third], GRID, smallest_ml=0.01)
    assert [region.included_by for region in found.regions] == [(0,), (1, 2)]
    assert [region.volume_ml for region in found.regions] == pytest.approx([0.9, 0.3])
    assert found.left_out_ml == pytest.approx(0.003)
    assert [np.count_nonzero(found.regions_kji == n) for n in (1, 2)] == [300, 100]
    for region in found.regions:
        assert found.regions_kji[region.centre_kji] == region.number


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ([np.ones(SHAPE, dtype=bool)], "2 to 62 readers, not 1"),
        ([np.zeros(SHAPE, dtype=bool)] * 3, "no reader drew anything"),
    ],
)
def test_readings_without_consensus_are_named(masks: list[np.ndarray], words: str) -> None:
    with pytest.raises(ConsensusError, match=words):
        staple(masks, GRID)


def test_a_mask_off_the_grid_is_named() -> None:
    with pytest.raises(MaskError, match="reader 2"):
        majority([np.ones(SHAPE, dtype=bool), np.ones((2, 2, 2), dtype=bool)], GRID)


def test_a_prior_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ConsensusError, match="between 0 and 1"):
        staple(shifted(), GRID, StapleConfig(prior_kji=np.ones(SHAPE)))
    with pytest.raises(ConsensusError, match="the grid"):
        staple(shifted(), GRID, StapleConfig(prior_kji=np.full((2, 2, 2), 0.5)))
