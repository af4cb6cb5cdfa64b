"""Sides, lenses and pituitary, in upright and in tilted heads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from models.datasets.head_labels import STRUCTURES
from models.inference.anatomy import complete_head, find_frame
from rt.completion import HEAD, offered_names
from rt.geometry import Grid
from rt.masks import centre_lps_mm
from tests.models.heads import GRID, MIDDLE, SHAPE, ball

NAMES = offered_names(STRUCTURES, HEAD)


def _masks() -> dict[str, npt.NDArray[np.bool_]]:
    masks = {name: np.zeros(SHAPE, dtype=bool) for name in STRUCTURES}
    masks["Intracranial"] = ball((54, 62, MIDDLE), 33) & (np.abs(np.indices(SHAPE)[2] - MIDDLE) < 24)
    masks["OpticChiasm"] = ball((40, 42, MIDDLE), 3)
    for side in (-16.0, 16.0):
        masks["Eyes"] |= ball((36, 22, MIDDLE + side), 11)
        masks["OpticNrvs"] |= ball((36, 36, MIDDLE + side), 3)
    return masks


@pytest.mark.parametrize("angles", [(0, 0), (14, 0), (0, 12), (-12, 10)])
def test_sides_follow_the_head_not_the_scanner(angles: tuple[float, float]) -> None:
    turn = Rotation.from_euler("zy", angles, degrees=True).as_matrix()
    grid = Grid.of(SHAPE, [1.0] * 3, turn @ np.array(GRID.origin_lps_mm), turn)
    found = complete_head(_masks(), grid)
    for pair in ("Eye", "OpticNrv", "Lens"):
        for side, sign in (("R", -1), ("L", 1)):
            centre = centre_lps_mm(found[f"{pair}_{side}"], grid)
            assert centre is not None, (pair, side)
            assert sign * (turn.T @ np.array(centre))[0] > 10


def test_the_mid_plane_of_a_tilted_head_is_found() -> None:
    turn = Rotation.from_euler("z", 12, degrees=True).as_matrix()
    grid = Grid.of(SHAPE, [1.0] * 3, turn @ np.array(GRID.origin_lps_mm), turn)
    frame = find_frame(_masks()["Intracranial"], grid)
    assert frame is not None
    assert np.degrees(np.arccos(frame.left @ turn[:, 0])) < 5


def test_lens_and_pituitary_have_their_size_and_place() -> None:
    found = complete_head(_masks(), GRID)
    for side in "RL":
        lens, eye = found[f"Lens_{side}"], found[f"Eye_{side}"]
        assert lens.sum() == pytest.approx(4 / 3 * np.pi * 4.5 * 2 * 4.5, rel=0.1)
        assert (lens & ~eye).sum() == 0
        assert np.argwhere(lens)[:, 1].mean() < np.argwhere(eye)[:, 1].mean() - 4, "in front"
    gland = np.argwhere(found["Pituitary"]).mean(axis=0)
    assert gland == pytest.approx([40 - 11, 42, MIDDLE], abs=1.0)


def test_without_a_skull_no_side_is_told() -> None:
    masks = _masks()
    masks["Intracranial"][:] = False
    found = complete_head(masks, GRID)
    assert tuple(found) == NAMES
    assert not any(found[name].any() for name in ("Eye_R", "Eye_L", "Lens_R", "Lens_L", "Pituitary"))


def test_what_was_not_found_is_empty_and_what_depends_on_it_too() -> None:
    masks = _masks()
    masks["OpticChiasm"][:] = False
    masks["Eyes"] &= np.indices(SHAPE)[2] > MIDDLE
    found = complete_head(masks, GRID)
    assert not found["Pituitary"].any()
    assert found["Eye_L"].any()
    assert not found["Eye_R"].any()
    assert not found["Lens_R"].any()
