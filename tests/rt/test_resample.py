"""Resampling by a matrix per axis gives what SimpleITK gives of the whole image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rt import resample as module
from rt.geometry import Grid
from rt.resample import Array, lps_grid, resample

SPACINGS = [
    ((1.0, 1.0, 2.0), 3.0),  # coarser
    ((0.7, 3.1, 5.0), 1.1),  # coarser along i, finer along j and k
    ((2.0, 2.0, 2.0), 1.0),  # samples on the faces between voxels
    ((1.0, 1.0, 1.0), 1.0),
]


def _by_itk(monkeypatch: pytest.MonkeyPatch, image: Array, source: Grid, target: Grid) -> Array:
    with monkeypatch.context() as patched:
        patched.setattr(module, "_parallel_lines", lambda *_: None)
        return resample(image, source, target, outside=-9999)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_parallel_axes_in_any_order_give_what_simpleitk_gives(
    monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    image = np.random.default_rng(0).normal(0, 500, (20, 31, 27)).astype(np.float32)
    for spacing, wanted in SPACINGS:
        source = Grid.of(image.shape, spacing, [3, -4, 5], np.eye(3)[:, list(order)] * np.array(signs))
        inner = lps_grid(source, wanted)
        around = [n + 4 for n in inner.shape_kji]
        target = Grid.of(around, inner.spacing_ijk_mm, inner.to_lps([-2, -2, -2]), inner.direction)
        seen, expected = (
            resample(image, source, target, outside=-9999),
            _by_itk(monkeypatch, image, source, target),
        )
        assert np.array_equal(seen == -9999, expected == -9999)
        assert np.abs(seen - expected).max() < 0.01


def test_a_single_slice_and_a_target_beside_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).normal(0, 500, (1, 31, 27))
    source = Grid.of(image.shape, [1, 1, 3], [0, 0, 0], np.eye(3))
    across = Grid.of((3, 40, 10), [0.7, 3, 1], [0, 0, -1], np.eye(3))
    expected = _by_itk(monkeypatch, image, source, across)
    assert np.abs(resample(image, source, across, outside=-9999) - expected).max() < 0.01
    beside = Grid.of((3, 4, 5), [1, 1, 1], [100, 0, 0], np.eye(3))
    assert (resample(image, source, beside, outside=-9999) == -9999).all()


def test_oblique_axes_are_left_to_simpleitk() -> None:
    turn = np.deg2rad(10)
    oblique = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    source = Grid.of((4, 30, 30), [1, 1, 3], [0, 0, 0], oblique)
    plane = source.to_lps(np.stack(np.meshgrid(range(30), range(30), range(4), indexing="xy"), -1))[..., 0]
    image = np.moveaxis(plane, 2, 0)  # the x of each voxel
    target = Grid.of((2, 5, 5), [1, 1, 3], [8, 12, 3], np.eye(3))
    expected = 8 + np.arange(5.0)
    assert np.abs(resample(image, source, target, outside=0) - expected).max() < 1e-3
