"""Queued jobs done in this process, one after another, as a worker would do them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select, update

from backend.jobs import leases
from backend.jobs.tables import Job
from backend.kit import db
from workers.runtime import JobContext, handler_of


def run_queued(kind: str) -> list[dict[str, Any]]:
    """Do every queued job of a kind; gives their results in the order they were queued."""
    with db.session_scope(read_only=True) as session:
        waiting = select(Job.id).where(Job.kind == kind, Job.state == "queued").order_by(Job.id)
        job_ids = session.scalars(waiting).all()
    return [run_job(job_id) for job_id in job_ids]


class Line:
    """The line to the worker; `then`, if there is one, happens at the job's first word of progress."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self._then = then

    def send_bytes(self, message: bytes) -> None:
        """Hear what the job says."""
        if self._then is not None and b'"progress"' in message:
            then, self._then = self._then, None
            then()

    def poll(self) -> bool:
        """Nobody cancels it."""
        return False


def run_job(job_id: str, then: Callable[[], None] | None = None, line: Line | None = None) -> dict[str, Any]:
    """Do one queued job now, due or not; `then` happens while it is at work, `line` hears what it says."""
    with db.session_scope() as session:
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        session.execute(update(Job).where(Job.id == job_id).values(available_at=long_ago))
        claim = leases.claim(session, job_id, "test", 60)
    assert claim is not None
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "attempt"
        scratch.mkdir()
        context = JobContext(claim, cast(Connection, line or Line(then)), scratch)
        result = handler_of(claim.kind)(context)
        if not context.finished:
            with db.session_scope() as session:
                leases.succeed(session, claim, result)
    return result
