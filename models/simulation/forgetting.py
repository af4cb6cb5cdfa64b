"""What fine-tuning on corrections of few structures does to the others, with and without rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.data import Sample
from models.devices import best_device, place
from models.inference.sliding_window import Windows, predict_probabilities
from models.networks import build_network
from models.preprocessing import CtWindow
from models.registry.network import NetworkManifest
from models.training.ct_lessons import CtLessons
from models.training.loop import Hooks, TrainingConfig, train
from rt.metrics import dice
from rt.statistics import mean_interval


@dataclass(frozen=True)
class Corrections:
    """Patients whose corrections train, of whom only some structures are known, and who measure."""

    corrected: list[Sample]
    structures: tuple[str, ...]
    """Those that were corrected."""
    uncorrected: list[Sample]
    """Patients of whom nothing is known: they only rehearse."""
    held_out: list[Sample]


@dataclass(frozen=True)
class Start:
    """The version that is fine-tuned."""

    version: NetworkManifest
    weights: dict[str, Any]


def forgetting(
    begun: Start,
    data: Corrections,
    config: TrainingConfig,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Dice of each structure on held-out patients before and after either training, and paired changes."""
    version, start = begun.version, begun.weights
    names = version.structures
    known = np.array([name in data.structures for name in names])
    samples = [replace(s, known=s.known & known) for s in data.corrected]
    others = [replace(s, known=np.zeros_like(s.known)) for s in data.uncorrected]
    scores = {"before": _scores(version, start, data.held_out)}
    for label, weight in (("alone", 0.0), ("rehearsed", config.rehearsal)):
        lessons = CtLessons(names, samples, [], version.window, version.patch)  # type: ignore[arg-type]
        lessons.uncorrected = others if weight else []
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{label}.safetensors"
        hooks = Hooks(lambda p, label=label: say(f"{label} {p.iteration} {p.loss:.3f}"))  # type: ignore[misc]
        weights = train(replace(config, rehearsal=weight), lessons, path, hooks, start)
        scores[label] = _scores(version, weights, data.held_out)
    return {name: _structure(name, scores) for name in names}


def _structure(name: str, scores: dict[str, dict[tuple[str, str], float]]) -> dict[str, Any]:
    cases = [key for key in scores["before"] if key[1] == name]
    row: dict[str, Any] = {"n": len(cases)}
    for label, found in scores.items():
        values = np.array([found[key] for key in cases])
        row[label] = float(values.mean())
        if label != "before":
            change = values - np.array([scores["before"][key] for key in cases])
            row[f"{label}_change"] = (float(change.mean()), *mean_interval(change))
    return row


def _scores(
    version: NetworkManifest, weights: dict[str, Any], samples: list[Sample]
) -> dict[tuple[str, str], float]:
    network = build_network(version.architecture, len(version.structures), version.options)
    network.load_state_dict(weights)
    device = best_device()
    place(network, device)
    windows = Windows(len(version.structures), version.patch, 0.25, device)
    found = {}
    for sample in samples:
        probability = predict_probabilities(network, _image(sample), windows)
        for index, name in _known(version, sample):
            truth = (sample.labels >> index & 1).astype(bool)
            found[sample.id, name] = dice(probability[index] > version.rule(name).threshold, truth)
    return found


def _image(sample: Sample) -> Any:
    return CtWindow()(sample.hu.astype(np.float32))


def _known(version: NetworkManifest, sample: Sample) -> Iterator[tuple[int, str]]:
    return ((n, name) for n, name in enumerate(version.structures) if sample.known[n])
