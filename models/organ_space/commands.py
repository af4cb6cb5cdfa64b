"""The experiment on the command line: `experiment organ-space`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from models.organ_space.experiment import ORGANS, Asked, run


def add_organ_space(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the experiments."""
    parser = kinds.add_parser("organ-space", help="organs of OpenKBP in a common space, and known warps")
    parser.add_argument("--openkbp", type=Path, required=True)
    parser.add_argument("--organ", choices=ORGANS, required=True)
    parser.add_argument("--patients", type=int, default=75)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a file for what is printed")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    asked = Asked(arguments.openkbp, arguments.organ, arguments.patients, arguments.seed, _say)
    told = json.dumps(run(asked), indent=2)
    if arguments.out:
        arguments.out.write_text(told + "\n")
    sys.stdout.write(told + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
