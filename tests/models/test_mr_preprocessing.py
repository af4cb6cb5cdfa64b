"""MR as a network reads it: whatever its unit, in LPS cubes, cropped to the head."""

from __future__ import annotations

import numpy as np
import pytest

from models.mr_preprocessing import MrScale
from models.registry.network import NetworkManifest
from rt.completion import offered_names
from rt.errors import RtError
from rt.geometry import Grid

SHAPE = (40, 64, 64)
GRID = Grid.of(SHAPE, [2.0, 2.0, 3.0], [-64.0, -64.0, -60.0], np.eye(3))


def _head(factor: float) -> np.ndarray:
    k, j, i = np.indices(SHAPE)
    inside = ((k - 20) / 15) ** 2 + ((j - 32) / 22) ** 2 + ((i - 32) / 18) ** 2 < 1
    noise = np.random.default_rng(0).uniform(0, 0.02, SHAPE)
    return np.where(inside, 0.5 + 0.5 * (j > 32), noise) * factor


def test_the_unit_does_not_matter() -> None:
    small, large = (MrScale().prepare(_head(f), GRID, 3.0) for f in (1.0, 1234.0))
    assert np.allclose(small.values_kji, large.values_kji, atol=1e-3)
    assert small.values_kji.max() == pytest.approx(1.0, abs=0.1)
    assert small.values_kji.min() < -0.95


def test_the_picture_is_cropped_to_the_head_with_a_margin() -> None:
    image = MrScale().prepare(_head(1.0), GRID, 3.0)
    extent = np.array(image.grid.shape_kji) * 3.0
    assert (extent <= np.array([90, 88, 72]) + 2 * 6 + 12).all()
    assert (extent >= np.array([90, 88, 72])).all()


@pytest.mark.parametrize("values", [np.zeros(SHAPE), np.full(SHAPE, 7.0)])
def test_an_empty_picture_is_refused(values: np.ndarray) -> None:
    with pytest.raises(RtError, match="empty"):
        MrScale().prepare(values, GRID, 3.0)


def test_voxels_that_are_no_numbers_are_refused() -> None:
    image = _head(1.0)
    image[3, 3, 3] = np.nan
    with pytest.raises(RtError, match="no numbers"):
        MrScale().prepare(image, GRID, 3.0)


def test_a_manifest_says_how_its_images_are_prepared() -> None:
    plain = {"name": "n", "version": 1, "title": "t", "architecture": "unet3d", "options": {}}
    manifest = NetworkManifest(
        **plain,  # type: ignore[arg-type]
        structures=("External", "Eyes"), spacing_mm=2.0, patch=64, weights_sha256="",
        window=MrScale(), completion="head",
    )  # fmt: skip
    again = NetworkManifest.from_json(manifest.to_json())
    assert again == manifest
    assert again.window.modality == "MR"
    assert offered_names(again.structures, again.completion) == (
        "External",
        "Eye_R",
        "Eye_L",
        "Lens_R",
        "Lens_L",
    )
