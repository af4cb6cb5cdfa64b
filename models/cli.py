"""Train and evaluate without any server: `python -m models.cli train …`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

from models.data import load_samples
from models.datasets.openkbp import openkbp_manifest
from models.training.loop import Progress, TrainingConfig, train
from rt.manifest import DatasetManifest


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="models")
    commands = parser.add_subparsers(required=True)
    fit = commands.add_parser("train", help="train a network on a manifest or on OpenKBP")
    fit.add_argument("--manifest", type=Path)
    fit.add_argument("--openkbp", type=Path)
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument("--iterations", type=int, default=10_000)
    fit.add_argument("--minutes", type=float)
    fit.set_defaults(run=_train)
    arguments = parser.parse_args()
    arguments.run(arguments)


def _train(arguments: argparse.Namespace) -> None:
    manifest = (
        openkbp_manifest(arguments.openkbp) if arguments.openkbp else DatasetManifest.read(arguments.manifest)
    )
    config = TrainingConfig(iterations=arguments.iterations, max_minutes=arguments.minutes)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    samples = load_samples(manifest, manifest.split("train"), config.spacing_mm, out / "cache")
    validation = load_samples(manifest, manifest.split("validation"), config.spacing_mm, out / "cache")
    log = (out / "log.jsonl").open("a")

    def report(progress: Progress) -> None:
        log.write(json.dumps(asdict(progress)) + "\n")
        log.flush()
        sys.stderr.write(f"{progress}\n")

    weights = train(config, manifest.structures, samples, validation, out / "checkpoint.safetensors", report)
    save_file(weights, out / "weights.safetensors")


if __name__ == "__main__":
    main()
