"""What an entry of a comparison does: learn from the training cases, then read a scan.

Networks and the atlas answer to the same two calls and both give a `Prediction`, so that everything after is
the same for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from safetensors.torch import load_file

from models.comparison.config import ATLAS, Comparison, ComparisonError, Entry
from models.data import load_samples
from models.devices import best_device, place
from models.inference.atlas import Atlas, AtlasOptions, predict_from_atlases
from models.inference.segment import Prediction
from models.inference.sliding_window import Windows, predict_probabilities
from models.networks import build_network
from models.preprocessing import CtWindow
from models.registry.members import CHECKPOINT, describe_training, read_members
from models.training.ct_lessons import CtLessons
from models.training.loop import Hooks, TrainingConfig, train
from rt.geometry import Grid

ITERATIONS = 1_000_000
"""More than any training of so many minutes: time ends it."""
OUTCOME = "outcome.json"
"""In an entry's folder: what came of it, once it is done."""
SETTINGS = "settings.json"
"""In an entry's folder: what it was begun with."""
WINDOW = CtWindow()
Read = Callable[[npt.NDArray[Any], Grid], Prediction]
"""An image as it came, with its grid, to shares or probabilities per structure."""


@dataclass(frozen=True)
class Course:
    """An entry with what it works on."""

    comparison: Comparison
    entry: Entry
    folder: Path
    """Its own."""
    cache: Path
    """Prepared cases, shared by all entries."""


class Method(Protocol):
    """One way to draw structures."""

    def learn(self, course: Course, hooks: Hooks) -> dict[str, float]:
        """Learn, or go on after a kill; how long it took: `minutes`, `iterations`, `parameters`."""

    def reader(self, course: Course) -> Read:
        """What was learnt, ready to read scans."""


class NetworkMethod:
    """A network trained from nothing by the ordinary loop."""

    def learn(self, course: Course, hooks: Hooks) -> dict[str, float]:
        """Train for the entry's minutes of processor time (of the clock, on a GPU)."""
        manifest, config = course.comparison.manifest, training_config(course)
        describe_training(course.folder, config)
        samples = load_samples(manifest, manifest.split("train"), course.comparison.spacing_mm, course.cache)
        lessons = CtLessons(manifest.structures, samples, [], WINDOW, config.patch)
        weights = train(config, lessons, course.folder / CHECKPOINT, hooks)
        steps, seconds = load_file(course.folder / CHECKPOINT)["progress"].tolist()
        count = sum(value.numel() for value in weights.values())
        return {"minutes": seconds / 60, "iterations": steps, "parameters": count}

    def reader(self, course: Course) -> Read:
        """The averaged weights, in windows of the training's size; one view, not mirrored."""
        comparison, member = course.comparison, read_members([course.folder])
        count, device = len(comparison.manifest.structures), best_device()
        network = build_network(member.architecture, count, training_config(course).options)
        network.load_state_dict(member.weights)
        place(network, device).eval()
        windows = Windows(count, comparison.patch, comparison.overlap, device)

        def read(image: npt.NDArray[Any], grid: Grid) -> Prediction:
            seen = WINDOW.prepare(image, grid, comparison.spacing_mm)
            return Prediction(predict_probabilities(network, seen.values_kji, windows), seen.grid)

        return read


class AtlasMethod:
    """The nearest training patients, registered."""

    def learn(self, course: Course, hooks: Hooks) -> dict[str, float]:
        """Nothing to learn."""
        return {"minutes": 0.0, "iterations": 0, "parameters": 0}

    def reader(self, course: Course) -> Read:
        """The training cases as atlases."""
        comparison, options = course.comparison, AtlasOptions(**course.entry.options)
        manifest = comparison.manifest
        samples = load_samples(manifest, manifest.split("train"), comparison.spacing_mm, course.cache)
        step = max(1, len(samples) // options.candidates)
        atlases = [
            Atlas.of(sample, WINDOW(sample.hu.astype(np.float32)), manifest.structures)
            for sample in samples[::step][: options.candidates]
        ]

        def read(image: npt.NDArray[Any], grid: Grid) -> Prediction:
            seen = WINDOW.prepare(image, grid, comparison.spacing_mm)
            return predict_from_atlases(atlases, manifest.structures, seen, options)

        return read


def method_of(entry: Entry) -> Method:
    """The method of an entry."""
    return AtlasMethod() if entry.architecture == ATLAS else NetworkMethod()


def training_config(course: Course) -> TrainingConfig:
    """How the entry is trained."""
    entry = course.entry
    return TrainingConfig(
        network=entry.architecture,
        options=entry.options,
        patch=course.comparison.patch,
        batch=entry.batch,
        learning_rate=entry.learning_rate,
        iterations=ITERATIONS,
        max_minutes=entry.minutes,
        seed=entry.seed,
        average_decay=0.99,
        adversary=entry.adversary,
        clock="processor" if best_device().type == "cpu" else "wall",
    )


def claim(course: Course) -> None:
    """Make the entry's folder its own; ComparisonError where other settings began in it."""
    course.folder.mkdir(parents=True, exist_ok=True)
    comparison, path = course.comparison, course.folder / SETTINGS
    settings = {
        "entry": asdict(course.entry),
        "structures": comparison.manifest.structures,
        "train": [case.id for case in comparison.manifest.split("train")],
        "cases": [case.id for case in comparison.measured],
        "grid": [comparison.spacing_mm, comparison.patch, comparison.overlap],
    }
    body = json.dumps(settings, indent=1)
    begun = any((course.folder / name).exists() for name in (CHECKPOINT, OUTCOME))
    if begun and path.exists() and path.read_text() != body:
        raise ComparisonError("other settings were begun in its folder: remove it, or rename the entry",
                              where=course.entry.name)  # fmt: skip
    path.write_text(body)
