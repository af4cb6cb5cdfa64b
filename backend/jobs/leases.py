"""Who works on a job: claim, lease, and the attempt number as a fence.

Every statement of a worker names the attempt it was given, so a worker that was frozen, cut off or replaced
changes nothing when it comes back.  The database's clock decides, never a worker's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from backend.jobs.service import announce
from backend.jobs.states import JobState
from backend.jobs.tables import Job, JobLog
from backend.kit.db import database_now, for_update_skip_locked

MAX_CRASHES = {"train": 6, "compare": 6}
"""A job that kills or hangs its process this often is given up; 2 where nothing is said.

A training goes on from its checkpoint each time."""


_NO_ERROR = {"error_slug": None, "error_detail": None}


class Superseded(Exception):
    """The job was cancelled or given to another worker; what this attempt would have written is dropped."""


class Holding(StrEnum):
    """What a worker learns when it renews its lease."""

    OURS = "ours"
    CANCEL = "cancel"
    """Ours, but someone asked to stop."""
    LOST = "lost"


@dataclass(frozen=True)
class Claim:
    """One attempt at one job."""

    job_id: str
    attempt: int
    kind: str
    parameters: dict[str, Any]
    project_id: str | None
    study_id: str | None


@dataclass(frozen=True)
class Failure:
    """Why an attempt ended; `crash` is a killed or hung process, `transient` something that may pass."""

    slug: str
    detail: str
    crash: bool = False
    transient: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a job's log, in English and as slug and values."""

    text: str
    said: dict[str, Any]


@dataclass(frozen=True)
class Said:
    """How far a job is, at which stage ({slug, values}), and that in English."""

    progress: float = 0.0
    stage: dict[str, Any] | None = None
    message: str = ""


def claim(session: Session, job_id: str, worker: str, lease_s: float) -> Claim | None:
    """Take the job, or None when it is not queued (any more), not due, or its key is being worked on."""
    moment = database_now(session)
    other = aliased(Job)
    same_key_runs = exists().where(
        other.coalesce_key == Job.coalesce_key, other.state == JobState.RUNNING, other.id != Job.id
    )
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED, Job.available_at <= moment, ~same_key_runs)
        .values(
            state=JobState.RUNNING,
            attempt=Job.attempt + 1,
            lease_until=moment + timedelta(seconds=lease_s),
            worker=worker,
            started_at=moment,
            progress=0.0,
            stage=None,
            message="",
        )
        .returning(Job.attempt, Job.kind, Job.parameters, Job.project_id, Job.study_id)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    announce(session, "job", job_id, row.project_id)
    return Claim(job_id, row.attempt, row.kind, row.parameters, row.project_id, row.study_id)


def renew(session: Session, held: Claim, lease_s: float) -> Holding:
    """Extend the lease and tell whether the job is still ours and wanted."""
    until = database_now(session) + timedelta(seconds=lease_s)
    statement = update(Job).where(_ours(held)).values(lease_until=until).returning(Job.cancel_requested)
    wanted_away = session.execute(statement.execution_options(synchronize_session=False)).scalar_one_or_none()
    if wanted_away is None:
        return _why_not_held(session, held)
    return Holding.CANCEL if wanted_away else Holding.OURS


def _why_not_held(session: Session, held: Claim) -> Holding:
    """A process that has just ended its job in its own last transaction has lost nothing."""
    ended = select(Job.id).filter_by(id=held.job_id, attempt=held.attempt, state=JobState.SUCCEEDED)
    return Holding.LOST if session.scalar(ended) is None else Holding.OURS


def guard(session: Session, held: Claim) -> None:
    """Lock the job's row until the transaction ends; raise Superseded when the attempt is not ours."""
    session.flush()
    if not _change(session, held, {"attempt": held.attempt}):
        raise Superseded(f"attempt {held.attempt} of job {held.job_id} was replaced")


def report(session: Session, held: Claim, said: Said, lines: list[Line]) -> None:
    """Keep what the job says about itself."""
    progress = min(max(said.progress, 0.0), 1.0)
    if not _change(session, held, {"progress": progress, "stage": said.stage, "message": said.message[:255]}):
        return
    moment = database_now(session)
    if lines:
        rows = [
            {"job_id": held.job_id, "attempt": held.attempt, "at": moment, "line": one.text, "said": one.said}
            for one in lines
        ]
        session.execute(insert(JobLog), rows)
    announce(session, "job", held.job_id, held.project_id)


def succeed(session: Session, held: Claim, result: dict[str, Any]) -> None:
    """End the job in the caller's transaction, beside the rows it made; raise Superseded when not ours."""
    session.flush()
    values = {"state": JobState.SUCCEEDED, "lease_until": None, "progress": 1.0, "result": result} | _NO_ERROR
    if not _end(session, held, values):
        raise Superseded(f"attempt {held.attempt} of job {held.job_id} was replaced")


def give_up(session: Session, held: Claim) -> bool:
    """Mark the job cancelled; False when it ended otherwise meanwhile."""
    return _end(session, held, {"state": JobState.CANCELLED, "lease_until": None, "cancel_requested": True})


