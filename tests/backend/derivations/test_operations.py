"""Each operation, on blocks whose outcome is known without computing it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.backend.derivations.conftest import Deriving, combined, even, same, sides, structure
from tests.factories.scenes import SPACING_IJK_MM, block

K, J = slice(2, 6), slice(6, 16)


@pytest.fixture
def parotid(deriving: Deriving) -> str:
    """Columns 4 to 9."""
    return deriving.draw("Parotid_L", block(deriving.scene.grid, K, J, slice(4, 10)))


@pytest.fixture
def mandible(deriving: Deriving) -> str:
    """Columns 8 to 14."""
    return deriving.draw("Bone_Mandible", block(deriving.scene.grid, K, J, slice(8, 15)))


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("union", slice(4, 15)), ("intersect", slice(8, 10)), ("subtract", slice(4, 8))],
)
def test_two_blocks_are_combined(deriving, parotid, mandible, kind, columns):
    deriving.derive("Derived", structure(parotid), combined(kind, structure(mandible)))
    assert same(deriving.mask("Derived"), block(deriving.scene.grid, K, J, columns))


@pytest.mark.parametrize(
    ("side", "mm", "grown"),
    [
        ("left", 3.0, (K, J, slice(4, 13))),
        ("right", 2.5, (K, J, slice(2, 10))),
        ("anterior", 3.0, (K, slice(4, 16), slice(4, 10))),
        ("posterior", 1.5, (K, slice(6, 17), slice(4, 10))),
        ("superior", 5.9, (slice(2, 7), J, slice(4, 10))),
        ("inferior", 6.0, (slice(0, 6), J, slice(4, 10))),
    ],
)
def test_a_margin_moves_the_patients_side_that_it_names(deriving, parotid, side, mm, grown):
    deriving.derive("Derived", structure(parotid, sides("grow", **{side: mm})))
    assert same(deriving.mask("Derived"), block(deriving.scene.grid, *grown))


def test_shrinking_moves_a_side_in(deriving, parotid):
    step = {"kind": "margin", "margin": sides("shrink", left=2.0, superior=3.0)}
    deriving.derive("Derived", structure(parotid), step)
    assert same(deriving.mask("Derived"), block(deriving.scene.grid, slice(2, 5), J, slice(4, 8)))


def test_one_margin_for_all_sides_is_a_ball_about_each_voxel(deriving):
    grid = deriving.scene.grid
    dot = deriving.draw("Dot", block(grid, slice(4, 5), slice(12, 13), slice(10, 11)))
    deriving.derive("Ball", structure(dot, even("grow", 4.0)))
    k, j, i = np.indices(grid.shape_kji)
    di, dj, dk = ((a - b) * mm for a, b, mm in zip((i, j, k), (10, 12, 4), SPACING_IJK_MM, strict=True))
    assert same(deriving.mask("Ball"), di**2 + dj**2 + dk**2 <= 4.0**2 + 1e-3)


def test_a_crop_keeps_what_is_farther_outside_than_the_distance(deriving, parotid, mandible):
    crop = {"kind": "crop", "keep": "outside", "operand": structure(mandible), "mm": 3.0}
    deriving.derive("Derived", structure(parotid), crop)
    assert same(deriving.mask("Derived"), block(deriving.scene.grid, K, J, slice(4, 5)))


def test_a_crop_keeps_what_is_deeper_inside_than_the_distance(deriving, mandible):
    grid = deriving.scene.grid
    body = deriving.draw("External", block(grid, slice(0, 8), slice(0, 24), slice(0, 14)))
    crop = {"kind": "crop", "keep": "inside", "operand": structure(body), "mm": 2.0}
    deriving.derive("Derived", structure(mandible), crop)
    assert same(deriving.mask("Derived"), block(grid, K, J, slice(8, 12)))


def test_steps_follow_each_other(deriving, parotid, mandible):
    """The margin of an operand is its own, a step of margin is of all that is there."""
    cut = combined("subtract", structure(mandible, sides("grow", right=1.0)))
    grow = {"kind": "margin", "margin": sides("grow", left=2.0)}
    deriving.derive("Derived", structure(parotid), cut, grow)
    assert same(deriving.mask("Derived"), block(deriving.scene.grid, K, J, slice(4, 9)))
    assert deriving.shown("Derived")["head"]["reason"] == (
        "Parotid_L, without Bone_Mandible grown by L 0 R 1 A 0 P 0 S 0 I 0 mm, "
        "then grown by L 2 R 0 A 0 P 0 S 0 I 0 mm"
    )


def test_what_leaves_nothing_is_said_and_counts_as_unknown(deriving, parotid):
    deriving.derive("Derived", structure(parotid), combined("subtract", structure(parotid)))
    shown = deriving.shown("Derived")
    assert shown["head"]["volume_cc"] == 0
    assert [one["slug"] for one in shown["plausibility"]] == ["derived-empty"]
    assert shown["unknown"]
    deriving.derive("Rest", structure(parotid), combined("subtract", structure(deriving.ids["Derived"])))
    assert same(deriving.mask("Rest"), deriving.mask("Parotid_L"))
