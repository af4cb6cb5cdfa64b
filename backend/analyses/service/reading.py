"""Analyses as they are read: the rows, what was found, and its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.analyses import repository
from backend.analyses.errors import AnalysisNotDone, AnalysisUnderWay
from backend.analyses.schemas import FigureFormat
from backend.analyses.tables import Analysis
from backend.audit import service as audit
from backend.cohorts import service as cohorts
from backend.jobs.states import FINAL
from backend.jobs.tables import Job
from backend.kit.download import Download, stored
from backend.kit.errors import NotFound
from backend.kit.pagination import Part
from backend.kit.storage import storage
from backend.projects.service import Permission

Place = tuple[str, str]
"""Project id and cohort id."""


@dataclass(frozen=True)
class AnalysisRows:
    """An analysis with its job."""

    analysis: Analysis
    job: Job


def recent(session: Session, actor: Actor, place: Place, part: Part) -> Sequence[AnalysisRows]:
    """Analyses of a cohort, newest first."""
    cohort = cohorts.find(session, actor, place, Permission.READ)
    return [_with_job(session, row) for row in repository.analyses(session, cohort.id, part)]


def find(
    session: Session, actor: Actor, place: Place, analysis_id: str, permission: Permission = Permission.READ
) -> AnalysisRows:
    """One analysis, when the actor may do this there; NotFound when it is another cohort's."""
    cohort = cohorts.find(session, actor, place, permission)
    row = repository.analysis(session, analysis_id)
    if row is None or row.cohort_id != cohort.id:
        raise NotFound("there is no such analysis")
    return _with_job(session, row)


def delete(session: Session, actor: Actor, place: Place, analysis_id: str) -> None:
    """Forget an analysis with its predictions; AnalysisUnderWay while its job waits or runs."""
    one = find(session, actor, place, analysis_id, Permission.IMPORT)
    if one.job.state not in FINAL:
        raise AnalysisUnderWay("its job waits or runs; cancel it first", job_id=one.job.id)
    row = one.analysis
    audit.record(session, actor.user_id, "analyses.analysis.deleted", "analysis", row.id, row.project_id)
    session.delete(row)


def results_of(row: Analysis) -> dict[str, Any] | None:
    """What it found; None until it is done."""
    if "results" not in row.files:
        return None
    found: dict[str, Any] = json.loads(storage().get(row.files["results"]))
    return found


def figure_file(row: Analysis, name: str, form: FigureFormat) -> Download:
    """A figure; NotFound, AnalysisNotDone."""
    return stored(row.name, f"{name}.{form}", _filed(row, "figures", name)[form])


def table_file(row: Analysis, name: str) -> Download:
    """A table as CSV; NotFound, AnalysisNotDone."""
    return stored(row.name, f"{name}.csv", _filed(row, "tables", name))


def _filed(row: Analysis, kind: str, name: str) -> Any:
    if "results" not in row.files:
        raise AnalysisNotDone("its results are not there yet, or it failed")
    found = row.files[kind].get(name)
    if found is None:
        raise NotFound(f"the analysis has no such {kind.removesuffix('s')}")
    return found


def _with_job(session: Session, row: Analysis) -> AnalysisRows:
    return AnalysisRows(row, session.get_one(Job, row.job_id))
