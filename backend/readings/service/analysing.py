"""Readings frozen with their truth, analysed by a worker, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.download import Download, stored
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.kit.pagination import Part
from backend.kit.storage import storage
from backend.readings import repository
from backend.readings.errors import NothingRead
from backend.readings.schemas import AnalysisConfig, FigureFormat
from backend.readings.service.finding import Place, as_owner
from backend.readings.service.reading import seconds
from backend.readings.tables import ReaderAnalysis, ReaderStudy


@dataclass(frozen=True)
class AnalysisRows:
    """An analysis with its job."""

    analysis: ReaderAnalysis
    job: Job


def start(session: Session, actor: Actor, place: Place, config: AnalysisConfig) -> AnalysisRows:
    """Freeze what is finished now and queue its analysis; NothingRead."""
    study = as_owner(session, actor, place)
    frozen = freeze(session, study)
    if not frozen["readings"]:
        raise NothingRead("no reading is finished")
    row = ReaderAnalysis(
        id=new_id(), project_id=study.project_id, reader_study_id=study.id, config=config.model_dump(),
        created_by=actor.user_id,
    )  # fmt: skip
    row.input_sha256 = storage().put(json.dumps(frozen, sort_keys=True).encode())
    parameters = {"reader_analysis_id": row.id}
    request = JobRequest("analyse-readings", parameters, study.project_id, created_by=actor.user_id)
    job = jobs.enqueue(session, request)
    row.job_id = job.id
    session.add(row)
    session.flush()
    audit.record(
        session, actor.user_id, "readings.analysis.started", "reader-analysis", row.id, study.project_id
    )
    return AnalysisRows(row, job)


def freeze(session: Session, study: ReaderStudy) -> dict[str, Any]:
    """Truth and finished readings as `models.statistics.readers.Study` takes them, and refused attempts."""
    readers = {one.user_id: one for one in repository.readers(session, study.id)}
    cases = {one.id: one for one in repository.cases(session, study.id)}
    names = [one["name"] for one in study.conditions]
    attempts = Counter((one.user_id, one.kind) for one in repository.incidents(session, study.id))
    return {
        "conditions": names,
        "cases": [
            {"case": one.code, "positive": one.positive, "lesions": one.lesions} for one in cases.values()
        ],
        "readers": [{"reader": one.code, "level": one.level} for one in readers.values()],
        "readings": [
            {
                "reader": readers[one.user_id].code,
                "case": cases[one.case_id].code,
                "condition": names[one.condition],
                "confidence": one.confidence,
                "seconds": seconds(one),
                "marks": one.marks,
            }
            for one in repository.readings(session, study.id)
            if one.state == "finished"
        ],
        "unblinding_attempts": [
            {"reader": readers[user_id].code, "kind": kind, "times": times}
            for (user_id, kind), times in sorted(attempts.items())
            if user_id in readers
        ],
        "design": {"washout_days": study.washout_days, "seed": study.seed},
    }


def recent(session: Session, actor: Actor, place: Place, part: Part) -> Sequence[AnalysisRows]:
    """Analyses of a study, newest first."""
    study = as_owner(session, actor, place)
    return [_with_job(session, row) for row in repository.analyses(session, study.id, part)]


def find(session: Session, actor: Actor, place: Place, analysis_id: str) -> AnalysisRows:
    """One analysis; NotFound when it is another study's."""
    study = as_owner(session, actor, place)
    row = repository.analysis(session, analysis_id)
    if row is None or row.reader_study_id != study.id:
        raise NotFound("there is no such analysis")
    return _with_job(session, row)


def results_of(row: ReaderAnalysis) -> dict[str, Any] | None:
    """What it found; None until it is done."""
    if "results" not in row.files:
        return None
    found: dict[str, Any] = json.loads(storage().get(row.files["results"]))
    return found


def figure_file(row: ReaderAnalysis, name: str, form: FigureFormat) -> Download:
    """A figure; NotFound."""
    return stored("reader-study", f"{name}.{form}", _filed(row, "figures", name)[form])


def table_file(row: ReaderAnalysis, name: str) -> Download:
    """A table as CSV; NotFound."""
    return stored("reader-study", f"{name}.csv", _filed(row, "tables", name))


def _filed(row: ReaderAnalysis, kind: str, name: str) -> Any:
    found = row.files.get(kind, {}).get(name)
    if found is None:
        raise NotFound(f"the analysis has no such {kind.removesuffix('s')}, or is not done")
    return found


def _with_job(session: Session, row: ReaderAnalysis) -> AnalysisRows:
    return AnalysisRows(row, session.get_one(Job, row.job_id))
