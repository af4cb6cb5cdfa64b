"""Analyse a frozen cohort without torch: subtypes, survival, outcome; figures, tables, methods are stored.

All numbers come from the table that the analysis names and from its settings: done again, they are the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from backend.analyses.tables import Analysis
from backend.jobs import service as jobs
from backend.kit.spreadsheets import csv_bytes
from backend.version import VERSION
from models.statistics import outcomes, subtypes, survival
from models.statistics.figures import figures
from models.statistics.methods import methods
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.subtypes_errors import NoSubtypes
from models.statistics.tables import tables
from rt.cohort import CohortTable
from workers.runtime import JobContext, job
from workers.steadily import steadily

COMPUTED = 0.9
"""Of the job's progress, when the numbers are there."""
LIBRARIES = ("lifelines", "matplotlib", "numpy", "pandas", "scikit-learn", "scikit-survival", "scipy")
"""Whose versions may change a number or a figure."""


@dataclass(frozen=True)
class Kind:
    """How a kind of analysis is done: from a table and settings to its result."""

    analyse: Callable[[CohortTable, dict[str, Any]], dict[str, Any]]


def _outcome(table: CohortTable, raw: dict[str, Any]) -> dict[str, Any]:
    """Its final model stands where other kinds have their model."""
    found = outcomes.analyse(table, OutcomeConfig.from_json(raw))
    found["model"] = found.pop("final_model")
    return found


KINDS = {
    "subtypes": Kind(lambda table, raw: subtypes.analyse(table, subtypes.SubtypeConfig.from_json(raw))),
    "survival": Kind(lambda table, raw: survival.analyse(table, survival.SurvivalConfig.from_json(raw))),
    "outcome": Kind(_outcome),
}


@job("analyse", queue="cpu")
def analyse(context: JobContext) -> dict[str, Any]:
    """The analysis with its files, or a problem of `models.statistics` by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(Analysis, context.parameters["analysis_id"])
    table = CohortTable.from_json(context.storage.get(row.table_sha256).decode())
    roles = {role: table.roles.count(role) for role in ("train", "test")}
    context.log("analysing", patients=len(table.patients), **roles)
    found = steadily(
        context, lambda: found_in(context, row, table), lambda: context.progress(0.0, "computing")
    )
    return keep(context, row, found)


def found_in(context: JobContext, row: Analysis, table: CohortTable) -> dict[str, Any]:
    """What the analysis finds; with the agreement of subtypes by other contours where that is asked for."""
    settings = dict(row.config)
    settings.pop("agreement_with", None)
    found = KINDS[row.kind].analyse(table, settings)
    if "other_table" in row.files:
        if found["model"] is None:
            raise NoSubtypes("no clusters were found, so that nothing can agree")
        other = CohortTable.from_json(context.storage.get(row.files["other_table"]).decode())
        found["agreement"] = subtypes.agreement(table, other, found["model"])
    return found


def keep(context: JobContext, row: Analysis, found: dict[str, Any]) -> dict[str, Any]:
    """Store what was found and what is made from it, and end the job with that."""
    context.progress(COMPUTED, "figures")
    files, made_with = stored(context, found), versions()
    paragraphs = methods(found, made_with)
    result = {"analysis_id": row.id}
    with context.finishing(result) as session:
        done = session.get_one(Analysis, row.id)
        done.files, done.versions, done.methods = row.files | files, made_with, paragraphs
        jobs.announce(session, "analysis", row.id, row.project_id)
    return result


def stored(context: JobContext, found: dict[str, Any]) -> dict[str, Any]:
    """Names in the blob store of results, model, figures (SVG and PDF) and tables (CSV)."""
    storage = context.storage
    model = found.pop("model", None)
    files: dict[str, Any] = {"results": storage.put(_json(found))}
    if model is not None:
        files["model"] = storage.put(_json(model))
    return files | to_download(context, found)


def to_download(context: JobContext, found: dict[str, Any]) -> dict[str, Any]:
    """Names in the blob store of the figures (SVG and PDF) and tables (CSV) of a result of any kind."""
    put = context.storage.put
    drawn, listed = figures(found), tables(found)
    return {
        "figures": {name: {form: put(data) for form, data in forms.items()} for name, forms in drawn.items()},
        "tables": {name: put(csv_bytes(*table)) for name, table in listed.items()},
    }


def versions(*more: str) -> dict[str, str]:
    """Of this code and of the libraries that it computes with."""
    return {"rinkaku": VERSION} | {name: version(name) for name in (*LIBRARIES, *more)}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
