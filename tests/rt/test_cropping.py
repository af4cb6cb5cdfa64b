"""Regions of structures and dose, and the part of a grid that holds them."""

from __future__ import annotations

import numpy as np
import pytest

from rt.cropping import Region, part_of
from rt.dose import Dose
from rt.errors import DoseError, MaskError
from rt.geometry import Grid
from rt.masks import Mask, bounding_box

C, S = np.cos(0.3), np.sin(0.3)
GRID = Grid.of((4, 6, 8), (1.0, 2.0, 3.0), (5.0, -7.0, 9.0), np.array([[1, 0, 0], [0, C, -S], [0, S, C]]))


def _columns(first: int, last: int) -> Mask:
    mask = np.zeros(GRID.shape_kji, dtype=np.bool_)
    mask[1:3, 1:5, first:last] = True
    return mask


MASKS = {"Lung_L": _columns(0, 4), "Lung_R": _columns(4, 8), "GTV": _columns(3, 5), "Body": _columns(0, 8)}
DOSE = Dose(np.broadcast_to(5 * np.arange(8, dtype=np.float32), GRID.shape_kji).copy(), GRID)
"""5 Gy more each column."""


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (Region(("Lung_L",)), _columns(0, 4)),
        (Region(("Lung_L", "GTV")), _columns(3, 4)),
        (Region(("Lung_L", "Lung_R"), any_of=True), _columns(0, 8)),
        (Region(("Lung_L", "Lung_R"), any_of=True, without=("GTV",)), _columns(0, 3) | _columns(5, 8)),
        (Region(("Lung_L", "Lung_R"), any_of=True, without=("GTV",), isodose_gy=20), _columns(5, 8)),
        (Region(("Body",), isodose_gy=30), _columns(6, 8)),
    ],
)
def test_structures_and_dose_make_a_region(region: Region, expected: Mask) -> None:
    assert np.array_equal(region.mask(MASKS, GRID, DOSE), expected)


def test_an_isodose_alone_is_a_region_and_a_margin_is_added_at_the_end() -> None:
    assert np.array_equal(Region(isodose_gy=30).mask({}, GRID, DOSE), DOSE.gy_kji >= 30)
    grown = Region(("GTV",), margin_mm=1).mask(MASKS, GRID, None)
    assert np.array_equal(grown, _columns(2, 6)), "1 mm is a voxel along i and less than one along j and k"


def test_what_is_unknown_or_empty_is_no_region() -> None:
    with pytest.raises(MaskError, match="Heart is unknown"):
        Region(("Body",), without=("Heart",)).mask(MASKS, GRID, DOSE)
    with pytest.raises(DoseError, match="no dose"):
        Region(("Body",), isodose_gy=20).mask(MASKS, GRID, None)
    with pytest.raises(MaskError, match="empty"):
        Region(("Lung_L", "Lung_R")).mask(MASKS, GRID, DOSE)


def test_a_part_of_a_grid_lies_where_it_lay() -> None:
    box = bounding_box(MASKS["GTV"])
    assert box is not None
    part = part_of(GRID, box)
    assert part.shape_kji == (2, 4, 2)
    assert np.allclose(part.to_lps([1, 2, 1]), GRID.to_lps([4, 3, 2]))
