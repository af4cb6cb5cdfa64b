"""Jobs as other features see them: ask for one, and tell open browsers that something changed.

The row is the outbox: it is written in the caller's transaction, and the relay (`workers/relay.py`) tells the
broker about it after the commit.  What workers do with rows is in `leases.py`, what people do in `board.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.jobs.states import FINAL, JobState
from backend.jobs.tables import Event, Job
from backend.kit.db import database_now

KINDS: dict[str, str] = {
    "presegment": "gpu",
    "detect": "gpu",
    "import-network": "gpu",
    "export-network": "gpu",
    "train": "training",
    "compare-versions": "training",
    "compare": "training",
    "regions": "cpu",
    "radiomics": "cpu",
    "publish": "cpu",
    "measure": "cpu",
    "derive": "cpu",
    "consensus": "cpu",
    "check-outside": "cpu",
    "export": "cpu",
    "analyse": "cpu",
    "analyse-readings": "cpu",
    "predict": "cpu",
    "train-outcome": "training",
    "predict-outcome": "gpu",
    "dose-map": "gpu",
    "import-structures": "cpu",
    "assemble": "cpu",
    "send": "cpu",
    "report-commitment": "cpu",
    "sweep-storage": "cpu",
    "verify-storage": "cpu",
    "deliver-webhook": "cpu",
}
"""Queue of each kind of job; `workers/<queue>/<kind>.py` does it.  Trainings have one of their own, so that
no patient's contours wait for hours behind one."""
QUEUES = tuple(sorted(set(KINDS.values())))

HOUSEKEEPING = frozenset(
    {
        "publish", "measure", "derive", "check-outside", "report-commitment", "sweep-storage",
        "verify-storage", "deliver-webhook",
    }
)  # fmt: skip
"""Kinds that nobody asks for."""

MAX_ATTEMPTS: dict[str, int] = {"train": 10, "compare": 10, "train-outcome": 10, "dose-map": 10}
"""How often a job may lose its worker; 3 where nothing is said."""


@dataclass(frozen=True)
class JobRequest:
    """Work wanted; `coalesce_key` makes a second request the same job while the first still waits."""

    kind: str
    parameters: dict[str, Any]
    project_id: str | None
    study_id: str | None = None
    created_by: str | None = None
    coalesce_key: str | None = None
    delay_s: float = 0.0
    latest_s: float | None = None
    """Given: each request for the job that waits lets it wait anew, no longer than this in all."""


def enqueue(session: Session, request: JobRequest) -> Job:
    """Write the job into the caller's transaction, or return the one that waits under the same key.

    The one that waits starts when the earlier of the two is due, or with `latest_s` when requests are over.
    """
    if request.coalesce_key is None:
        return _insert(session, request)
    while True:
        waiting = _waiting(session, request.coalesce_key)
        if waiting is not None:
            waiting.available_at = _due_again(waiting, request, database_now(session))
            return waiting
        try:
            with session.begin_nested():
                return _insert(session, request)
        except IntegrityError as error:
            if "coalesce" not in str(error.orig):
                raise


def _due_again(waiting: Job, request: JobRequest, moment: datetime) -> datetime:
    """When a job is due that is asked for again; one that is due by now is not held back any more."""
    due = moment + timedelta(seconds=request.delay_s)
    if request.latest_s is None or waiting.available_at <= moment:
        return min(waiting.available_at, due)
    return min(due, waiting.created_at + timedelta(seconds=request.latest_s))


def is_under_way(session: Session, study_id: str, kind: str) -> bool:
    """True while a job of this kind waits or runs for the study."""
    statement = select(Job.id).where(Job.study_id == study_id, Job.kind == kind)
    return session.scalar(statement.where(Job.state.not_in(FINAL)).limit(1)) is not None


def _waiting(session: Session, key: str) -> Job | None:
    """The queued job of this key, locked so that no worker starts it before the caller has committed."""
    statement = select(Job).where(Job.coalesce_key == key, Job.state == JobState.QUEUED).with_for_update()
    return session.scalars(statement).one_or_none()


def _insert(session: Session, request: JobRequest) -> Job:
    moment = database_now(session)
    job = Job(
        kind=request.kind,
        queue=KINDS[request.kind],
        parameters=request.parameters,
        project_id=request.project_id,
        study_id=request.study_id,
        created_by=request.created_by,
        coalesce_key=request.coalesce_key,
        created_at=moment,
        available_at=moment + timedelta(seconds=request.delay_s),
        max_attempts=MAX_ATTEMPTS.get(request.kind, 3),
    )
    session.add(job)
    session.flush()
    announce(session, "job", job.id, job.project_id)
    return job


def announce(session: Session, kind: str, object_id: str, project_id: str | None) -> None:
    """Hint to open browsers that something changed.

    `kind` is job, study, structure-set, run, comparison, analysis, reader-analysis, prediction, detection
    or drift.
    """
    session.add(Event(kind=kind, object_id=object_id, project_id=project_id, at=database_now(session)))