def release(session: Session, held: Claim) -> bool:
    """Hand the job back because the worker is being stopped; that costs it no attempt."""
    values = _back(database_now(session)) | {"max_attempts": Job.max_attempts + 1}
    return _change(session, held, values, announced=True)


def postpone(session: Session, held: Claim, delay_s: float) -> bool:
    """Put the job back until later, which costs it no attempt; False when a newer one waits under its key."""
    until = database_now(session) + timedelta(seconds=delay_s)
    values = _back(until) | {"max_attempts": Job.max_attempts + 1, "coalesce_key": Job.coalesce_key}
    session.flush()
    try:
        with session.begin_nested():
            return _change(session, held, values, announced=True)
    except IntegrityError:
        return False


def fail(session: Session, held: Claim, failure: Failure) -> bool:
    """End the job with its cause, or queue it again when the cause may pass and attempts are left."""
    job = session.get(Job, held.job_id, populate_existing=True)
    if job is None or job.attempt != held.attempt or job.state != JobState.RUNNING:
        return False
    crashes = job.crashes + int(failure.crash)
    may_pass = failure.transient or (failure.crash and crashes < MAX_CRASHES.get(held.kind, 2))
    causes = {"crashes": crashes, "error_slug": failure.slug, "error_detail": failure.detail}
    if may_pass and held.attempt < job.max_attempts and not job.cancel_requested:
        delay = timedelta(seconds=5.0 * held.attempt if failure.transient else 0.0)
        return _change(session, held, causes | _back(database_now(session) + delay), announced=True)
    return _end(session, held, causes | {"state": JobState.FAILED, "lease_until": None})


def reap(session: Session, limit: int = 100) -> int:
    """Take jobs from workers that fell silent: queued again, failed, or cancelled if that was asked for."""
    moment = database_now(session)
    silent = select(Job).where(Job.state == JobState.RUNNING, Job.lease_until < moment).limit(limit)
    jobs = session.scalars(for_update_skip_locked(silent)).all()
    for job in jobs:
        held = Claim(job.id, job.attempt, job.kind, job.parameters, job.project_id, job.study_id)
        if job.cancel_requested:
            give_up(session, held)
        elif job.attempt < job.max_attempts:
            _change(session, held, _back(moment), announced=True)
        else:
            lost = {
                "error_slug": "worker-lost",
                "error_detail": f"{job.attempt} workers died or fell silent.",
            }
            _end(session, held, lost | {"state": JobState.FAILED, "lease_until": None})
    return len(jobs)


def take_unpublished(session: Session, repeat: list[str], repeat_s: float) -> list[tuple[str, str]]:
    """(id, queue) of due jobs that the broker should hear of, marked as published.

    `repeat` names the queues in which a job is announced again when nobody took it for `repeat_s`.
    """
    moment = database_now(session)
    forgotten = and_(Job.queue.in_(repeat), Job.published_at < moment - timedelta(seconds=repeat_s))
    due = (
        select(Job)
        .where(Job.state == JobState.QUEUED, Job.available_at <= moment)
        .where(or_(Job.published_at.is_(None), forgotten))
        .order_by(Job.available_at)
        .limit(200)
    )
    jobs = session.scalars(for_update_skip_locked(due)).all()
    for job in jobs:
        job.published_at = moment
    return [(job.id, job.queue) for job in jobs]


def unpublish(session: Session, job_ids: list[str]) -> None:
    """Forget that these were published: the broker did not take them."""
    session.execute(update(Job).where(Job.id.in_(job_ids)).values(published_at=None))


def _ours(held: Claim) -> ColumnElement[bool]:
    return and_(Job.id == held.job_id, Job.attempt == held.attempt, Job.state == JobState.RUNNING)


def _back(available_at: datetime) -> dict[str, Any]:
    """Values of a job that returns to the queue; it gives up its key when a newer one waits under it."""
    other = aliased(Job)
    newer_waits = exists().where(other.coalesce_key == Job.coalesce_key, other.state == JobState.QUEUED)
    return {
        "state": JobState.QUEUED,
        "lease_until": None,
        "worker": None,
        "published_at": None,
        "available_at": available_at,
        "coalesce_key": case((newer_waits, None), else_=Job.coalesce_key),
    }


def _change(session: Session, held: Claim, values: dict[str, Any], *, announced: bool = False) -> bool:
    statement = update(Job).where(_ours(held)).values(**values).execution_options(synchronize_session=False)
    changed: bool = session.execute(statement).rowcount == 1  # type: ignore[attr-defined]
    if changed and announced:
        announce(session, "job", held.job_id, held.project_id)
    return changed


def _end(session: Session, held: Claim, values: dict[str, Any]) -> bool:
    """Finish, and let a job that waited for this one's key start at once."""
    if not _change(session, held, values | {"finished_at": database_now(session)}, announced=True):
        return False
    key = select(Job.coalesce_key).where(Job.id == held.job_id).scalar_subquery()
    waiting = update(Job).where(Job.coalesce_key == key, Job.state == JobState.QUEUED)
    session.execute(waiting.values(published_at=None).execution_options(synchronize_session=False))
    return True
