"""Analyses asked for: what can be known of the cohort at once is refused before anything is queued."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.analyses.configs import Settings
from backend.analyses.errors import WrongEndpoint
from backend.analyses.schemas import AnalysisIn
from backend.analyses.service.leakage import doubts
from backend.analyses.service.reading import AnalysisRows, Place, find
from backend.analyses.tables import Analysis
from backend.audit import service as audit
from backend.cohorts import service as cohorts
from backend.cohorts.errors import NoSuchColumn
from backend.cohorts.tables import Cohort
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.kit.ids import new_id
from backend.kit.storage import storage
from backend.projects.service import Permission
from rt.cohort import CohortTable

JOB_KINDS = {
    "subtypes": "analyse",
    "survival": "analyse",
    "outcome": "analyse",
    "outcome-network": "train-outcome",
    "dose-map": "dose-map",
}
"""The kind of job that does each."""


def start(session: Session, actor: Actor, place: Place, body: AnalysisIn) -> AnalysisRows:
    """Freeze the cohort as it is now and queue an analysis of it.

    EmptyCohort, NoSuchColumn or WrongEndpoint where the cohort cannot give what the settings name.
    """
    cohort = cohorts.find(session, actor, place, Permission.IMPORT)
    config = body.config.model_dump(mode="json")
    row = Analysis(name=body.name, kind=body.kind, feature_sets=list(body.feature_sets), config=config)
    return _queue(session, actor, cohort, row, body.config)


def rerun(session: Session, actor: Actor, place: Place, analysis_id: str) -> AnalysisRows:
    """The same question to the cohort as it is now, as an analysis of its own: no number is overwritten."""
    old = find(session, actor, place, analysis_id, Permission.IMPORT).analysis
    asked = {"name": old.name, "kind": old.kind, "config": old.config}
    body: AnalysisIn = TypeAdapter(AnalysisIn).validate_python(asked)
    cohort = session.get_one(Cohort, old.cohort_id)
    row = Analysis(**asked, feature_sets=old.feature_sets, rerun_of=old.id)
    return _queue(session, actor, cohort, row, body.config)


def _queue(session: Session, actor: Actor, cohort: Cohort, row: Analysis, settings: Settings) -> AnalysisRows:
    """Complete the row of what is asked, and queue its job."""
    table = cohorts.frozen(session, cohort.id, row.feature_sets)
    check(table, settings)
    row.id, row.project_id, row.cohort_id = new_id(), cohort.project_id, cohort.id
    row.created_by = actor.user_id
    row.table_sha256 = storage().put(table.to_json().encode())
    if row.config.get("agreement_with"):
        other = cohorts.frozen(session, cohort.id, row.config["agreement_with"])
        row.files = {"other_table": storage().put(other.to_json().encode())}
    row.warnings = [one.model_dump() for one in doubts(session, cohort, table)]
    parameters = {"analysis_id": row.id}
    job = jobs.enqueue(
        session, JobRequest(JOB_KINDS[row.kind], parameters, cohort.project_id, created_by=actor.user_id)
    )
    row.job_id = job.id
    session.add(row)
    session.flush()
    audit.record(session, actor.user_id, "analyses.analysis.started", "analysis", row.id, row.project_id)
    return AnalysisRows(row, job)


def check(table: CohortTable, settings: Settings) -> None:
    """NoSuchColumn and WrongEndpoint name what the settings ask for and the cohort does not have."""
    known = {one.name for one in (*table.clinical, *table.features)}
    missing = [name for name in dict.fromkeys(settings.columns()) if name not in known]
    if missing:
        raise NoSuchColumn(f"the cohort has no column {', '.join(missing)}", field="config")
    kinds = {one.name: one.kind for one in table.endpoints}
    for name, kind in settings.endpoints().items():
        if name not in kinds:
            raise NoSuchColumn(f"the cohort has no endpoint {name}", field="config")
        if kind not in ("any", kinds[name]):
            raise WrongEndpoint(f"{name} is a {kinds[name]} endpoint, a {kind} one is needed", field="config")
