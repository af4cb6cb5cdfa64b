"""The simulations on the command line: `simulate-active-learning` and `simulate-rehearsal`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.data import load_samples
from models.datasets.openkbp import openkbp_manifest
from models.registry.network import load_weights, read_version
from models.simulation.active_learning import Patients, Plan, simulate
from models.simulation.curves import learning_curves
from models.simulation.forgetting import Corrections, Start, forgetting
from models.training.loop import TrainingConfig


def add_simulations(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    active = commands.add_parser(
        "simulate-active-learning", help="expected gain against random order, resumable"
    )
    _folders(active)
    active.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    for name in ("starters", "pool", "start_iterations", "iterations"):
        active.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Plan(), name))
    active.set_defaults(run=_active)
    rehearse = commands.add_parser(
        "simulate-rehearsal", help="fine-tune on few structures with and without rehearsal, resumable"
    )
    _folders(rehearse)
    rehearse.add_argument("--version", type=Path, required=True)
    rehearse.add_argument("--corrected", nargs="+", default=["Parotid_R", "Parotid_L"])
    rehearse.add_argument("--patients", type=int, default=8, help="corrected, of the validation part")
    rehearse.add_argument("--held-out", type=int, default=15)
    rehearse.add_argument("--iterations", type=int, default=80)
    rehearse.add_argument("--learning-rate", type=float, default=3e-4)
    rehearse.add_argument("--batch", type=int, default=1)
    rehearse.set_defaults(run=_rehearse)


def _folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--openkbp", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="where prepared cases lie or shall lie")


def _active(arguments: argparse.Namespace) -> None:
    plan = Plan(
        starters=arguments.starters,
        pool=arguments.pool,
        start_iterations=arguments.start_iterations,
        iterations=arguments.iterations,
    )
    manifest = openkbp_manifest(arguments.openkbp)
    train, held_out = (
        load_samples(manifest, manifest.split(part), plan.spacing_mm, arguments.cache)
        for part in ("train", "validation")
    )
    rows: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        rows += simulate(plan, Patients(manifest.structures, train, held_out), [seed], arguments.out, _say)
        (arguments.out / "curves.json").write_text(json.dumps(learning_curves(rows), indent=1) + "\n")
    sys.stdout.write(json.dumps(learning_curves(rows), indent=1) + "\n")


def _rehearse(arguments: argparse.Namespace) -> None:
    version, packed, _ = read_version(arguments.version)
    manifest, options = openkbp_manifest(arguments.openkbp), dict(version.options)
    cases = manifest.split("validation")
    used, rest = cases[: 2 * arguments.patients], cases[2 * arguments.patients :]
    seen = load_samples(manifest, used, version.spacing_mm, arguments.cache)
    held_out = load_samples(manifest, rest[: arguments.held_out], version.spacing_mm, arguments.cache)
    data = Corrections(
        seen[: arguments.patients], tuple(arguments.corrected), seen[arguments.patients :], held_out
    )
    config = replace(
        TrainingConfig(),
        network=version.architecture,
        options={k: tuple(v) if isinstance(v, list) else v for k, v in options.items()},
        patch=version.patch,
        batch=arguments.batch,
        iterations=arguments.iterations,
        learning_rate=arguments.learning_rate,
        positive_weight=(2.0, 1.5),
        average_decay=0.99,
        rehearsal=1.0,
        report_every=20,
        validate_every=arguments.iterations * 20,
    )
    version = replace(version, options=config.options)
    table = forgetting(Start(version, load_weights(version, packed)), data, config, arguments.out, _say)
    (arguments.out / "table.json").write_text(json.dumps(table, indent=1) + "\n")
    sys.stdout.write(json.dumps(table, indent=1) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
