"""The experiments on the command line: `experiment planted`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TypeAlias

from models.outcome.experiment import Experiment, run_planted, small_config
from models.outcome.planted import RULES, Planting

Kinds: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_experiments(commands: Kinds) -> Kinds:
    """Add the command, and give what further experiments are added to."""
    experiments = commands.add_parser("experiment", help="repeat a documented experiment")
    kinds = experiments.add_subparsers(required=True)
    planted = kinds.add_parser("planted", help="outcomes planted by a rule on real patients, resumable")
    planted.add_argument("--openkbp", type=Path, required=True)
    planted.add_argument("--rule", choices=RULES, required=True)
    planted.add_argument("--out", type=Path, required=True)
    planted.add_argument("--cache", type=Path, help="where measured patients lie or shall lie; else in --out")
    planted.add_argument("--seed", type=int, default=Planting.seed)
    planted.add_argument("--effect", type=float, default=Planting.effect, help="logit a standard deviation")
    planted.set_defaults(run=_planted)
    return kinds


def _planted(arguments: argparse.Namespace) -> None:
    planting = Planting(arguments.rule, arguments.seed, arguments.effect)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    cache = arguments.cache or out / "cache"
    config = small_config(arguments.seed)
    run_planted(Experiment(planting, config, arguments.openkbp, out, cache, _say))
    sys.stdout.write((out / "table.md").read_text())


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
