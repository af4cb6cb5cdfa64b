"""Two histogram engines, one definition: `rt/dvh.py` and the page's `frontend/src/lib/dvh.ts`.

`frontend/src/lib/dvh.vectors.json` holds masks, doses and what the server's engine makes of them.  The test
here fails when that engine no longer says what stands there, `frontend/src/lib/dvh-vectors.test.ts` when the
page's does not.  After a change of the definition `python -m tests.rt.test_dvh_vectors` writes it anew.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rt.dose import Dose
from rt.dose_metrics import parse_metric
from rt.dvh import Dvh, dvh_of_mask
from rt.geometry import FloatArray, Grid
from rt.masks import Mask, encode_mask

VECTORS = Path(__file__).parents[2] / "frontend" / "src" / "lib" / "dvh.vectors.json"
METRICS = (
    "mean", "min", "max", "D100", "D99", "D98", "D95", "D50", "D2", "D0", "D0.03cc", "D0.1cc", "D1cc",
    "V20Gy", "V45Gy", "V65.1Gy", "V20Gycc", "V45Gycc", "V70Gycc",
)  # fmt: skip
SLOPE = 0.005
"""Gy of one stored unit."""
OBLIQUE = np.array([[0.9, -0.4, 0.173], [0.43, 0.88, -0.2], [-0.072, 0.254, 0.964]])


@dataclass(frozen=True)
class Case:
    """A structure in a dose."""

    name: str
    grid: Grid
    mask: Mask
    dose_grid: Grid
    stored: npt.NDArray[np.int16]

    @property
    def dvh(self) -> Dvh:
        """By the server's engine."""
        doses = self.stored.astype(np.float32) * np.float32(SLOPE)
        return dvh_of_mask(self.mask, self.grid, Dose(doses, self.dose_grid))

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        dvh = self.dvh
        values = {text: parse_metric(text).of(dvh) for text in METRICS}
        return {
            "name": self.name,
            "grid": self.grid.to_json(),
            "mask": base64.b64encode(encode_mask(self.mask)).decode(),
            "dose_grid": self.dose_grid.to_json(),
            "stored": base64.b64encode(self.stored.astype("<i2").tobytes()).decode(),
            "slope": SLOPE,
            "volume_cc": round(dvh.volume_cc, 6),
            "outside_fraction": round(dvh.outside_fraction, 6),
            "values": {text: None if value is None else round(value, 4) for text, value in values.items()},
        }


def plan(grid: Grid) -> npt.NDArray[np.int16]:
    """70 Gy on a target at the origin with flanks of a few millimetres, and a beam from the left."""
    k, j, i = np.indices(grid.shape_kji)
    x, y, z = np.moveaxis(grid.to_lps(np.stack([i, j, k], axis=-1)), -1, 0)
    flank = 1 / (1 + np.exp((np.hypot(np.hypot(x, y), z / 1.3) - 15) / 2.2))
    beam = 22 * np.exp(-((y / 8) ** 2) - (z / 12) ** 2) * (x > -20)
    gray: FloatArray = 70 * flank * (1 + 0.03 * np.sin(x / 3)) + beam
    return np.rint(gray / SLOPE).astype(np.int16)


def ball(grid: Grid, centre: tuple[float, float, float], radius_mm: float, stretch: float = 1.0) -> Mask:
    """The voxels whose centres lie in an ellipsoid that is longer along z."""
    k, j, i = np.indices(grid.shape_kji)
    away = grid.to_lps(np.stack([i, j, k], axis=-1)) - np.asarray(centre)
    inside: Mask = np.hypot(np.hypot(away[..., 0], away[..., 1]), away[..., 2] / stretch) <= radius_mm
    return inside


def centred(
    shape_kji: tuple[int, int, int],
    spacing_ijk: tuple[float, float, float],
    axes: FloatArray,
    off: float = 0.0,
) -> Grid:
    """A grid whose middle is the origin, moved by some millimetres."""
    middle = axes @ ((np.asarray(shape_kji)[::-1] - 1) / 2 * np.asarray(spacing_ijk))
    return Grid.of(shape_kji, spacing_ijk, off - middle, axes)


