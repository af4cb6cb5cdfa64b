"""Analyse a reader study: figures of merit, time, figures, tables and methods, from frozen readings alone."""

from __future__ import annotations

import json
from typing import Any

from backend.jobs import service as jobs
from backend.readings.tables import ReaderAnalysis
from models.statistics.methods import methods
from models.statistics.readers import ReaderConfig, Study, analyse
from workers.cpu.analyse import COMPUTED, stored, versions
from workers.runtime import JobContext, job
from workers.steadily import steadily


@job("analyse-readings", queue="cpu")
def analyse_readings(context: JobContext) -> dict[str, Any]:
    """The analysis with its files, or a problem of `models.statistics.readers` by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(ReaderAnalysis, context.parameters["reader_analysis_id"])
    frozen = json.loads(context.storage.get(row.input_sha256))
    found = steadily(
        context,
        lambda: analyse(Study.from_json(frozen), ReaderConfig.from_json(row.config)),
        lambda: context.progress(0.0, "computing"),
    )
    found |= {key: frozen[key] for key in ("unblinding_attempts", "design")}
    context.progress(COMPUTED, "figures")
    files, made_with = stored(context, found), versions()
    result = {"reader_analysis_id": row.id}
    with context.finishing(result) as session:
        done = session.get_one(ReaderAnalysis, row.id)
        done.files, done.versions, done.methods = files, made_with, methods(found, made_with)
        jobs.announce(session, "reader-analysis", row.id, row.project_id)
    return result
