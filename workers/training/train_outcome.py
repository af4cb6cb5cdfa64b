"""Train networks of an outcome on a frozen cohort, and judge them beside their baselines.

The engine is `models.outcome`; what it has learnt lies in the job's workspace, from which an attempt that
was killed goes on on the same machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backend.analyses.configs import NetworkConfig
from backend.analyses.service.cropping import Chosen, regions
from backend.analyses.tables import Analysis
from backend.jobs import service as jobs
from backend.kit.errors import AppError
from models.outcome.analysis import Run
from models.outcome.analysis import analyse as analyse_networks
from models.outcome.cohort import OutcomeCohort
from models.outcome.crops import Crop, read_crop, write_crop
from models.outcome.folds import Progress
from models.outcome.package import CARD, NETWORK, WEIGHTS
from models.outcome.stored_maps import MAPS, read_map
from models.statistics.errors import MissingValues
from models.statistics.methods import methods
from rt.cohort import CohortTable
from rt.errors import RtError
from workers.cpu.analyse import to_download, versions
from workers.crops import crop_of, engine_config, stored_map
from workers.runtime import JobContext, job
from workers.steadily import steadily

CROPPED = 0.2
"""Of the job's progress, when every patient is cropped."""


@job("train-outcome", queue="training")
def train_outcome(context: JobContext) -> dict[str, Any]:
    """The analysis with its network, card and maps, or a problem by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(Analysis, context.parameters["analysis_id"])
    table = CohortTable.from_json(context.storage.get(row.table_sha256).decode())
    config = engine_config(row.config)
    roles = {role: table.roles.count(role) for role in ("train", "test")}
    context.log("analysing", patients=len(table.patients), **roles)
    crops, failed = _crops(context, row, table)
    out = context.workspace / "outcome"
    heard: list[Progress] = []

    def say() -> None:
        if not heard:
            context.progress(CROPPED, "computing")
            return
        told = heard[-1]
        share = CROPPED + (1 - CROPPED) * told.fraction
        context.progress(
            share, "fold", n=told.fold, total=told.folds, member=told.member, members=told.members
        )

    run = Run(out, context.workspace / "outcome-checkpoint", heard.append)
    found = steadily(context, lambda: analyse_networks(OutcomeCohort(table, crops, failed), config, run), say)
    files = _stored(context, out, found)
    files["maps"] = _maps(context, out / MAPS, table, crops)
    made_with = versions("torch", "monai")
    paragraphs = methods(found, made_with)
    result = {"analysis_id": row.id}
    with context.finishing(result) as session:
        done = session.get_one(Analysis, row.id)
        done.files, done.versions, done.methods = files, made_with, paragraphs
        jobs.announce(session, "analysis", row.id, row.project_id)
    return result


def _crops(
    context: JobContext, row: Analysis, table: CohortTable
) -> tuple[dict[str, Crop], dict[str, tuple[str, str]]]:
    """A crop of each patient, kept in the workspace; and why some have none."""
    settings = NetworkConfig.model_validate(row.config)
    with context.session(read_only=True) as session:
        chosen = regions(session, row.project_id, settings, table.patients)
    folder = context.workspace / "crops"
    folder.mkdir(parents=True, exist_ok=True)
    crops: dict[str, Crop] = {}
    failed: dict[str, tuple[str, str]] = {}
    for number, patient in enumerate(table.patients):
        context.check_cancelled()
        context.progress(
            CROPPED * number / len(table.patients), "case", n=number + 1, total=len(table.patients)
        )
        choice = chosen[patient]
        if isinstance(choice, tuple):
            failed[patient] = choice
            continue
        try:
            crops[patient] = _crop(context, choice, row, folder / f"{number}.npz")
        except (AppError, RtError) as problem:
            failed[patient] = (problem.slug, str(problem))
    return crops, failed


def _crop(context: JobContext, choice: Chosen, row: Analysis, path: Path) -> Crop:
    """Of an earlier attempt where the same contours are meant."""
    if path.exists():
        known = read_crop(path)
        meant = [{"structure": name, **said} for name, said in choice.contours.items()]
        if (known.source["series_id"], known.source["revisions"]) == (choice.series_id, meant):
            return known
    crop = crop_of(context, choice, engine_config(row.config).crop)
    write_crop(path, crop)
    return crop


def _stored(context: JobContext, out: Path, found: dict[str, Any]) -> dict[str, Any]:
    storage = context.storage
    results = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    return {
        "results": storage.put(results),
        "model": storage.put_file(out / NETWORK),
        "weights": storage.put_file(out / WEIGHTS),
        "card": storage.put_file(out / CARD),
    } | to_download(context, found)


def _maps(context: JobContext, path: Path, table: CohortTable, crops: dict[str, Crop]) -> dict[str, Any]:
    """Grad-CAM of every patient, by networks that did not have the patient."""
    found = {}
    for number, patient in enumerate(table.patients):
        if patient in crops:
            try:
                seen = read_map(path, number)
            except MissingValues:
                continue
            found[patient] = {"grad-cam": stored_map(context, seen, crops[patient])}
    return found
