"""What a job handler sees: the decorator that names it and the context it is given.

A handler runs in a process of its own, forked for this attempt (`child.py`), while the worker renews the
lease (`supervisor.py`).  It may be killed at any moment and started again elsewhere; what it writes through
`context.session()` is committed only while the job is still this attempt's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.jobs import leases
from backend.jobs.leases import Claim
from backend.jobs.service import KINDS, JobRequest, enqueue
from backend.jobs.stages import Value, log_line, sentence
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.kit.storage import Storage
from backend.kit.storage import storage as process_storage

REPORT_INTERVAL_S = 0.2
"""Progress is told to the worker at most this often."""

Handler = Callable[["JobContext"], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}
"""Filled by `job` when the handlers' modules are imported."""


class JobCancelled(Exception):
    """Raised by `check_cancelled`: someone asked the job to stop."""


def job(kind: str, queue: str) -> Callable[[Handler], Handler]:
    """Make a function the handler of this kind of job; its module is `workers/<queue>/<kind>.py`."""
    if KINDS.get(kind, queue) != queue:
        raise ValueError(f"{kind} belongs to the queue {KINDS[kind]}")

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return register


def handler_module(kind: str) -> str:
    """Name of the module that does this kind of job."""
    return f"workers.{KINDS[kind]}.{kind.replace('-', '_')}"


def handler_of(kind: str) -> Handler:
    """The handler of this kind, imported when first asked for."""
    if kind not in HANDLERS:
        import_module(handler_module(kind))
    return HANDLERS[kind]


@dataclass
class JobContext:
    """One attempt at one job, as its handler sees it."""

    claim: Claim
    worker: Connection
    """Line to the supervising worker."""
    scratch: Path
    """Empty folder of this attempt, removed afterwards."""
    finished: bool = False
    """True once `finishing` has ended the job."""
    _told_at: float = field(default=float("-inf"))
    _stop: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """What was asked for when the job was queued."""
        return self.claim.parameters

    @property
    def storage(self) -> Storage:
        """The blob store; a blob without a row is garbage, so write it before the row."""
        return process_storage()

    @property
    def workspace(self) -> Path:
        """Folder that a later attempt on this machine finds again, for checkpoints; removed at the end."""
        return self.scratch.parent

    def progress(self, fraction: float, stage: str | None = None, **values: Value) -> None:
        """Tell how far the job is, 0 to 1; ten minutes without a word and the worker kills the job.

        `stage` is one of `backend.jobs.stages.STAGES`, the values fill its sentence.
        """
        said = None if stage is None else {"slug": stage, "values": values}
        message = "" if stage is None else sentence(stage, values)
        now = time.monotonic()
        if now - self._told_at >= REPORT_INTERVAL_S or fraction >= 1.0:
            self._told_at = now
            self.send({"progress": fraction, "stage": said, "message": message})

    def log(self, slug: str, **values: Value) -> None:
        """Add a line to the job's log, which people read: no names of patients.

        `slug` is one of `backend.jobs.stages.LOG_LINES`, the values fill its sentence.
        """
        self.send({"log": log_line(slug, values), "said": {"slug": slug, "values": values}})

    def cancelled(self) -> bool:
        """True when someone asked to stop; the process is killed a few seconds later."""
        while not self._stop and self.worker.poll():
            self._stop = "cancel" in json.loads(self.worker.recv_bytes())
        return self._stop

    def check_cancelled(self) -> None:
        """Raise JobCancelled when someone asked to stop."""
        if self.cancelled():
            raise JobCancelled

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A short transaction, committed only while the job is this attempt's; else raises Superseded."""
        with session_scope(read_only=read_only) as session:
            yield session
            if not read_only:
                leases.guard(session, self.claim)

    @contextmanager
    def finishing(self, result: dict[str, Any]) -> Iterator[Session]:
        """The job's last transaction: what it writes and the job's success are committed together.

        A job that is killed before is done again from the start, one that is killed after is not: its effects
        happen once.  `result` may still be filled inside the block.
        """
        with session_scope() as session:
            yield session
            leases.succeed(session, self.claim, result)
        self.finished = True

    def created_by(self, session: Session) -> str | None:
        """Who asked for the job."""
        return session.get_one(Job, self.claim.job_id).created_by

    def postpone(self, delay_s: float, result: dict[str, Any]) -> dict[str, Any]:
        """Put this very job back until later; end it with `result` where a newer one waits for the same."""
        with session_scope() as session:
            if not leases.postpone(session, self.claim, delay_s):
                leases.succeed(session, self.claim, result)
        self.finished = True
        return result

    def again(self, session: Session, delay_s: float) -> None:
        """Ask for the same work once more, in the transaction that ends this job."""
        done = session.get_one(Job, self.claim.job_id)
        request = JobRequest(
            done.kind,
            done.parameters,
            done.project_id,
            done.study_id,
            created_by=done.created_by,
            coalesce_key=done.coalesce_key,
            delay_s=delay_s,
        )
        enqueue(session, request)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the supervising worker."""
        self.worker.send_bytes(json.dumps(message).encode())
