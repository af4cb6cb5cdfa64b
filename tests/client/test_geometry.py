"""The client's geometry, held against the server's."""

from __future__ import annotations

import numpy as np
import pytest

from rinkaku_client import Geometry
from rinkaku_client.problems import BadGeometry
from tests.rt.grids import ORIENTATIONS, oriented_grid

INDEX = np.array([[0, 0, 0], [3, 1, 2], [-0.5, 2.25, 7]])


@pytest.mark.parametrize("name", [*ORIENTATIONS, "oblique"])
def test_index_and_millimetre_agree_with_the_server(name):
    grid = oriented_grid(name, (4, 5, 6))
    geometry = Geometry.from_json(grid.to_json())
    assert geometry.to_json() == grid.to_json()
    assert geometry.voxel_mm3 == grid.voxel_mm3
    np.testing.assert_allclose(geometry.affine, grid.affine)
    np.testing.assert_allclose(geometry.to_lps(INDEX), grid.to_lps(INDEX))
    np.testing.assert_allclose(geometry.to_index(grid.to_lps(INDEX)), INDEX, atol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape_kji": [4, 5]},
        {"shape_kji": [0, 5, 6]},
        {"spacing_ijk_mm": [1, 1, 0]},
        {"origin_lps_mm": [0, 0, float("nan")]},
        {"origin_lps_mm": "here"},
        {"direction": [[1, 0, 0], [0, 1, 0], [0, 1, 1]]},
        {"direction": None},
    ],
)
def test_grids_that_cannot_be_are_refused(wrong):
    grid = oriented_grid("HFS", (4, 5, 6)).to_json()
    with pytest.raises(BadGeometry):
        Geometry.from_json(grid | wrong)
    missing = next(iter(wrong))
    with pytest.raises(BadGeometry, match=missing):
        Geometry.from_json({name: value for name, value in grid.items() if name != missing})
