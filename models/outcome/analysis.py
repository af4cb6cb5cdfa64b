"""From a cohort of crops to honest figures and a network that predicts.

Every patient to learn from is predicted once, by networks of a fold that did not have that patient; beside
them stand regressions on clinical variables and on features of the cohort, fitted in the same folds.  The
final networks learn from all patients to learn from; those set aside once are predicted by these, and nothing
is chosen by them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.outcome.baselines import baselines
from models.outcome.cohort import OutcomeCohort, Patients, Rows, gather, parts_of
from models.outcome.config import OutcomeConfig
from models.outcome.folds import Checkpoint, Fold, FoldNetworks, Progress, Trainer
from models.outcome.judging import compare, judge, judge_set_aside, pool
from models.outcome.maps import mass_inside
from models.outcome.package import write_package
from models.outcome.scoring import Outcome, learn_reading
from models.outcome.stored_maps import write_maps

RESULT = "result.json"


@dataclass(frozen=True)
class Run:
    """Where an analysis works and how it speaks to whoever started it."""

    out: Path
    """A folder; what is written there: `result.json`, `network.safetensors`, `network.json`, `CARD.md`,
    `maps.safetensors`."""
    checkpoint: Path
    """A file that grows with each network; an analysis that was killed goes on from it."""
    report: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False


def analyse(cohort: OutcomeCohort, config: OutcomeConfig, run: Run) -> dict[str, Any]:
    """The result as plain JSON; the files named in `Run.out` are written.

    Errors as of `gather`; CheckpointError where the checkpoint is another analysis'; Stopped.
    """
    patients = gather(cohort, config)
    run.out.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint.open(run.checkpoint, patients, config)
    trainer = Trainer(patients, config, checkpoint, run.report, run.stop)
    folds = _folds(patients, config)
    fitted = [trainer.fit(fold, weights=fold.number == config.folds) for fold in folds]
    result = _result(patients, config, fitted)
    write_maps(run.out, patients, fitted)
    result["network"] = write_package(run.out, fitted[-1], patients, config, result)
    (run.out / RESULT).write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    return result


def _folds(patients: Patients, config: OutcomeConfig) -> list[Fold]:
    """The outer folds of the patients to learn from, and last all of them against those set aside."""
    train = patients.train
    tested = [train[part] for part in parts_of(patients.events[train], config.folds, config.seed)]
    outer = [Fold(n, np.setdiff1d(train, test), test) for n, test in enumerate(tested)]
    return [*outer, Fold(config.folds, train, patients.test)]


def _result(patients: Patients, config: OutcomeConfig, fitted: list[FoldNetworks]) -> dict[str, Any]:
    scores = {"network": [one.scores for one in fitted]} | baselines(patients, config, fitted)
    folds = [one.fold for one in fitted]
    outcomes = [(_outcome(patients, fold.train), _outcome(patients, fold.test)) for fold in folds]
    tests, count = [fold.test for fold in folds[:-1]], len(patients.rows)
    judged = {name: pool(own[:-1], outcomes[:-1], tests, count) for name, own in scores.items()}
    train = patients.train
    truth = _outcome(patients, train)
    seen = {name: type(one)(one.predictions[train], one.thresholds[train]) for name, one in judged.items()}
    last = {
        name: judge_set_aside(outcomes[-1][1], own[-1].outer, learn_reading(own[-1].inner, outcomes[-1][0]))
        for name, own in scores.items()
    }
    return {
        "schema": 1,
        "kind": "outcome-network",
        "endpoint": {
            "name": patients.endpoint.name,
            "kind": patients.endpoint.kind,
            "unit": patients.endpoint.unit,
        },
        "cohort_sha256": patients.table.digest(),
        "config": config.to_json(),
        "patients": {"train": len(train), "test": len(patients.test), "events": int(truth.events.sum())},
        "left_out": patients.left_out,
        "models": {name: judge(truth, one) for name, one in seen.items()},
        "comparisons": compare(truth, seen),
        "set_aside": last if any(last.values()) else None,
        "folds": [_told(patients, one) for one in fitted[:-1]],
        "predictions": _predictions(patients, judged, fitted),
    }


def _outcome(patients: Patients, places: Rows) -> Outcome:
    return Outcome(patients.events, patients.times).of(places)


def _told(patients: Patients, fitted: FoldNetworks) -> dict[str, Any]:
    fold = fitted.fold
    return {
        "fold": fold.number + 1,
        "tested": [patients.name(place) for place in fold.test],
        "epochs": fitted.epochs,
    }


def _predictions(
    patients: Patients, judged: dict[str, Any], fitted: list[FoldNetworks]
) -> list[dict[str, Any]]:
    """A row a patient who was tested in a fold: what was predicted, and where the networks looked."""
    rows = []
    for one in fitted[:-1]:
        for place, seen in zip(one.fold.test, one.maps.numpy(), strict=True):
            region = patients.crops[place, -1].numpy() >= 0.5
            rows.append(
                {
                    "patient": patients.name(place),
                    "fold": one.fold.number + 1,
                    "event": int(patients.events[place]),
                    "time": None if patients.times is None else float(patients.times[place]),
                    "predictions": {name: float(own.predictions[place]) for name, own in judged.items()},
                    "thresholds": {name: float(own.thresholds[place]) for name, own in judged.items()},
                    "map_in_region": mass_inside(seen, region),
                    "region_share": float(region.mean()),
                }
            )
    return sorted(rows, key=lambda row: str(row["patient"]))
