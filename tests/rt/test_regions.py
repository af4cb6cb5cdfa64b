"""Body, lungs and bones on a phantom whose volumes are known."""

from __future__ import annotations

import numpy as np
import pytest

from rt.geometry import Grid
from rt.masks import volume_cc
from rt.regions import find_body, find_bones, find_lungs, outside_body_cc

SHAPE = (40, 96, 112)


def phantom(spacing=(4.0, 4.0, 5.0), flip_i=False):
    """A torso on a couch: two lungs joined by a bronchus, a trachea above them, a spine with marrow."""
    direction = np.diag([-1.0 if flip_i else 1.0, 1.0, 1.0])
    grid = Grid.of(SHAPE, spacing, (0.0, 0.0, 0.0), direction)
    k, j, i = np.ogrid[tuple(slice(n) for n in SHAPE)]
    hu = np.full(SHAPE, -1000, np.int16)
    body = np.broadcast_to(((i - 56) / 45) ** 2 + ((j - 44) / 30) ** 2 < 1, SHAPE)
    hu[body] = 30
    lungs = {}
    for name, centre in (("low", 36), ("high", 76)):
        lungs[name] = ((i - centre) / 12) ** 2 + ((j - 40) / 16) ** 2 + ((k - 14) / 11) ** 2 < 1
        hu[lungs[name]] = -800
    hu[13:15, 39:41, 36:76] = -980
    hu[np.broadcast_to(((i - 56) ** 2 + (j - 34) ** 2 < 9) & (k > 13), SHAPE)] = -1000
    spine = np.broadcast_to((i - 56) ** 2 + (j - 62) ** 2 < 49, SHAPE)
    marrow = np.broadcast_to((i - 56) ** 2 + (j - 62) ** 2 < 16, SHAPE)
    hu[spine] = 700
    hu[marrow] = 150
    hu[:, 86:89, 10:102] = 100
    return hu, grid, body, lungs, spine


def test_body_is_without_couch_and_without_holes():
    hu, grid, body, _, _ = phantom()
    found = find_body(hu, grid)
    assert (found != body).sum() < 0.01 * body.sum()


def test_airway_that_opens_to_the_outside_is_in_the_body():
    hu, grid, body, _, _ = phantom()
    hu[20:30, 8:50, 55:57] = -1000
    found = find_body(hu, grid)
    assert found[24, 20:50, 55:57].all()
    assert (found != body).sum() < 0.02 * body.sum()


def test_specks_of_a_mask_at_the_skin_are_not_the_body():
    hu, grid, body, _, _ = phantom()
    shell = np.zeros_like(body)
    shell[:, 13 - 2 : 13, 40:70:6] = True
    shell &= ~body
    hu[shell] = 50
    found = find_body(hu, grid)
    assert shell.any() and not found[shell & ~np.roll(body, -1, 1)].any()


def test_jaw_before_an_open_mouth_is_in_the_body():
    hu, grid, body, _, _ = phantom()
    jaw = body.copy()
    jaw[:20], jaw[:, 24:] = False, False
    hu[20:, 24:27] = -1000
    found = find_body(hu, grid)
    assert found[jaw].mean() > 0.95


@pytest.mark.parametrize("flip_i", [False, True])
def test_lungs_are_named_by_the_patients_side(flip_i):
    hu, grid, body, lungs, _ = phantom(flip_i=flip_i)
    found = find_lungs(hu, grid, body)
    left, right = ("low", "high") if flip_i else ("high", "low")
    assert set(found) == {"Lung_L", "Lung_R"}
    for name, which in (("Lung_L", left), ("Lung_R", right)):
        overlap = (found[name] & lungs[which]).sum() * 2 / (found[name].sum() + lungs[which].sum())
        assert overlap > 0.97


def test_head_without_lungs_has_none():
    hu, grid, body, lungs, _ = phantom()
    hu[lungs["low"] | lungs["high"]] = 30
    hu[13:15, 39:41, 36:76] = 30
    assert find_lungs(hu, grid, body) == {}


def test_bones_are_filled_and_vessels_are_not_bones():
    hu, grid, body, _, spine = phantom()
    hu[5:30, 20:24, 54:58] = 300
    found = find_bones(hu, body, grid)
    assert volume_cc(found & ~spine, grid) == 0.0
    assert (found == spine).all()


def test_brain_is_not_bone():
    grid = Grid.of((6, 120, 120), (1.5, 1.5, 3.0), (0.0, 0.0, 0.0), np.eye(3))
    _, j, i = np.ogrid[:6, :120, :120]
    radius = np.broadcast_to(np.hypot(i - 60, j - 60), grid.shape_kji)
    hu = np.where(radius < 52, 40, -1000)
    skull = (radius > 42) & (radius < 48)
    hu[skull] = 900
    bones = find_bones(hu, radius < 52, grid)
    assert bones[skull].all()
    assert not bones[radius < 40].any()


def box(*slices):
    mask = np.zeros(SHAPE, bool)
    mask[slices] = True
    return mask


def test_a_stroke_in_the_air_is_outside_the_body_by_its_volume():
    hu, grid, *_ = phantom()
    stroke = box(20, slice(2, 6), slice(2, 7))
    assert outside_body_cc(stroke, hu, grid) == pytest.approx(volume_cc(stroke, grid))
    fine = Grid.of(SHAPE, (0.9, 0.9, 3.0), (0.0, 0.0, 0.0), np.eye(3))
    odd = box(slice(18, 22), slice(1, 4), slice(1, 6))
    assert outside_body_cc(odd, hu, fine) == pytest.approx(volume_cc(odd, fine)), (
        "also where pixels are joined"
    )


def test_air_in_the_body_and_margins_around_it_are_not_outside():
    hu, grid, body, lungs, _ = phantom()
    wide = body.copy()
    for axis in (1, 2):
        wide |= np.roll(wide, 1, axis) | np.roll(wide, -1, axis)
    for inside in (body, wide, lungs["low"], box(slice(14, 40), slice(31, 37), slice(53, 59))):
        assert (inside & (hu < -300)).any() or inside is body
        assert outside_body_cc(inside, hu, grid) == 0.0


def test_less_than_a_stroke_and_a_scan_of_air_raise_no_doubt():
    hu, grid, *_ = phantom()
    assert (
        outside_body_cc(box(20, 3, 3), hu, Grid.of(SHAPE, (1.0, 1.0, 3.0), (0.0, 0.0, 0.0), np.eye(3))) == 0.0
    )
    assert outside_body_cc(box(20, slice(2, 6), slice(2, 7)), np.full(SHAPE, -1000, np.int16), grid) == 0.0
