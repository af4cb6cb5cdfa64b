"""What an order of correction is worth: corrections simulated with contours that are there already.

A network that learnt from few patients meets a pool of others.  A strategy says which to correct next; the
network is then trained on all corrected so far, from the starting one, and measured on patients who are in
neither. All lies in a folder: what is done is not done again, and a killed training goes on from its
checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.data import Sample
from models.devices import best_device, place
from models.inference.outlook import outlook
from models.inference.sliding_window import Windows, predict_probabilities
from models.networks import build_network
from models.preprocessing import CtWindow
from models.registry.network import NetworkManifest
from models.training.ct_lessons import CtLessons
from models.training.loop import Hooks, TrainingConfig, train
from rt.acquisition import Outlook, choose
from rt.errors import RtError

STRATEGIES = ("random", "gain")
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """How large the simulation is."""

    sizes: tuple[int, ...] = (5, 10, 20, 40)
    """Patients corrected after each round, rising."""
    starters: int = 6
    pool: int = 80
    start_iterations: int = 300
    iterations: int = 150
    spacing_mm: float = 6.0
    config: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            options={"channels": (8, 16, 32)}, patch=32, learning_rate=2e-3, average_decay=0.99
        )
    )


@dataclass(frozen=True)
class Patients:
    """Samples of whom the pool is drawn, and of those on whom networks are measured."""

    structures: tuple[str, ...]
    train: list[Sample]
    held_out: list[Sample]


@dataclass(frozen=True)
class _Seed:
    plan: Plan
    patients: Patients
    seed: int
    folder: Path

    @property
    def order(self) -> list[int]:
        """Starters first, then the pool, by chance."""
        rng = np.random.default_rng([self.seed, 7])
        return [int(n) for n in rng.permutation(len(self.patients.train))]

    @property
    def pool(self) -> dict[str, Sample]:
        """The pool by id, in the order of the random strategy."""
        first, last = self.plan.starters, self.plan.starters + self.plan.pool
        return {self.patients.train[n].id: self.patients.train[n] for n in self.order[first:last]}


def simulate(
    plan: Plan, patients: Patients, seeds: list[int], folder: Path, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """One row for each seed, strategy and size: who was corrected, Dice per structure and their mean.

    RtError when there are fewer patients than the plan needs.
    """
    if len(patients.train) < plan.starters + plan.pool or plan.pool < plan.sizes[-1]:
        raise RtError(
            f"the plan needs {plan.starters + plan.pool} patients, at least {plan.sizes[-1]} in the pool"
        )
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        one = _Seed(plan, patients, seed, folder / f"seed-{seed}")
        starters = [patients.train[n] for n in one.order[: plan.starters]]
        start = _trained(one, "start", starters, None)
        rows.append(_row(one, "start", [], start))
        for strategy in STRATEGIES:
            rows += _rounds(one, strategy, start, say)
    return rows


def _rounds(one: _Seed, strategy: str, start: Weights, say: Callable[[str], None]) -> list[dict[str, Any]]:
    corrected: list[str] = []
    weights, rows = start, list[dict[str, Any]]()
    for size in one.plan.sizes:
        name = f"{strategy}-{size}"
        corrected = _chosen(one, name, corrected, weights, size)
        weights = _trained(one, name, [one.pool[case] for case in corrected], start)
        rows.append(_row(one, name, corrected, weights))
        say(f"seed {one.seed} {name}: Dice {rows[-1]['dice']:.3f}")
    return rows


def _chosen(one: _Seed, name: str, corrected: list[str], weights: Weights, size: int) -> list[str]:
    """Who is corrected in the round, kept in a file so that a resumed run goes on with the same."""
    path = one.folder / name / "chosen.json"
    if path.exists():
        kept: list[str] = json.loads(path.read_text())
        return kept
    if name.startswith("random"):
        chosen = list(one.pool)[:size]
    else:
        seen = _outlooks(one, weights)
        done = [seen[case].descriptor for case in corrected]
        left = {case: found for case, found in seen.items() if case not in corrected}
        chosen = corrected + choose(left, done, size - len(corrected))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(chosen))
    return chosen


def _trained(one: _Seed, name: str, samples: list[Sample], start: Weights | None) -> Weights:
    folder = one.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    config = replace(
        one.plan.config,
        seed=one.seed,
        iterations=one.plan.start_iterations if start is None else one.plan.iterations,
        positive_weight=TrainingConfig.positive_weight if start is None else (2.0, 1.5),
    )
    lessons = CtLessons(one.patients.structures, samples, [], CtWindow(), config.patch)
    return train(config, lessons, folder / "checkpoint.safetensors", Hooks(lambda progress: None), start)


def _row(one: _Seed, name: str, corrected: list[str], weights: Weights) -> dict[str, Any]:
    path = one.folder / name / "result.json"
    if not path.exists():
        scores = measure(one.plan, one.patients, weights)
        row = {"seed": one.seed, "strategy": name.split("-")[0], "n": len(corrected), "corrected": corrected}
        row |= {"dice": float(np.mean(list(scores.values()))), "structures": scores}
        path.write_text(json.dumps(row))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def measure(plan: Plan, patients: Patients, weights: Weights) -> dict[str, float]:
    """Mean Dice of each structure over the held-out patients in whom it is known, on the network's grid."""
    see = _eyes(plan, patients, weights)
    lessons = CtLessons(patients.structures, [], patients.held_out, CtWindow(), plan.config.patch)
    lessons.watch = len(patients.held_out)
    return lessons.examine(see)


def _eyes(plan: Plan, patients: Patients, weights: Weights) -> Callable[..., Any]:
    network = build_network(plan.config.network, len(patients.structures), plan.config.options)
    network.load_state_dict(weights)
    device = best_device()
    place(network, device)
    windows = Windows(len(patients.structures), plan.config.patch, 0.25, device)
    return lambda image: predict_probabilities(network, image, windows)


def _outlooks(one: _Seed, weights: Weights) -> dict[str, Outlook]:
    plan, structures, window = one.plan, one.patients.structures, CtWindow()
    manifest = NetworkManifest(
        "simulated", 1, "", plan.config.network, plan.config.options, structures, plan.spacing_mm,
        plan.config.patch, "", window,
    )  # fmt: skip
    see, found = _eyes(plan, one.patients, weights), dict[str, Outlook]()
    for case, sample in one.pool.items():
        image = window(sample.hu.astype(np.float32))
        found[case] = outlook(manifest, see(image), image)
    return found
