"""Statistics on the command line: `subtypes`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.statistics import subtypes
from models.statistics.errors import AnalysisConfigError
from models.statistics.figures import figures
from models.statistics.methods import methods
from rt.cohort import CohortTable
from rt.errors import RtError

LIBRARIES = ("matplotlib", "numpy", "scikit-learn", "scipy")
"""Whose versions a methods paragraph names."""


def add_statistics(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser(
        "subtypes", help="imaging subtypes of a frozen cohort: result, figures, methods"
    )
    parser.add_argument("table", type=Path, help="JSON of a rt.cohort.CohortTable")
    parser.add_argument(
        "config", type=Path, help="JSON of models.statistics.subtypes.SubtypeConfig; {} for defaults"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder that is written to")
    parser.set_defaults(run=_subtypes)


def _subtypes(arguments: argparse.Namespace) -> None:
    try:
        table = CohortTable.from_json(arguments.table.read_text())
        config = subtypes.SubtypeConfig.from_json(_settings(arguments.config))
        _write(arguments.out, subtypes.analyse(table, config))
    except (RtError, OSError, KeyError, TypeError, ValueError) as error:
        raise SystemExit(f"{getattr(error, 'slug', 'unreadable')}: {error}") from error


def _settings(path: Path) -> dict[str, Any]:
    body = json.loads(path.read_text())
    if not isinstance(body, dict):
        raise AnalysisConfigError("settings are an object", where=path.name)
    return body


def _write(folder: Path, result: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False, allow_nan=False))
    for name, drawn in figures(result).items():
        for kind, content in drawn.items():
            (folder / f"{name}.{kind}").write_bytes(content)
    for language, text in methods(result, {name: version(name) for name in LIBRARIES}).items():
        (folder / f"methods.{language}.txt").write_text(text + "\n")
    found = f"{result['k']} subtypes" if result["clusters_found"] else "no significant clusters"
    sys.stdout.write(f"{found}, p {result['significance']['p']:.3g}\n")
