"""The detector on the command line: `train-detector`, `package-detector`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from models.data import Sample, load_samples
from models.datasets.openkbp import openkbp_manifest
from models.detection.package import Release, package_detector
from models.registry.members import CHECKPOINT, describe_training
from models.training.journal import journal
from models.training.loop import Hooks, TrainingConfig, train
from models.training.spine_lessons import SpineLessons
from rt.manifest import DatasetManifest, Split

SPACING_MM = 3.0
PATCH = 48


def add_detection(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    fit = commands.add_parser("train-detector", help="train the detector of spine lesions, resumable")
    fit.add_argument("--openkbp", type=Path, required=True)
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument("--cache", type=Path, required=True, help="where prepared cases lie or shall lie")
    fit.add_argument("--minutes", type=float, default=60.0)
    fit.set_defaults(run=_train)
    pack = commands.add_parser("package-detector", help="make a version: threshold, figures, card")
    pack.add_argument("folder", type=Path, help="that `train-detector` wrote")
    pack.add_argument("--openkbp", type=Path, required=True)
    pack.add_argument("--history", required=True, help="how it was trained, for the card")
    pack.add_argument("--number", type=int, default=1)
    pack.add_argument("--out", type=Path, required=True)
    pack.set_defaults(run=_package)


def _train(arguments: argparse.Namespace) -> None:
    config = TrainingConfig(
        network="deeplabv3plus",
        options={"channels": [24, 48, 72, 96], "stages": [[1, 1], [1, 1], [2, 1], [1, 2]]},
        patch=PATCH,
        batch=12,
        iterations=100_000,
        max_minutes=arguments.minutes,
        average_decay=0.995,
        validate_every=500,
    )
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    describe_training(out, config)

    manifest = openkbp_manifest(arguments.openkbp)
    taught, watched = (_samples(manifest, part, arguments.cache) for part in ("train", "validation"))
    lessons = SpineLessons(manifest.structures, taught, watched, SPACING_MM, PATCH)
    train(config, lessons, out / CHECKPOINT, Hooks(journal(out)))


def _samples(manifest: DatasetManifest, part: Split, cache: Path) -> list[Sample]:
    return load_samples(manifest, manifest.split(part), SPACING_MM, cache)


def _package(arguments: argparse.Namespace) -> None:
    release = Release(arguments.folder, arguments.out, arguments.history, SPACING_MM, PATCH, arguments.number)
    figures = package_detector(openkbp_manifest(arguments.openkbp), release)
    sys.stderr.write(json.dumps(figures, indent=1) + "\n")
