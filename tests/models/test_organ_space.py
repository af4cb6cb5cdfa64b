"""Common organ space: known warps are found again, means are means, and what cannot be meant is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.organ_space import (
    Organ,
    RegistrationConfig,
    SpaceConfig,
    accumulate,
    common_space,
    register,
    surface_points,
)
from models.organ_space import errors as e
from models.organ_space.known import judged, known_warp, lobed_points
from models.organ_space.mixture import Gaussians, expected
from models.organ_space.organ import MIRROR
from models.organ_space.space import shape_of
from models.organ_space.stored import from_bytes, to_bytes
from models.organ_space.template import mean_shape
from rt.dose import Dose
from rt.geometry import Grid
from rt.masks import volume_cc
from rt.metrics import dice

GRID = Grid.of((26, 44, 44), (2.0, 2.0, 3.0), (-43, -43, -37.5), np.eye(3))
SMALL = SpaceConfig(points=400, size=20, rounds=2)


def centres(grid: Grid) -> npt.NDArray[np.float64]:
    """Voxel centres (k, j, i, 3) in LPS millimetres."""
    return grid.to_lps(np.stack(np.indices(grid.shape_kji)[::-1], axis=-1))


def organ(scale: npt.ArrayLike = 1.0, side: str | None = None, lump: float = 0.3) -> Organ:
    """An ellipsoid with a lump on its left front, mirrored for the right; its dose is 30 Gy + z + x / 2."""
    at = centres(GRID) * (MIRROR if side == "R" else 1.0) / scale
    far = np.sqrt(((at / (13, 18, 26)) ** 2).sum(axis=-1))
    way = at / np.maximum(np.linalg.norm(at, axis=-1, keepdims=True), 1e-9)
    mask = far < 1 + lump * np.maximum(way @ (0.6, -0.64, 0.48), 0) ** 4
    gy = 30 + at[..., 2] + at[..., 0] / 2
    return Organ(mask, GRID, Dose(gy.astype(np.float32), GRID), side)  # type: ignore[arg-type]


@pytest.mark.parametrize("variance", [False, True])
def test_a_known_warp_is_found_across_the_surface(variance: bool) -> None:
    moving = lobed_points(1500, 1)
    known = known_warp(moving, 3, 3.0)
    found = register(moving, known.warp(lobed_points(1500, 2)), RegistrationConfig(variance=variance))
    left = judged(found, known, moving, lobed_points(800, 4, inside=True), lobed_points(40_000, 5))
    assert left.before_mm > 4
    assert left.across_mm < 0.35
    assert left.tre_surface_mm < left.before_mm
    assert found.surface_distance_mm < 1.4
    assert found.folded == 0


def test_all_pairs_on_a_device_are_what_the_tree_finds() -> None:
    moving, fixed = lobed_points(900, 1), lobed_points(800, 2)
    for mixture in (Gaussians(1.0, 0.1), Gaussians(1.5, 0.05, np.linspace(0.5, 1, 900))):
        near, every = (expected(moving, fixed, mixture, device) for device in ("cpu", "cpu:0"))
        np.testing.assert_allclose(near.weight, every.weight, atol=0.02)
        np.testing.assert_allclose(near.belonging, every.belonging, atol=0.01)
        assert near.squares == pytest.approx(every.squares, rel=0.01)
    config = RegistrationConfig(device="cpu:0", iterations=20)
    assert register(moving, fixed, config).surface_distance_mm < 2


def test_outliers_do_not_draw_the_surface_to_them() -> None:
    moving = lobed_points(800, 1)
    far = np.random.default_rng(0).normal((60, 0, 0), 2, (40, 3))
    found = register(moving, np.concatenate([lobed_points(800, 2), far]), RegistrationConfig(outliers=0.1))
    assert np.linalg.norm(found.warp(moving) - moving, axis=1).max() < 8


@given(seed=st.integers(0, 1000))
def test_the_inverse_brings_points_back(seed: int) -> None:
    points = lobed_points(200, seed, inside=True)
    warp = known_warp(points, seed, 1.5)
    back = warp.inverse(warp.warp(points))
    assert back.residual_mm.max() < 0.01
    if warp.folded_at(points) == 0:
        assert np.abs(warp.warp(back.points_xyz) - warp.warp(points)).max() < 0.01


def test_the_jacobian_is_the_derivative() -> None:
    points = lobed_points(50, 1, inside=True)
    warp, step = known_warp(points, 2, 2.0), 1e-5
    for axis in range(3):
        numeric = (
            warp.warp(points + step * np.eye(3)[axis]) - warp.warp(points - step * np.eye(3)[axis])
        ) / step
        np.testing.assert_allclose(warp.jacobian(points)[:, :, axis], numeric / 2, atol=1e-6)


def test_a_folded_warp_is_measured_and_its_inverse_ambiguous() -> None:
    points = lobed_points(2000, 1, inside=True)
    warp = known_warp(points, 1, 40.0)
    turned = np.linalg.det(warp.jacobian(points)) <= 0
    assert warp.folded_at(points) == turned.mean() > 0.05
    found = warp.inverse(warp.warp(points))
    elsewhere = (np.linalg.norm(found.points_xyz - points, axis=1) > 1) | (found.residual_mm > 0.01)
    assert elsewhere[turned].mean() > 0.3


def test_the_surface_is_finer_than_voxels_and_keeps_the_volume() -> None:
    at = centres(GRID)
    ball = np.linalg.norm(at, axis=-1) < 20
    points = surface_points(ball, GRID, 800)
    radius = np.linalg.norm(points, axis=1)
    assert len(points) == 800
    assert radius.mean() == pytest.approx(20, abs=0.15)
    assert radius.std() < 0.45


def test_what_is_no_surface_is_named() -> None:
    empty = np.zeros(GRID.shape_kji, dtype=bool)
    with pytest.raises(e.EmptySurface):
        surface_points(empty, GRID, 100)
    two = empty.copy()
    two[4:9, 4:9, 4:9] = two[15:20, 15:20, 15:20] = True
    with pytest.raises(e.DisconnectedSurface, match="2 parts, 50%"):
        surface_points(two, GRID, 100)
    speck = empty.copy()
    speck[4:12, 4:12, 4:12] = speck[20, 20, 20] = True
    assert surface_points(speck, GRID, 100)[:, 2].max() < 0
    for points, said in (
        (np.zeros((5, 3)), "fewer"), (np.zeros((50, 2)), "shape"), (np.full((50, 3), np.nan), "no numbers"),
        (np.random.default_rng(0).normal(size=(50, 3)) * (1, 1, 0), "plane"),
    ):  # fmt: skip
        with pytest.raises(e.BadPoints, match=said):
            register(points, lobed_points(50, 1))
    with pytest.raises(e.BadPoints):
        RegistrationConfig(stiffness=0)
    with pytest.raises(e.BadPoints):
        SpaceConfig(points=3)


def test_the_mean_shape_does_not_remember_where_it_began() -> None:
    organs = {"small": organ(0.8), "middle": organ(1.0), "large": organ(1.2)}
    shapes = {name: shape_of(one, SMALL) for name, one in organs.items()}
    volumes = {}
    for start in organs:
        mask, grid = mean_shape(shapes, SMALL, lambda: None, start).voxels(32)
        volumes[start] = volume_cc(mask, grid)
    truth = volume_cc(organs["middle"].mask_kji, GRID)
    assert list(volumes.values()) == pytest.approx([truth] * 3, rel=0.05)


def test_doses_on_the_template_and_a_map_back_on_the_patient() -> None:
    organs = {f"P{n}": organ([1 + 0.05 * n, 1, 1 - 0.04 * n]) for n in range(4)}
    shares: list[float] = []
    space = common_space(organs, SMALL, shares.append)
    assert (space.patients, space.failed) == (("P0", "P1", "P2", "P3"), {})
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(one.dice > 0.92 and one.folded == 0 for one in space.quality.values())
    doses = space.doses_nkji[:, space.mask_kji]
    assert doses.std(axis=0).mean() < 1.6, "the dose of each is a function of the organ's own coordinates"
    assert (space.doses_nkji[:, ~space.mask_kji] == 0).all()
    back = space.on_patient(space.doses_nkji[2], "P2", GRID)
    inside = organs["P2"].mask_kji & (back > 0)
    dose = organs["P2"].dose
    assert dose is not None
    assert np.abs(back - dose.gy_kji)[inside].mean() < 0.3
    assert dice(back > 0, organs["P2"].mask_kji) > 0.92
    kept = from_bytes(to_bytes(space))
    assert (kept.patients, kept.quality, kept.grid) == (space.patients, space.quality, space.grid)
    np.testing.assert_array_equal(kept.on_patient(space.doses_nkji[2], "P2", GRID), back)
    other = Grid.of(GRID.shape_kji, GRID.spacing_ijk_mm, (500, 500, 500), np.eye(3))
    assert not space.on_patient(space.doses_nkji[2], "P2", other).any()


def test_organs_of_both_sides_are_mirrored_only_when_it_is_asked_for() -> None:
    organs = {"A": organ(side="L"), "B": organ(1.05, side="R"), "C": organ(0.95, side="L")}
    with pytest.raises(e.OppositeSides, match="B: 1 right organs beside 2 left"):
        common_space(organs, SMALL)
    space = common_space(organs, replace(SMALL, mirror_to="L"))
    assert space.told()["mirrored"] == ["B"]
    doses = space.doses_nkji[:, space.mask_kji]
    assert doses.std(axis=0).mean() < 1.0
    back = space.on_patient(space.doses_nkji[1], "B", GRID)
    assert dice(back > 0, organs["B"].mask_kji) > 0.9
    with pytest.raises(e.OppositeSides, match="says no side"):
        common_space({"A": organ()}, replace(SMALL, mirror_to="L"))


def test_patients_who_cannot_be_used_are_named_and_too_few_refused() -> None:
    good = {f"P{n}": organ(1 + 0.03 * n) for n in range(3)}
    two = organ().mask_kji.copy()
    two[0:4, 0:4, 0:4] = two[-4:, -4:, -4:] = True
    part = Grid.of((26, 44, 10), GRID.spacing_ijk_mm, GRID.origin_lps_mm, np.eye(3))
    short = Dose(np.ones(part.shape_kji, np.float32), part)
    bad = {
        "nothing": replace(organ(), mask_kji=np.zeros(GRID.shape_kji, dtype=bool)),
        "parts": replace(organ(), mask_kji=two),
        "no dose": replace(organ(), dose=None),
        "short": replace(organ(), dose=short),
    }
    space = common_space(good | bad, replace(SMALL, speck=0.001))
    assert space.patients == tuple(good)
    assert {name: slug for name, (slug, _) in space.failed.items()} == {
        "nothing": "empty-surface", "parts": "disconnected-surface",
        "no dose": "dose-unknown", "short": "dose-unknown",
    }  # fmt: skip
    with pytest.raises(e.TooFewOrgans, match="there is no dose"):
        common_space({"A": organ(), "no dose": replace(organ(), dose=None)}, SMALL)


def test_a_fold_and_a_poor_fit_leave_a_patient_out() -> None:
    organs = {f"P{n}": organ(1 + 0.03 * n) for n in range(3)}
    with pytest.raises(e.TooFewOrgans, match=r"Dice of 0\.9"):
        common_space(organs, replace(SMALL, min_dice=0.999))
    thin = replace(organ(1.0), mask_kji=organ(1.0).mask_kji & (np.abs(centres(GRID)[..., 0]) < 3))
    loose = RegistrationConfig(stiffness=1e-6, width=0.08)
    space = common_space(
        organs | {"P3": organ(0.9), "thin": thin},
        replace(SMALL, registration=loose, min_dice=0.1),
    )
    assert space.failed["thin"][0] == "folded-warp"


def test_fractions_add_up_and_doubts_are_told() -> None:
    fractions = [organ(), organ([1.05, 1, 0.95]), organ(0.97)]
    sum_of = accumulate(fractions, SMALL)
    once = fractions[0].dose
    assert once is not None
    inside = fractions[0].mask_kji
    assert np.abs(sum_of.gy_kji - 3 * once.gy_kji)[inside].mean() < 3
    assert all(one.dice > 0.93 and not one.doubts for one in sum_of.fractions)
    assert sum_of.fractions[1].warped_mass_gycc == pytest.approx(sum_of.fractions[1].mass_gycc, rel=0.05)
    (_, swollen) = accumulate([organ(), organ(1.25)], SMALL).fractions
    assert swollen.volume_ratio == pytest.approx(1.95, rel=0.05)
    assert swollen.doubts == ("volume",)
    with pytest.raises(e.DoseUnknown, match="fraction 2: there is no dose"):
        accumulate([organ(), replace(organ(), dose=None)], SMALL)
    with pytest.raises(e.TooFewOrgans):
        accumulate([], SMALL)
