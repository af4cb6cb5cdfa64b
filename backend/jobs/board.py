"""Jobs as people see them: look, cancel, try again; each only in the projects he belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, func, or_, select, table, true, tuple_, update
from sqlalchemy.orm import Session

from backend.accounts.service import Actor
from backend.jobs.schemas import JobPatient
from backend.jobs.service import HOUSEKEEPING, MAX_ATTEMPTS, announce
from backend.jobs.states import JobState
from backend.jobs.tables import Event, Job, JobLog
from backend.kit.db import database_now
from backend.kit.errors import Conflict, NotFound
from backend.projects.service import Permission, require, visible_project_ids

# Studies stand above jobs, so their tables are named, not imported.
_STUDIES = table("studies", *(column(name) for name in ("id", "project_id", "patient_row_id")))
_PATIENTS = table("patients", *(column(name) for name in ("id", "patient_id", "name")))


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; None means any."""

    state: str | None = None
    kind: str | None = None
    study_id: str | None = None
    housekeeping: bool = True
    """Also the kinds that nobody asks for."""
    before_id: str | None = None
    """Continue below this id (UUIDv7: newest first)."""


def list_jobs(session: Session, actor: Actor, wanted: JobFilter, limit: int) -> Sequence[Job]:
    """The newest jobs that the actor may see."""
    statement: Select[Job] = select(Job).where(_visible(session, actor)).order_by(Job.id.desc()).limit(limit)
    if wanted.state is not None:
        statement = statement.where(Job.state == wanted.state)
    if wanted.kind is not None:
        statement = statement.where(Job.kind == wanted.kind)
    if wanted.study_id is not None:
        statement = statement.where(Job.study_id == wanted.study_id)
    if not wanted.housekeeping:
        statement = statement.where(Job.kind.not_in(HOUSEKEEPING))
    if wanted.before_id is not None:
        statement = statement.where(Job.id < wanted.before_id)
    return session.scalars(statement).all()


def _visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Jobs of the actor's projects; those of no project belong to who asked, or to the installation."""
    asked = true() if actor.is_administrator else Job.created_by == actor.user_id
    own = and_(Job.project_id.is_(None), asked)
    return or_(Job.project_id.in_(visible_project_ids(session, actor)), own)


def patients_of(session: Session, jobs: Sequence[Job]) -> dict[str, JobPatient]:
    """Patients of the jobs' studies by the study's id; only within the job's own project."""
    wanted = {(job.study_id, job.project_id) for job in jobs if job.study_id and job.project_id}
    if not wanted:
        return {}
    statement = (
        select(_STUDIES.c.id, _PATIENTS.c.patient_id, _PATIENTS.c.name)
        .join(_PATIENTS, _PATIENTS.c.id == _STUDIES.c.patient_row_id)
        .where(tuple_(_STUDIES.c.id, _STUDIES.c.project_id).in_(wanted))
    )
    return {study: JobPatient(id=number, name=name) for study, number, name in session.execute(statement)}


def get_job(session: Session, actor: Actor, job_id: str) -> Job:
    """The job, or NotFound when it is not the actor's to see."""
    job = session.scalars(select(Job).where(Job.id == job_id, _visible(session, actor))).one_or_none()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def get_log(session: Session, actor: Actor, job_id: str) -> Sequence[JobLog]:
    """What the workers wrote, oldest first, at most the last 1000 lines."""
    job = get_job(session, actor, job_id)
    statement = select(JobLog).where(JobLog.job_id == job.id).order_by(JobLog.number.desc()).limit(1000)
    return session.scalars(statement).all()[::-1]


def cancel(session: Session, actor: Actor, job_id: str) -> Job:
    """Take a queued job away at once; ask the worker of a running one to stop (seconds)."""
    job = _changeable(session, actor, job_id)
    moment = database_now(session)
    queued = update(Job).where(Job.id == job.id, Job.state == JobState.QUEUED)
    running = update(Job).where(Job.id == job.id, Job.state == JobState.RUNNING)
    taken = session.execute(
        queued.values(state=JobState.CANCELLED, cancel_requested=True, finished_at=moment)
    )
    asked = session.execute(running.values(cancel_requested=True))
    if taken.rowcount + asked.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(f"The job has already ended: {job.state}.", state=job.state)
    announce(session, "job", job.id, job.project_id)
    session.refresh(job)
    return job


def retry(session: Session, actor: Actor, job_id: str) -> Job:
    """Queue a failed or cancelled job again, with fresh attempts; the attempt number (the fence) goes on."""
    job = _changeable(session, actor, job_id)
    again = update(Job).where(Job.id == job.id, Job.state.in_([JobState.FAILED, JobState.CANCELLED]))
    done = session.execute(
        again.values(
            state=JobState.QUEUED,
            available_at=database_now(session),
            max_attempts=Job.attempt + MAX_ATTEMPTS.get(job.kind, 3),
            **_CLEARED,
        )
    )
    if done.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(
            f"Only a failed or cancelled job can be tried again; it is {job.state}.", state=job.state
        )
    announce(session, "job", job.id, job.project_id)
    session.refresh(job)
    return job


CHANGED_WITH = {
    "train": Permission.TRAIN,
    "compare": Permission.TRAIN,
    "compare-versions": Permission.TRAIN,
    "send": Permission.EXPORT,
}
"""What it needs to cancel a job of these kinds or try it again; others need what drawing needs."""
_CLEARED: dict[str, Any] = {
    "coalesce_key": None,
    "published_at": None,
    "started_at": None,
    "finished_at": None,
    "cancel_requested": False,
    "crashes": 0,
    "progress": 0.0,
    "stage": None,
    "message": "",
    "error_slug": None,
    "error_detail": None,
    "result": None,
}


def _changeable(session: Session, actor: Actor, job_id: str) -> Job:
    job = get_job(session, actor, job_id)
    if job.project_id is not None:
        require(session, actor, job.project_id, CHANGED_WITH.get(job.kind, Permission.ANNOTATE))
    return job


def newest_event(session: Session) -> int:
    """Number of the newest event; 0 when there is none."""
    return session.scalar(select(func.max(Event.number))) or 0


def events_after(session: Session, actor: Actor, number: int) -> Sequence[Event]:
    """The next events with a higher number that concern the actor's projects, oldest first."""
    projects = visible_project_ids(session, actor)
    statement = select(Event).where(Event.number > number, Event.project_id.in_(projects))
    return session.scalars(statement.order_by(Event.number).limit(500)).all()
