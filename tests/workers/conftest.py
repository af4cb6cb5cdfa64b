"""Jobs and workers for the tests of the runtime."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backend.jobs import service
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job, JobLog
from backend.kit.db import session_scope
from tests.workers.handlers import KINDS
from workers.supervisor import Supervisor, Timing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(autouse=True)
def test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in KINDS:
        monkeypatch.setitem(service.KINDS, kind, "cpu")


@pytest.fixture
def queue_job(database: str) -> Callable[..., str]:
    """`queue_job("test-nap", seconds=1)` commits a job and gives its id."""

    def queue(kind: str = "test-note", *, max_attempts: int = 3, **parameters: Any) -> str:
        with session_scope() as session:
            job = service.enqueue(session, JobRequest(kind, parameters, project_id=None))
            job.max_attempts = max_attempts
            return job.id

    return queue


@pytest.fixture
def supervisor(database: str) -> Supervisor:
    """A worker in this process, with short times."""
    return Supervisor(Timing(lease_s=4.0, grace_s=1.0), ["tests.workers.handlers"])


def read_job(job_id: str) -> Job:
    """The job as it stands."""
    with session_scope(read_only=True) as session:
        job = session.get(Job, job_id)
        assert job is not None
        return job


def effects(job_id: str) -> int:
    """How often the job's effect was committed."""
    with session_scope(read_only=True) as session:
        return session.query(JobLog).filter_by(job_id=job_id, line="effect").count()


StartProcess = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """`start_process("-m", "workers", "relay")` runs Python until the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
