"""Planted outcomes: the same for a seed, as likely as the rule says, looked for by one command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.outcome.crops import Patient
from models.outcome.experiment import Experiment, run_planted, small_config
from models.outcome.openkbp import patients
from models.outcome.planted import Planting, hot_dose, plant, texture, volume
from models.statistics.merit import auc
from rt.dose import Dose
from rt.errors import DoseError
from rt.resample import write_nifti
from tests.models.synthetic import SHAPE, toy_case, toy_grid

MEASURED = {f"pt_{n}": float(value) for n, value in enumerate(np.random.default_rng(0).gamma(2, 50, 2000))}


def toy_openkbp(folder: Path, count: int) -> None:
    """Patients whose two balls are parotids, with a block between them as tumour, as OpenKBP stores them."""
    for number in range(count):
        hu, masks = toy_case(number)
        side = 4 + number % 5
        tumour = np.zeros(SHAPE, dtype=bool)
        tumour[20 - side : 20 + side, 20:28, 24:32] = True
        bits = masks["Ball_R"] * 4 + masks["Ball_L"] * 8 + tumour * (128 if number % 2 else 512)
        cgy = np.broadcast_to(np.linspace(0, 7000, SHAPE[2]), SHAPE)
        at = folder / f"pt_{number + 1}"
        at.mkdir()
        write_nifti(at / "ct.nii.gz", hu, toy_grid())
        write_nifti(at / "structures.nii.gz", bits.astype(np.uint16), toy_grid())
        write_nifti(at / "dose_cgy.nii.gz", cgy.astype(np.uint16), toy_grid())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("openkbp")
    toy_openkbp(made, 30)
    return made


@pytest.mark.parametrize("rule", ["texture", "dose", "volume"])
def test_the_quantity_decides_as_strongly_as_asked(rule: str) -> None:
    planted = plant(Planting(rule, effect=2.5), MEASURED)
    assert planted.events.mean() == pytest.approx(0.35, abs=0.03)
    assert planted.ceiling == pytest.approx(0.90, abs=0.02)
    assert plant(Planting(rule, effect=0.5), MEASURED).ceiling < 0.7


def test_where_nothing_is_planted_nothing_is_related() -> None:
    planted = plant(Planting("nothing"), MEASURED)
    assert planted.ceiling == 0.5
    marker = auc(planted.events, planted.clinical[0].values)
    assert marker.low < 0.5 < marker.high


def test_one_clinical_variable_is_weakly_related() -> None:
    planted = plant(Planting("volume"), MEASURED)
    assert auc(planted.events, planted.clinical[0].values).value == pytest.approx(0.6, abs=0.03)
    assert auc(planted.events, planted.clinical[1].values).value == pytest.approx(0.5, abs=0.04)


def test_the_seed_decides() -> None:
    one, again, other = (plant(Planting("volume", seed), MEASURED) for seed in (1, 1, 2))
    assert one.table() == again.table()
    assert one.events.tolist() != other.events.tolist()


def test_quantities_are_measured_in_their_regions(folder: Path) -> None:
    patient = next(one for name, one in patients(folder) if name == "pt_3")
    assert volume(patient) == pytest.approx(12 * 8 * 8 * 0.027)
    noisy = np.random.default_rng(0).normal(0, 100, SHAPE)
    assert texture(replace(patient, image_kji=noisy)) > 2 * texture(patient)
    beside = replace(patient, image_kji=np.where(patient.masks_kji["PTV_High"], patient.image_kji, 3000))
    inner = patient.masks_kji["PTV_High"]
    assert texture(beside) > texture(patient) and inner.any()
    gy = np.where(np.arange(SHAPE[2]) < 28, 10, 40) + np.zeros(SHAPE)
    assert hot_dose(replace(patient, dose=Dose(gy.astype(np.float32), patient.grid))) == pytest.approx(40)
    with pytest.raises(DoseError):
        hot_dose(Patient(patient.image_kji, patient.grid, patient.masks_kji))


def test_an_experiment_is_repeated_and_not_done_twice(folder: Path, tmp_path: Path) -> None:
    config = replace(small_config(1), folds=2, epochs=1, channels=(4,))
    planting = Planting("dose", event_rate=0.5)
    experiment = Experiment(planting, config, folder, tmp_path, tmp_path / "cache", lambda line: None)
    found = run_planted(experiment)
    assert list(found["regions"]) == ["organ ∩ isodose", "organ", "whole image"]
    assert {"network", "clinical", "combined", "radiomics"} == set(found["regions"]["organ"]["models"])
    assert [one["first"] for one in found["regions_compared"]] == ["organ", "whole image"]
    assert "| whole image | network |" in (tmp_path / "table.md").read_text()
    kept = (tmp_path / "organ" / "checkpoint.safetensors").stat().st_mtime_ns
    assert run_planted(experiment) == found == json.loads((tmp_path / "summary.json").read_text())
    assert (tmp_path / "organ" / "checkpoint.safetensors").stat().st_mtime_ns == kept