def cases() -> list[Case]:
    """Targets, a cord, what ends with the dose, voxels that are cut in parts, and grids of any direction."""
    upright, turned = np.eye(3), np.linalg.qr(OBLIQUE)[0]
    turned *= np.sign(np.diag(turned))
    prone = np.diag([-1.0, -1.0, 1.0])
    sagittal = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    fine = centred((20, 48, 52), (1.2, 1.2, 3.0), upright)
    coarse = centred((14, 20, 22), (3.0, 3.0, 4.0), upright, 0.7)
    thick = centred((8, 16, 16), (4.0, 4.0, 6.5), upright, 0.3)
    small = centred((9, 11, 12), (2.5, 2.5, 2.5), upright, 0.4)
    tilted = centred((18, 22, 22), (2.6, 2.9, 3.1), turned, 0.2)
    flat = centred((1, 20, 22), (3.0, 3.0, 4.0), upright, 0.7)
    lying = centred((22, 14, 20), (3.0, 4.0, 3.0), sagittal, -0.4)
    target, cord = ((0.0, 0.0, 0.0), 13.0), ((17.0, 9.0, 0.0), 2.2)
    one = np.zeros(fine.shape_kji, dtype=np.bool_)
    one[10, 36, 26] = True
    found = [
        ("target that reaches into the flanks", fine, ball(fine, *target, stretch=1.4), coarse),
        ("cord of two voxels beside the target", fine, ball(fine, *cord, stretch=12.0), coarse),
        ("one voxel in the flank", fine, one, coarse),
        ("voxels larger than the dose's, in parts", thick, ball(thick, (3.0, 0.0, 0.0), 14.0), small),
        ("half a dose voxel around the dose grid", fine, ball(fine, (0.0, 0.0, 0.0), 22.0), small),
        ("dose grid turned against the image", fine, ball(fine, *target), tilted),
        ("image turned against the dose, in parts", tilted, ball(tilted, *target), small),
        ("dose of one plane", fine, ball(fine, *target), flat),
        ("dose stored from left to right", fine, ball(fine, (8.0, 4.0, 2.0), 12.0), lying),
        (
            "patient who lies prone",
            centred((20, 48, 52), (1.2, 1.2, 3.0), prone),
            ball(fine, *target),
            coarse,
        ),
    ]
    return [Case(name, grid, mask, dose, plan(dose)) for name, grid, mask, dose in found]


def written() -> list[dict[str, Any]]:
    """What stands in the file."""
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    return found


def test_the_file_holds_these_cases_and_no_others() -> None:
    keys = ("name", "grid", "mask", "dose_grid", "stored", "slope")
    assert [{key: one[key] for key in keys} for one in written()] == [
        {key: json.loads(json.dumps(case.to_json()))[key] for key in keys} for case in cases()
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_engine_of_the_server_says_what_the_page_is_held_against(case: Case) -> None:
    (told,) = [one for one in written() if one["name"] == case.name]
    dvh = case.dvh
    assert dvh.volume_cc == pytest.approx(told["volume_cc"], abs=1e-5)
    assert dvh.outside_fraction == pytest.approx(told["outside_fraction"], abs=1e-5)
    values = {text: parse_metric(text).of(dvh) for text in METRICS}
    assert values == pytest.approx(told["values"], abs=1e-3)


def test_cases_are_ones_that_counting_voxel_centres_gets_wrong() -> None:
    """Against the dose at voxel centres: what the page did before, and why it no longer may."""
    wrong = {}
    for case in cases():
        doses, within = Dose(case.stored * np.float32(SLOPE), case.dose_grid).on(case.grid)
        wrong[case.name] = case.dvh.max_gy - float(doses[case.mask & within].max())
    assert wrong["cord of two voxels beside the target"] > 0.5
    assert wrong["one voxel in the flank"] > 0.5
    assert {case.dvh.outside_fraction > 0 for case in cases()} == {True, False}


if __name__ == "__main__":
    VECTORS.write_text(json.dumps([case.to_json() for case in cases()], indent=1) + "\n")
