"""Robustness on the command line: `robustness`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.datasets.openkbp import openkbp_manifest
from models.registry.network import load_network, read_version
from models.robustness.run import TABLE, run_robustness
from rt.errors import RtError

SHIPPED = Path(__file__).parents[1] / "weights" / "head-neck-oar" / "1"


def add_robustness(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "robustness", help="draw validation patients with couch, mask, metal, less of them …; resumable"
    )
    parser.add_argument("--openkbp", type=Path, required=True)
    parser.add_argument("--version", type=Path, default=SHIPPED, help="the shipped one unless given")
    parser.add_argument("--patients", type=int, help="the first so many; all of them unless given")
    parser.add_argument("--out", type=Path, required=True, help="results; a second call goes on there")
    parser.set_defaults(run=_robustness)


def _robustness(arguments: argparse.Namespace) -> None:
    manifest, weights, _ = read_version(arguments.version)
    data = openkbp_manifest(arguments.openkbp)
    try:
        run_robustness(
            load_network(manifest, weights),
            data,
            data.split("validation")[: arguments.patients],
            arguments.out,
            _say,
        )
    except (RtError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write((arguments.out / TABLE).read_text())


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
