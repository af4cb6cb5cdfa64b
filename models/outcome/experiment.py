"""The documented experiments: outcomes planted on OpenKBP, and what is found of them.

What is measured on the patients is kept in a cache, trainings in a checkpoint, so that a command that was
killed goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.outcome.analysis import Run, analyse
from models.outcome.cohort import OutcomeCohort
from models.outcome.config import CropConfig, OutcomeConfig
from models.outcome.crops import Crop, Patient, make_crop, read_crop, write_crop
from models.outcome.experiment_table import summary, table
from models.outcome.openkbp import patients
from models.outcome.planted import (
    ENDPOINT,
    HOT_PAROTIDS,
    PAROTIDS,
    QUANTITIES,
    TUMOUR,
    PlantedOutcome,
    Planting,
    Rule,
    plant,
)  # fmt: skip
from models.statistics import merit
from rt.cohort import Column
from rt.cropping import Region
from rt.errors import RtError
from rt.radiomics.extraction import extract
from rt.radiomics.settings import Discretisation, Settings

ORGAN = Region(PAROTIDS, any_of=True)
AROUND_TUMOUR = {"tumour": CropConfig(TUMOUR, spacing_mm=4.0, size=24)}
"""The tumour with what is around it."""
REGIONS: dict[Rule, dict[str, CropConfig]] = {
    "texture": AROUND_TUMOUR,
    "volume": AROUND_TUMOUR,
    "nothing": AROUND_TUMOUR,
    "dose": {
        "organ ∩ isodose": CropConfig(HOT_PAROTIDS, spacing_mm=6.0, size=24, outside="blank", dose=True),
        "organ": CropConfig(ORGAN, spacing_mm=6.0, size=24, outside="blank", dose=True),
        "whole image": CropConfig(Region(), spacing_mm=12.0, size=24, dose=True),
    },
}
"""What the network sees under each rule: one region, or the three that are compared."""
FAMILIES = ("morph", "stat", "ih", "cm")
BIN_HU, BIN_GY = 25.0, 1.0


@dataclass(frozen=True)
class Experiment:
    """What is planted, and the analysis that looks for it."""

    planting: Planting
    config: OutcomeConfig
    openkbp: Path
    out: Path
    cache: Path
    say: Callable[[str], None]


def small_config(seed: int) -> OutcomeConfig:
    """Networks that one processor core trains in seconds each."""
    return OutcomeConfig(
        ENDPOINT, clinical=("marker", "age", "sex"), channels=(12, 24), folds=5, members=2, epochs=16,
        patience=16, seed=seed,
    )  # fmt: skip


def run_planted(experiment: Experiment) -> dict[str, Any]:
    """Figures of every region as JSON; `out` gets them as `summary.json` and `table.md`."""
    rule, say = experiment.planting.rule, experiment.say
    regions = REGIONS[rule]
    cases = _prepared(experiment)
    planted = plant(experiment.planting, {name: case["quantity"] for name, case in cases.items()})
    say(f"{len(cases)} patients, {planted.events.sum()} events, ceiling {planted.ceiling:.3f}")
    results = {}
    for name, crop in regions.items():
        cohort = _cohort(experiment, name, planted, cases)
        folder = experiment.out / name.replace(" ", "-").replace("∩", "and")
        folder.mkdir(parents=True, exist_ok=True)
        config = replace(experiment.config, crop=crop)
        run = Run(folder, folder / "checkpoint.safetensors", lambda p: say(f"{p.fraction:.0%} {p}"))
        results[name] = analyse(cohort, config, run)
    found = summary(asdict(experiment.planting), planted.ceiling, results)
    found["regions_compared"] = _compared(planted, results)
    (experiment.out / "summary.json").write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    (experiment.out / "table.md").write_text(table(found))
    return found


def _prepared(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Of each patient in whom rule and regions can be measured: the quantity, and features a region."""
    rule = experiment.planting.rule
    folder = experiment.cache / rule
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cases.json"
    if path.exists():
        kept: dict[str, dict[str, Any]] = json.loads(path.read_text())
        return kept
    cases = {}
    for name, patient in patients(experiment.openkbp):
        try:
            cases[name] = _case(rule, patient, folder / name)
        except RtError as error:
            experiment.say(f"{name} is left out: {error}")
    path.write_text(json.dumps(cases))
    return cases


def _case(rule: Rule, patient: Patient, at: Path) -> dict[str, Any]:
    quantity = QUANTITIES[rule](patient) if rule in QUANTITIES else 0.0
    features = {}
    for name, config in REGIONS[rule].items():
        write_crop(_crop_path(at, name), make_crop(patient, config))
        features[name] = _features(patient, config)
    return {"quantity": quantity, "features": features}


def _features(patient: Patient, config: CropConfig) -> dict[str, float]:
    """Features of the region at the network's spacing: of the CT, and of the dose where it sees it."""
    mask = config.region.mask(patient.masks_kji, patient.grid, patient.dose)
    images = {"ct": (patient.image_kji, BIN_HU)}
    if config.dose and patient.dose is not None:
        images["dose"] = (patient.dose.on(patient.grid)[0], BIN_GY)
    found: dict[str, float] = {}
    for image, (values, size) in images.items():
        settings = Settings(
            spacing_mm=config.spacing_mm, families=FAMILIES if image == "ct" else FAMILIES[1:],
            range_low=-1000.0 if image == "ct" else 0.0,
            discretisation=Discretisation("fixed-bin-size", size),
        )  # fmt: skip
        values_of = extract(np.asarray(values, dtype=np.float64), mask, patient.grid, settings).values
        found |= {f"{image}_{name}": value for name, value in values_of.items()}
    return found


def _crop_path(at: Path, region: str) -> Path:
    return at.with_name(f"{at.name}_{region.replace(' ', '-').replace('∩', 'and')}.npz")


def _cohort(
    experiment: Experiment, region: str, planted: PlantedOutcome, cases: Mapping[str, dict[str, Any]]
) -> OutcomeCohort:
    folder = experiment.cache / experiment.planting.rule
    crops: dict[str, Crop] = {name: read_crop(_crop_path(folder / name, region)) for name in planted.patients}
    rows = [cases[name]["features"][region] for name in planted.patients]
    names = sorted(set.intersection(*(set(row) for row in rows)))
    columns = tuple(Column(name, "number", tuple(float(row[name]) for row in rows)) for name in names)
    return OutcomeCohort(planted.table(columns), crops)


def _compared(planted: PlantedOutcome, results: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The first region's network against that of each other one, on the same patients."""
    first, *others = results
    scores = {
        name: [one["predictions"]["network"] for one in result["predictions"]]
        for name, result in results.items()
    }
    events = [one["event"] for one in results[first]["predictions"]]
    return [
        {"first": other, "second": first, **merit.compare_auc(events, scores[other], scores[first]).to_json()}
        for other in others
    ]
