"""`rinkaku export`: a project's training set as a zip, written by this process."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from backend.kit.errors import InvalidInput

FORMATS = ("monai", "nnunet", "nrrd", "bids", "mat", "mat73")


def add_arguments(export: argparse.ArgumentParser) -> None:
    """Give `rinkaku export` its arguments; names are separated by commas."""
    export.add_argument("project", help="short name")
    export.add_argument("out", type=Path, metavar="OUT.zip", help="the zip to write; never one that is there")
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--structures", type=_names, metavar="NAMES", help="those wanted; all without it")
    export.add_argument("--modality", default="CT")
    export.add_argument("--snapshot", metavar="ID", help="a frozen dataset: always the same bytes")
    export.add_argument("--with-drafts", action="store_true", help="also what is not approved")
    crop = export.add_argument_group("crop (mat, mat73)")
    crop.add_argument("--crop", type=_names, metavar="NAMES", help="to what is in all of these structures")
    crop.add_argument("--crop-any", action="store_true", help="in any of them instead")
    crop.add_argument("--without", type=_names, metavar="NAMES", help="and in none of these")
    crop.add_argument("--isodose-gy", type=float, metavar="GY", help="and gets at least this dose")
    crop.add_argument("--margin-mm", type=float, metavar="MM", help="grown by this on all sides")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def write_training_set(chosen: argparse.Namespace) -> int:
    """Write the zip; says what is in it and its SHA-256."""
    from backend.exports.schemas import TrainingSetIn
    from backend.exports.service import written_for_command
    from backend.kit.db import session_scope
    from backend.projects.service import named_project
    from rt.errors import RtError

    wanted = TrainingSetIn.model_validate(
        {
            "format": chosen.format,
            "structures": chosen.structures,
            "modality": chosen.modality,
            "only_approved": not chosen.with_drafts,
            "snapshot_id": chosen.snapshot,
            "crop": _crop(chosen),
        }
    )
    with session_scope(read_only=True) as session:
        project_id = named_project(session, chosen.project).id
    try:
        made = written_for_command(project_id, wanted, chosen.out, _progress)
    except RtError as refused:
        raise InvalidInput(str(refused)) from refused
    sys.stdout.write(
        f"{made['cases']} cases, {len(made['structures'])} structures, {made['left_out']} cases left out\n"
        f"{made['sha256']}  {chosen.out}\n"
    )
    return 0


def _crop(chosen: argparse.Namespace) -> dict[str, Any] | None:
    asked = {
        "structures": chosen.crop,
        "without": chosen.without,
        "isodose_gy": chosen.isodose_gy,
        "margin_mm": chosen.margin_mm,
        "any_of": chosen.crop_any or None,
    }
    return {name: value for name, value in asked.items() if value is not None} or None


def _progress(fraction: float, stage: str | None = None, **values: str | float) -> None:
    if sys.stderr.isatty() and stage is not None:
        sys.stderr.write(f"\r{values.get('n', '')} of {values.get('total', '')} cases")
