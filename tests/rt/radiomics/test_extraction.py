"""Names, counts and invariances of features, and what bad input gets."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt.errors import (
    GeometryError,
    RadiomicsSettingsError,
    RegionEmpty,
    RegionTooLarge,
    RegionTooSmall,
    RtError,
    TooManyGreyLevels,
    VoxelsNotNumbers,
)
from rt.geometry import Grid
from rt.radiomics import FAMILIES, Discretisation, Settings, extract, presets
from tests.rt.radiomics.regions import PLAIN, UNIT, blob, texture


def differing(first: dict[str, float], second: dict[str, float], tolerance: float = 1e-8) -> list[str]:
    """Names whose values are not the same to a relative tolerance."""
    assert set(first) == set(second)
    return [
        name
        for name, value in first.items()
        if not math.isclose(value, second[name], rel_tol=tolerance, abs_tol=tolerance)
    ]


@pytest.mark.parametrize(("preset", "least"), [("ct", 1600), ("mr", 1600), ("pet", 1300), ("dose", 1300)])
def test_presets_give_far_more_than_566_features_all_finite(preset: str, least: int) -> None:
    extraction = extract(texture(), blob(), UNIT, presets()[preset])
    assert len(extraction.values) >= least
    assert all(math.isfinite(value) for value in extraction.values.values())
    assert set(extraction.undefined.values()) <= {
        "the intensities sum to 0",
        "the mean is 0",
        "the region is too small for boxes of three sizes",
    }


def test_names_are_image_family_feature() -> None:
    extraction = extract(texture(), blob(), UNIT, presets()["ct"])
    images, families = zip(*(name.split("_")[:2] for name in extraction.values), strict=True)
    bands = {f"wavelet-{a}{b}{c}" for a in "lh" for b in "lh" for c in "lh"}
    assert set(images) == {"original", *bands, *(f"log-{sigma}mm" for sigma in range(1, 6))}
    assert set(families) == set(FAMILIES)


@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (0, 2)])
def test_a_turn_of_90_degrees_changes_no_feature(axes: tuple[int, int]) -> None:
    ours = dataclasses.replace(PLAIN, log_sigmas_mm=(1.5,))
    image, mask = texture(), blob()
    turned = extract(np.rot90(image, axes=axes), np.rot90(mask, axes=axes), UNIT, ours)
    fractal = {"original_shape_fractal_dimension"}  # boxes are counted from the corner
    assert set(differing(extract(image, mask, UNIT, ours).values, turned.values)) <= fractal


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[st.integers(0, 6)] * 3))
def test_moving_image_and_region_changes_no_feature(shift: tuple[int, int, int]) -> None:
    ours = dataclasses.replace(PLAIN, log_sigmas_mm=(1.0,), wavelet="haar")
    image, mask = (np.pad(part, 12) for part in (texture(), blob()))
    grid = Grid.of(mask.shape, [1.0] * 3, [0, 0, 0], np.eye(3))
    moved = extract(np.roll(image, shift, (0, 1, 2)), np.roll(mask, shift, (0, 1, 2)), grid, ours)
    assert not differing(extract(image, mask, grid, ours).values, moved.values)


@settings(max_examples=10, deadline=None)
@given(st.floats(-1000, 1000), st.sampled_from((0.25, 0.5, 2.0, 8.0)))
def test_texture_by_bin_number_and_heterogeneity_know_no_unit(offset: float, scale: float) -> None:
    ours = dataclasses.replace(PLAIN, families=("cm", "rlm", "szm", "dzm", "ngt", "ngl", "het", "shape"))
    image = np.rint(texture())
    other = extract(image * scale + round(offset), blob(), UNIT, ours)
    assert not differing(extract(image, blob(), UNIT, ours).values, other.values)


def test_voxels_far_from_the_region_change_nothing() -> None:
    image, mask = (np.pad(part, 40, mode="edge") for part in (texture(), blob()))
    mask[:40] = mask[-40:] = False
    grid = Grid.of(mask.shape, [1.0] * 3, [0, 0, 0], np.eye(3))
    other = image.copy()
    other[0], other[-1] = 1e6, np.nan
    ct = presets()["ct"]
    assert extract(image, mask, grid, ct).values == extract(other, mask, grid, ct).values


def test_anisotropic_voxels_are_resampled_around_the_middle_of_the_image() -> None:
    grid = Grid.of([12, 24, 24], [1.0, 1.0, 2.0], [0, 0, 0], np.eye(3))
    k, j, i = np.meshgrid(*(np.arange(n) for n in grid.shape_kji), indexing="ij")
    image = 3.0 * i + 2 * j + 5 * 2 * k
    mask = (np.abs(k - 5.5) < 3) & (np.abs(j - 11.5) < 5) & (np.abs(i - 11.5) < 6)
    ours = Settings(families=("morph", "stat"), spacing_mm=1.0)
    extraction = extract(image, mask, grid, ours)
    assert extraction.facts["voxels_form"] == 12 * 10 * 12
    assert extraction.values["original_stat_mean"] == pytest.approx(image[mask].mean())
    assert extraction.values["original_morph_vol_approx"] == pytest.approx(mask.sum() * 2.0)


def test_resegmentation_leaves_the_form_as_it_is() -> None:
    ours = dataclasses.replace(PLAIN, range_low=45, range_high=60)
    whole, part = extract(texture(), blob(), UNIT, PLAIN), extract(texture(), blob(), UNIT, ours)
    assert part.values["original_morph_volume"] == whole.values["original_morph_volume"]
    assert part.values["original_stat_min"] >= 45
    assert part.values["original_stat_max"] <= 60


def one_voxel() -> np.ndarray:
    mask = np.zeros(UNIT.shape_kji, dtype=bool)
    mask[3, 4, 5] = True
    return mask


NARROW = Settings(discretisation=Discretisation("fixed-bin-size", 1e-3))
WITH_NAN = np.where(np.arange(24) == 10, np.nan, texture())


@pytest.mark.parametrize(
    ("image", "mask", "ours", "error"),
    [
        (texture(), np.zeros(UNIT.shape_kji, dtype=bool), PLAIN, RegionEmpty),
        (texture(), one_voxel(), presets()["ct"], RegionTooSmall),
        (texture(), one_voxel(), Settings(spacing_mm=5.0), RegionEmpty),
        (texture(), blob(), Settings(range_low=1000), RegionEmpty),
        (texture(), blob(), Settings(spacing_mm=0.01), RegionTooLarge),
        (texture(), blob()[:-1], PLAIN, GeometryError),
        (texture()[:, 1:], blob(), PLAIN, GeometryError),
        (texture(), blob().astype(np.uint8), PLAIN, GeometryError),
        (WITH_NAN, blob(), PLAIN, VoxelsNotNumbers),
        (np.where(blob(), np.inf, 0), blob(), PLAIN, VoxelsNotNumbers),
        (texture(), blob(), NARROW, TooManyGreyLevels),
    ],
)
def test_what_has_no_features_is_refused_by_name(
    image: np.ndarray, mask: np.ndarray, ours: Settings, error: type[RtError]
) -> None:
    with pytest.raises(error):
        extract(image, mask, UNIT, ours)


def test_one_voxel_has_a_volume_and_reasons() -> None:
    extraction = extract(texture(), one_voxel(), UNIT, PLAIN)
    assert extraction.values["original_morph_vol_approx"] == 1
    assert extraction.undefined["original_morph_pca_maj_axis"] == "one voxel has no axes"
    assert extraction.undefined["original_cm_contrast_3D_comb"] == "no two voxels are neighbours"
    assert all(math.isfinite(value) for value in extraction.values.values())


def test_constant_intensities_have_form_and_reasons() -> None:
    whole = extract(texture(), blob(), UNIT, presets()["mr"])
    flat = extract(np.full(UNIT.shape_kji, 7.0), blob(), UNIT, presets()["mr"])
    names = {*flat.values, *flat.undefined}
    assert names == {*whole.values, *whole.undefined}
    assert flat.undefined["original_stat_skew"] == "all intensities are equal"
    assert flat.values["original_morph_volume"] == whole.values["original_morph_volume"]


@pytest.mark.parametrize("name", ["ct", "dose", "mr", "pet"])
def test_settings_come_back_from_json(name: str) -> None:
    ours = presets()[name]
    assert Settings.from_json(json.loads(json.dumps(ours.to_json()))) == ours


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacing_mm": 0},
        {"spacing_mm": "wide"},
        {"range_low": 5, "range_high": 5},
        {"families": ["glcm"]},
        {"filtered_families": ["morph"]},
        {"aggregations": []},
        {"aggregations": ["4D"]},
        {"wavelet": "none"},
        {"discretisation": {"method": "equal", "value": 4}},
        {"discretisation": {"bins": 4}},
        {"discretisation": None},
        {"discretisation": {"method": "fixed-bin-number", "value": 2.5}},
        {"interpolation": "nearest"},
        {"normalisation": "whole"},
        {"mask_threshold": 0},
        {"log_sigmas_mm": [1, 1]},
        {"log_sigmas_mm": 3},
        {"least_voxels": 0},
        {"spacing": 1},
        [],
        None,
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: object) -> None:
    with pytest.raises(RadiomicsSettingsError):
        Settings.from_json(wrong)  # type: ignore[arg-type]
