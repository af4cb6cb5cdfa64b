"""Simulated corrections: resumable, the same order from the same seed, areas by the trapezoidal rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.data import load_samples
from models.simulation.active_learning import Patients, Plan, simulate
from models.simulation.curves import area, learning_curves
from models.training.loop import TrainingConfig
from rt.errors import RtError
from tests.models.synthetic import STRUCTURES, toy_manifest

PLAN = Plan(
    sizes=(1, 2), starters=1, pool=3, start_iterations=3, iterations=2, spacing_mm=6.0,
    config=TrainingConfig(options={"channels": (4, 8)}, patch=16),
)  # fmt: skip


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Patients:
    folder = tmp_path_factory.mktemp("toy")
    manifest = toy_manifest(folder, ("train",) * 4 + ("validation",))
    samples = load_samples(manifest, manifest.cases, 6.0, folder / "cache")
    return Patients(STRUCTURES, samples[:4], samples[4:])


def test_a_simulation_gives_a_row_for_each_strategy_and_size_and_is_not_done_twice(
    patients: Patients, tmp_path: Path
) -> None:
    said: list[str] = []
    rows = simulate(PLAN, patients, [1], tmp_path, said.append)
    assert [(r["strategy"], r["n"]) for r in rows] == [
        ("start", 0), ("random", 1), ("random", 2), ("gain", 1), ("gain", 2)
    ]  # fmt: skip
    assert all(0 <= row["dice"] <= 1 for row in rows)
    assert all(len(set(row["corrected"])) == row["n"] for row in rows)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")}
    assert simulate(PLAN, patients, [1], tmp_path, said.append) == rows
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")} == written


def test_too_few_patients_are_refused(patients: Patients, tmp_path: Path) -> None:
    with pytest.raises(RtError, match="needs 10 patients"):
        simulate(replace(PLAN, pool=9), patients, [1], tmp_path, lambda line: None)


def test_area_is_the_mean_height_of_the_curve() -> None:
    assert area([5, 10, 20, 40], [0.7, 0.7, 0.7, 0.7]) == pytest.approx(0.7)
    assert area([0, 1, 3], [0.0, 1.0, 1.0]) == pytest.approx(2.5 / 3)


def test_a_seed_that_is_not_through_is_left_out_and_two_seeds_claim_no_interval() -> None:
    rows = [
        {"seed": seed, "strategy": name, "n": n, "dice": 0.5 + (name == "gain") * 0.1}
        for seed in (1, 2) for name in ("random", "gain") for n in (5, 10)
    ]  # fmt: skip
    found = learning_curves([*rows, {"seed": 3, "strategy": "random", "n": 5, "dice": 0.0}])
    assert found["seeds"] == [1, 2]
    assert found["gain_minus_random"]["mean"] == pytest.approx(0.1)
    assert (found["gain_minus_random"]["low"], found["gain_minus_random"]["high"]) == (-1.0, 1.0)
