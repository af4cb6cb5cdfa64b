"""Simulated couch, mask, metal, field of view, slices and noise: where they are, and what stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from models.networks import build_network
from models.registry.network import Network, NetworkManifest, load_network
from models.registry.package import pack_weights, with_weights
from models.robustness.couch import THICKNESS_MM, on_couch
from models.robustness.dental import RADIUS_MM, place_crowns, with_dental_metal, with_metal
from models.robustness.field_of_view import CIRCLE_MM, LENGTH_MM, in_few_slices, in_small_circle
from models.robustness.immobilisation import MASK_MM, in_mask
from models.robustness.noise import SD_HU, with_noise
from models.robustness.picture import AIR_HU, NotSimulated, Patient, lps_axis_mm
from models.robustness.projections import back_projected, projected
from models.robustness.results import markdown, tabulate
from models.robustness.run import RESULTS, OtherVersion, run_robustness
from models.robustness.simulations import PLAIN, SIMULATIONS
from models.robustness.thickness import in_slices_of
from rt.geometry import Grid
from rt.manifest import DatasetManifest
from rt.metrics import dice
from tests.models.synthetic import STRUCTURES, toy_manifest

SHAPE = (40, 64, 64)
SPACING = (4.0, 4.0, 6.0)
FACING = {"face up": np.eye(3), "rows from behind": np.diag([1.0, -1.0, -1.0])}


def _patient(direction: npt.NDArray[np.float64] | None = None, width_mm: float = 80.0) -> Patient:
    """A cylinder of water 2 * `width_mm` wide and 120 mm deep, 180 mm long, in air; a jaw in front."""
    grid = Grid.of(SHAPE, SPACING, [-126, -126, -117], np.eye(3))
    if direction is not None:
        grid = Grid.of(SHAPE, SPACING, np.diag(direction) * [-126, -126, -117], direction)
    x, y, z = (lps_axis_mm(grid, axis) for axis in range(3))
    body = ((x / width_mm) ** 2 + (y / 60) ** 2 < 1) & (np.abs(z) < 90)
    jaw = (np.abs(np.hypot(x, y + 10) - 32) < 7) & (y < 0) & (np.abs(z) < 15)
    hu = np.where(jaw, 800.0, np.where(body, 0.0, -1000.0))
    return Patient(hu.astype(np.float32), grid, jaw)


def _body(patient: Patient) -> npt.NDArray[np.bool_]:
    return patient.hu_kji > -300


@pytest.mark.parametrize("facing", FACING)
def test_the_couch_lies_behind_the_body_and_outside_of_it(facing: str) -> None:
    patient = _patient(FACING[facing])
    shown = on_couch(patient)
    changed = shown.hu_kji != patient.hu_kji
    assert not changed[_body(patient)].any()
    y = lps_axis_mm(patient.grid, 1)
    assert y[changed].min() > y[_body(patient)].max()
    assert np.ptp(y[changed]) == pytest.approx(THICKNESS_MM, abs=2 * SPACING[1])
    middle = shown.hu_kji[20, :, 32]
    assert middle[changed[20, :, 32]].max() > -300, "the shell is as dense as a body"
    assert changed.any(axis=(1, 2)).all(), "it is as long as the scan"


def test_a_shell_thinner_than_a_voxel_fills_its_share_of_it() -> None:
    patient = _patient()
    added = on_couch(patient).hu_kji[20, :, 32] - patient.hu_kji[20, :, 32]
    foam, shell = -930 + 1000, 300 + 1000
    assert added.sum() * SPACING[1] == pytest.approx(2 * 3 * shell + (THICKNESS_MM - 6) * foam, rel=0.02)


def test_a_picture_that_ends_at_the_body_has_no_room_for_a_couch() -> None:
    patient = _patient()
    last = int(np.flatnonzero(_body(patient).any(axis=(0, 2))).max()) + 1
    grid = replace(patient.grid, shape_kji=(SHAPE[0], last, SHAPE[2]))
    with pytest.raises(NotSimulated, match="couch begins"):
        on_couch(Patient(patient.hu_kji[:, :last], grid))


def test_the_mask_lies_on_the_skin_of_front_and_sides_only() -> None:
    patient = _patient()
    shown = in_mask(patient)
    changed = np.abs(shown.hu_kji - patient.hu_kji) > 1
    body, y = _body(patient), lps_axis_mm(patient.grid, 1)
    assert not changed[body].any()
    assert y[changed].max() <= -60 + 0.75 * 120 + SPACING[1]
    front = (shown.hu_kji[20, :, 32] + 1000)[~body[20, :, 32]]
    assert front.sum() / 1060 * SPACING[1] == pytest.approx(MASK_MM, abs=0.2), "as thick as it is"
    assert changed[20, 32].sum() >= 2, "at both sides"
    assert not changed[~body.any(axis=(1, 2))].any()


def test_projections_are_line_integrals_and_come_back_as_the_plane() -> None:
    rows, columns = np.mgrid[:80, :96]
    disc = (np.hypot(rows - 45, columns - 40) < 20).astype(float)
    lines = projected(disc[None], 2.0)[0]
    assert lines.sum(axis=1) * 2.0 == pytest.approx(disc.sum() * 4.0, rel=0.01)
    assert lines.max() == pytest.approx(80, rel=0.03), "40 pixels of 2 mm"
    back = back_projected(lines, 2.0, disc.shape)
    inner = np.hypot(rows - 45, columns - 40) < 17
    assert back[inner].mean() == pytest.approx(1.0, abs=0.02)
    assert np.abs(back[np.hypot(rows - 45, columns - 40) > 24]).mean() < 0.02


def test_streaks_pass_through_the_metal_and_darken_what_lies_between() -> None:
    patient = _patient()
    centres = np.array([[-30.0, -20.0, 3.0], [30.0, -20.0, 3.0]])
    shown = with_metal(patient, centres)
    added = shown.hu_kji - patient.hu_kji
    x, y, z = (lps_axis_mm(patient.grid, axis) for axis in range(3))
    assert shown.hu_kji[(np.hypot(x + 30, y + 20) < 4) & (np.abs(z - 3) < 1)].min() > 1500
    assert not added[np.abs(z[:, 0, 0] - 3) > RADIUS_MM].any(), "slices without metal do not change"
    here = np.abs(z - 3) < 1
    between = here & (np.abs(x) < 15) & (np.abs(y + 20) < 3)
    aside = here & (np.abs(x) < 15) & (np.abs(y - 20) < 3)
    assert added[between].mean() < -150
    assert np.abs(added[aside]).mean() < np.abs(added[between]).mean() / 3


def test_crowns_stand_on_both_sides_of_the_jaws_front_at_its_upper_edge() -> None:
    patient = _patient()
    assert patient.jaw_kji is not None
    centres = place_crowns(patient.jaw_kji, patient.grid)
    z = lps_axis_mm(patient.grid, 2)[patient.jaw_kji]
    assert sorted(np.sign(centres[:, 0])) == [-1, -1, 1, 1]
    assert np.all(centres[:, 2] >= np.median(z)) and np.all(centres[:, 2] <= z.max())
    assert np.all(np.abs(np.hypot(centres[:, 0], centres[:, 1] + 10) - 32) < 9), "in the arch"
    first, again = (with_dental_metal(patient).hu_kji for _ in range(2))
    assert np.array_equal(first, again), "the same for the same patient"
    with pytest.raises(NotSimulated, match="jaw"):
        with_dental_metal(replace(patient, jaw_kji=None))


def test_a_small_circle_leaves_its_inside_and_air_around_it() -> None:
    patient = _patient(width_mm=140.0)
    shown = in_small_circle(patient)
    away = np.hypot(*(lps_axis_mm(patient.grid, axis) for axis in (0, 1)))
    inside, beyond = away < CIRCLE_MM / 2 - 3, away > CIRCLE_MM / 2 + 3
    assert np.array_equal(shown.hu_kji[inside], patient.hu_kji[inside])
    assert (shown.hu_kji[beyond] == AIR_HU).all()
    assert (patient.hu_kji[beyond] > -300).any(), "something was cut off"


def test_few_slices_lie_where_they_lay_in_the_patient() -> None:
    patient = replace(_patient(), grid=replace(_patient().grid, spacing_ijk_mm=(4.0, 4.0, 8.0)))
    shown = in_few_slices(patient)
    assert shown.grid.shape_kji[0] * 8.0 == pytest.approx(LENGTH_MM)
    assert shown.drawn_on == shown.grid
    assert np.array_equal(shown.hu_kji, patient.hu_kji[shown.rows])
    first = patient.grid.to_lps([0, 0, shown.rows.start])
    assert shown.grid.origin_lps_mm == pytest.approx(tuple(first))
    with pytest.raises(NotSimulated, match="200 mm"):
        in_few_slices(_patient())


@pytest.mark.parametrize("thickness", [1.0, 2.0, 4.0, 6.0, 7.0])
@pytest.mark.parametrize("facing", FACING)
def test_slices_of_another_thickness_keep_the_extent_and_the_place(thickness: float, facing: str) -> None:
    patient = _patient(FACING[facing])
    shown = in_slices_of(patient, thickness)
    assert shown.grid.spacing_ijk_mm[2] == pytest.approx(thickness, rel=0.03)
    for end, other in ((-0.5, -0.5), (shown.grid.shape_kji[0] - 0.5, SHAPE[0] - 0.5)):
        assert shown.grid.to_lps([0, 0, end]) == pytest.approx(patient.grid.to_lps([0, 0, other]))
    assert shown.drawn_on == patient.grid
    z = lps_axis_mm(shown.grid, 2)
    shape = (shown.hu_kji > -500) & (np.abs(z) < 70)
    there = (np.hypot(lps_axis_mm(shown.grid, 0) / 80, lps_axis_mm(shown.grid, 1) / 60) < 1) & (
        np.abs(z) < 70
    )
    assert dice(shape, there) > 0.97


def test_a_scan_of_one_slice_is_not_made_thicker() -> None:
    patient = _patient()
    one = Patient(patient.hu_kji[:1], replace(patient.grid, shape_kji=(1, *SHAPE[1:])))
    with pytest.raises(NotSimulated, match="6 mm"):
        in_slices_of(one, 6.0)


def test_noise_has_its_strength_and_never_falls_below_air() -> None:
    patient = _patient()
    shown = with_noise(patient)
    added = (shown.hu_kji - patient.hu_kji)[_body(patient)]
    assert added.std() == pytest.approx(SD_HU, rel=0.03)
    assert abs(added.mean()) < 1
    assert shown.hu_kji.min() >= AIR_HU


@pytest.mark.parametrize(
    "name", [n for n in SIMULATIONS if "slices of" not in n and "noise" not in n and n != PLAIN]
)
def test_air_alone_is_no_patient(name: str) -> None:
    empty = Patient(np.full(SHAPE, -1000, dtype=np.float32), _patient().grid, np.ones(SHAPE, dtype=bool))
    with pytest.raises(NotSimulated):
        SIMULATIONS[name](empty)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, DatasetManifest]:
    torch.manual_seed(0)
    options = {"channels": [4, 8]}
    packed = pack_weights(build_network("unet3d", 2, {"channels": (4, 8)}).state_dict())
    version = with_weights(
        NetworkManifest("toy", 1, "Toy", "unet3d", options, STRUCTURES, 6.0, 16, ""), packed
    )
    return load_network(version, packed), toy_manifest(tmp_path_factory.mktemp("toy"), ("validation",) * 2)


def test_every_patient_is_measured_under_every_simulation_once(
    toy: tuple[Network, DatasetManifest], tmp_path: Path
) -> None:
    network, manifest = toy
    results = run_robustness(network, manifest, manifest.cases, tmp_path)
    assert json.loads((tmp_path / RESULTS).read_text()) == json.loads(json.dumps(results))
    assert [row["name"] for row in results["rows"]] == list(SIMULATIONS)
    metal = next(row for row in results["rows"] if row["name"] == "dental metal")
    assert metal["left_out"].keys() == {"c0", "c1"} and metal["n"] == 0, "a toy has no jaw"
    noise = next(row for row in results["rows"] if row["name"].startswith("noise"))
    assert (noise["n"], noise["drawn"]) == (2, 4)
    said: list[str] = []
    kept = tmp_path / "cases" / "c1.json"
    begun = json.loads(kept.read_text())
    del begun["shown"]["treatment couch"]
    kept.write_text(json.dumps(begun))
    assert run_robustness(network, manifest, manifest.cases, tmp_path, said.append) == results
    assert said == ["c1 treatment couch"], "only what is missing is done"
    other = Network(replace(network.manifest, weights_sha256="0"), network.module, network.device)
    with pytest.raises(OtherVersion):
        run_robustness(other, manifest, manifest.cases, tmp_path)


def _found(case: str, plain: float, couch: float, flagged: bool) -> dict[str, object]:
    def shown(dice: float) -> dict[str, object]:
        score = {"case": case, "structure": "Ball_R", "dice": dice, "surface_dice": dice, "hd95_mm": 1.0}
        return {"problem": None, "scores": [score | {"flagged": flagged}]}

    none = {"problem": "no jaw", "scores": []}
    return {
        "case": case,
        "shown": dict.fromkeys(SIMULATIONS, none) | {PLAIN: shown(plain), "treatment couch": shown(couch)},
    }


def test_the_table_pairs_patients_and_names_what_was_poor_and_not_flagged(
    toy: tuple[Network, DatasetManifest],
) -> None:
    found = [_found("a", 0.8, 0.7, False), _found("b", 0.6, 0.2, False), _found("c", 0.7, 0.1, True)]
    results = tabulate(toy[0].manifest, found)
    couch = next(row for row in results["rows"] if row["name"] == "treatment couch")
    assert couch["difference"]["all"]["mean"] == pytest.approx((-0.1 - 0.4 - 0.6) / 3)
    assert couch["difference"]["structures"]["Ball_R"]["verdict"] == "worse"
    assert (couch["poor"], [s["case"] for s in couch["unflagged"]]) == (2, ["b"])
    table = markdown(results)
    assert "- treatment couch: Ball_R of b has Dice 0.20 and no flag" in table
    assert "- dental metal: without a: no jaw" in table
