"""A side in a name is held against where the structure lies."""

from __future__ import annotations

import numpy as np
import pytest

from rt.laterality import Placed, check_sides, placed
from rt.nomenclature import tg263_name
from tests.rt.grids import ORIENTATIONS, oriented_grid, plain_grid


def at(**x_mm: float) -> list[Placed]:
    """Structures by the x of their centres in LPS (left is positive)."""
    found = []
    for name, x in x_mm.items():
        match = tg263_name(name)
        assert match is not None
        found.append(Placed(name, match.name, match.side, x))
    return found


def doubts(**x_mm: float) -> list[tuple[str, str]]:
    return [(one.structure, one.slug) for one in check_sides(at(**x_mm))]


def test_a_pair_in_order_is_not_doubted() -> None:
    assert doubts(Parotid_L=60, Parotid_R=-60, External=0) == []


def test_a_pair_that_is_swapped_is_doubted_on_both_sides() -> None:
    assert doubts(Parotid_L=-60, Parotid_R=60) == [("Parotid_L", "side"), ("Parotid_R", "side")]
    (first, _) = check_sides(at(Parotid_L=-60, Parotid_R=60))
    assert first.values == {"right": "Parotid_R", "left": "Parotid_L"}


def test_one_without_a_partner_is_held_against_the_body() -> None:
    assert doubts(Parotid_L=-60, External=2) == [("Parotid_L", "side-of-midline")]
    assert doubts(Parotid_R=62, External=2) == [("Parotid_R", "side-of-midline")]
    (doubt,) = check_sides(at(Parotid_R=62, External=2))
    assert doubt.values == {"name": "Parotid_R", "mm": 60}


def test_the_body_need_not_lie_in_the_middle_of_the_scanner() -> None:
    assert doubts(Breast_L=-20, External=-120) == []
    assert doubts(Breast_L=-220, External=-120) == [("Breast_L", "side-of-midline")]


def test_without_a_body_organs_in_the_middle_and_other_pairs_tell_the_mid_plane() -> None:
    assert doubts(Parotid_L=-60, SpinalCord=1) == [("Parotid_L", "side-of-midline")]
    assert doubts(Parotid_L=-60, Eye_L=30, Eye_R=-30) == [("Parotid_L", "side-of-midline")]
    assert doubts(Parotid_L=-60) == [], "nothing tells where the middle is"


def test_both_of_a_pair_on_one_side_is_doubted() -> None:
    assert doubts(Parotid_L=-50, Parotid_R=-70, External=0) == [("Parotid_L", "side-of-midline")]


@pytest.mark.parametrize("x_mm", [{"Chestwall_L": -10}, {"Ventricle_R": 35}, {"V_Brachioceph_L": -18}])
def test_what_lies_across_the_middle_is_not_doubted(x_mm: dict[str, float]) -> None:
    assert doubts(External=0, **x_mm) == []


def test_margins_around_paired_organs_have_sides_too() -> None:
    assert doubts(OpticNrv_PRV03_L=-20, OpticNrv_PRV03_R=20) == [
        ("OpticNrv_PRV03_L", "side"),
        ("OpticNrv_PRV03_R", "side"),
    ]


@pytest.mark.parametrize("orientation", [*ORIENTATIONS, "oblique"])
def test_the_place_is_in_the_patient_whatever_the_orientation(orientation: str) -> None:
    grid = oriented_grid(orientation, (4, 5, 6))
    mask = np.zeros(grid.shape_kji, dtype=bool)
    mask[1, 2, 1:4] = True
    found = placed("Eye_L_2", "Auge li", mask, grid)
    assert found is not None
    assert (found.name, found.tg263, found.side) == ("Eye_L_2", "Eye_L", "L")
    assert found.x_mm == pytest.approx(grid.to_lps([2, 2, 1])[0])


def test_an_empty_structure_lies_nowhere() -> None:
    grid = plain_grid((2, 3, 4))
    assert placed("Eye_L", "Eye_L", np.zeros(grid.shape_kji, dtype=bool), grid) is None
