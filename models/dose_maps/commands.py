"""The experiment on the command line: `experiment dose-maps`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from models.dose_maps.experiment import ORGANS, Asked, run


def add_dose_maps(
    kinds: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Add the command to the experiments, which come back."""
    parser = kinds.add_parser("dose-maps", help="sensitive regions planted in OpenKBP's doses, resumable")
    parser.add_argument("--openkbp", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--organ", choices=ORGANS, default=Asked.organ)
    parser.add_argument("--patients", type=int, default=Asked.patients)
    parser.add_argument("--cohort", type=int, default=Asked.cohort)
    parser.add_argument("--seeds", type=int, default=Asked.seeds)
    parser.add_argument("--power", type=int, default=Asked.power, help="cohorts a point of the power curve")
    parser.set_defaults(run=_run)
    return kinds


def _run(arguments: argparse.Namespace) -> None:
    a = arguments
    told = run(Asked(a.openkbp, a.out, a.organ, a.patients, a.cohort, a.seeds, a.power, _say))
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
