"""Queued jobs done in this process, one after another, as a worker would do them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

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


def run_job(job_id: str) -> dict[str, Any]:
    """Do one queued job now, due or not."""
    with db.session_scope() as session:
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        session.execute(update(Job).where(Job.id == job_id).values(available_at=long_ago))
        claim = leases.claim(session, job_id, "test", 60)
    assert claim is not None
    here, there = Pipe()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "attempt"
        scratch.mkdir()
        context = JobContext(claim, there, scratch)
        result = handler_of(claim.kind)(context)
        if not context.finished:
            with db.session_scope() as session:
                leases.succeed(session, claim, result)
    here.close()
    there.close()
    return result
