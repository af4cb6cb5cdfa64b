"""The worker's side of a job: claim it, start its process, renew the lease, and write down how it ended.

Between two renewals the worker passes on progress and log lines, looks for a request to cancel, and kills a
process that has said nothing for ten minutes.  A lost lease means that someone else has the job: the process
is killed and nothing is written.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import connection, forkserver, get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.config import get_settings
from backend.jobs import leases
from backend.jobs.leases import Claim, Failure, Holding, Said
from backend.jobs.service import KINDS
from backend.kit.db import session_scope
from workers import child
from workers.runtime import handler_module

log = structlog.get_logger()
processes = get_context("forkserver")


class Ended(StrEnum):
    """Endings that carry nothing."""

    DONE = "done"
    """The handler ended the job in its own last transaction."""
    CANCELLED = "cancelled"
    LOST = "lost"
    STOPPED = "stopped"
    """The worker is being shut down."""


Ending = dict[str, Any] | Failure | Ended


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    lease_s: float
    hung_s: float = 600.0
    """A process that says nothing this long is killed."""
    grace_s: float = 5.0
    """How long a cancelled job may tidy up."""

    @property
    def beat_s(self) -> float:
        """Time between renewals, which is also how long a cancel may go unnoticed."""
        return min(self.lease_s / 4, 5.0)


@dataclass
class Supervisor:
    """Runs jobs one after the other."""

    timing: Timing
    modules: list[str]
    """Imported once, in the server that job processes are forked from: no job waits for `import torch`."""
    stopping: threading.Event = field(default_factory=threading.Event)
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}"[:128])

    def __post_init__(self) -> None:
        processes.set_forkserver_preload(["workers.child", *self.modules])
        forkserver.ensure_running()

    def run(self, job_id: str) -> bool:
        """Do the job if it is there to be done; False when it was not."""
        with session_scope() as session:
            held = leases.claim(session, job_id, self.name, self.timing.lease_s)
        if held is None:
            return False
        log.info("jobs.started", job_id=job_id, kind=held.kind, attempt=held.attempt)
        folder = get_settings().data / "scratch" / job_id
        process = _Process(held, folder / str(held.attempt))
        try:
            ending = _Watch(self, held, process).until_end()
        finally:
            process.kill()
        final = self._settle(held, ending)
        shutil.rmtree(folder if final else folder / str(held.attempt), ignore_errors=True)
        return True

    def _settle(self, held: Claim, ending: Ending) -> bool:
        """Write down the ending; True when nobody will work on the job again."""
        log.info("jobs.ended", job_id=held.job_id, attempt=held.attempt, outcome=_word(ending))
        match ending:
            case Failure():
                persist(lambda session: leases.fail(session, held, ending), self.timing.lease_s)
                return not (ending.transient or ending.crash)
            case Ended.CANCELLED:
                persist(lambda session: leases.give_up(session, held), self.timing.lease_s)
                return True
            case Ended.STOPPED:
                persist(lambda session: leases.release(session, held), self.timing.lease_s)
                return False
            case Ended.DONE:
                return True
            case Ended.LOST:
                return False
            case dict():
                persist(lambda session: leases.succeed(session, held, ending), self.timing.lease_s)
                return True


def handler_modules(queues: list[str]) -> list[str]:
    """The modules to load beforehand for the jobs of these queues; a training can wait for torch."""
    quick = [queue for queue in queues if queue != "training"]
    return [handler_module(kind) for kind, queue in KINDS.items() if queue in quick]


def persist(write: Callable[[Session], object], patience_s: float) -> None:
    """Write in a transaction, patiently while the database is away; then the reaper will see to the job."""
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            with session_scope() as session:
                write(session)
            return
        except leases.Superseded:
            log.warning("jobs.superseded")
            return
        except OperationalError:
            if time.monotonic() > give_up_at:
                log.exception("jobs.unsettled")
                return
            time.sleep(1.0)


def _word(ending: Ending) -> str:
    match ending:
        case Failure():
            return ending.slug
        case Ended():
            return ending.value
        case dict():
            return "succeeded"


class _Process:
    """The job's process and the line to it."""

    def __init__(self, held: Claim, scratch: Path) -> None:
        self.line, far_end = processes.Pipe()
        settings = {name: value for name, value in os.environ.items() if name.startswith("RINKAKU_")}
        assignment = child.Assignment(held, scratch, settings)
        self.process: ForkServerProcess = processes.Process(
            target=child.main, args=(far_end, assignment), daemon=True
        )
        self.process.start()
        far_end.close()

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, or None; raises EOFError when the process is gone."""
        ready = connection.wait([self.line, self.process.sentinel], timeout_s)
        if self.line in ready:
            message: dict[str, Any] = json.loads(self.line.recv_bytes())
            return message
        if ready:
            raise EOFError
        return None

    def ask_to_stop(self) -> None:
        """Tell the handler; it may be gone already."""
        try:
            self.line.send_bytes(b'{"cancel": true}')
        except OSError:
            return

    def kill(self) -> None:
        """End the process and its group."""
        pid = self.process.pid
        if pid is not None and self.process.is_alive():
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                self.process.kill()
        self.process.join()
        self.line.close()

    def exit_cause(self) -> str:
        """How the process ended, for people."""
        self.process.join(5.0)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"The job's process was killed by signal {-code} ({signal.Signals(-code).name})."
        return f"The job's process ended with exit code {code}."


class _Watch:
    """Listens to one process until the attempt has an ending."""

    def __init__(self, supervisor: Supervisor, held: Claim, process: _Process) -> None:
        self._timing, self._stopping = supervisor.timing, supervisor.stopping
        self._held, self._process = held, process
        self._heard_at = self._renewed_at = self._reported_at = time.monotonic()
        self._said = Said()
        self._lines: list[leases.Line] = []
        self._unreported = False
        self._kill_at: float | None = None

    def until_end(self) -> Ending:
        """Block until the process ends, is cancelled, is lost, hangs, or the worker stops."""
        while True:
            try:
                message = self._process.receive(0.5)
            except (EOFError, OSError):
                return self._ending(Failure("worker-crashed", self._process.exit_cause(), crash=True))
            ending = None if message is None else self._hear(message)
            ending = ending or self._tend()
            if ending is not None:
                return self._ending(ending)

    def _ending(self, ending: Ending) -> Ending:
        """Pass on the last words; a process that ends after a request to stop was cancelled."""
        self._report()
        return Ended.CANCELLED if self._kill_at is not None and isinstance(ending, Failure) else ending

    def _hear(self, message: dict[str, Any]) -> Ending | None:
        self._heard_at = time.monotonic()
        match message:
            case {"progress": fraction, "stage": stage, "message": words}:
                self._said, self._unreported = Said(float(fraction), stage, str(words)), True
            case {"log": line, "said": said}:
                self._lines.append(leases.Line(str(line)[:4000], said))
                self._unreported = True
            case {"result": result}:
                return dict(result or {})
            case {"failure": failure}:
                return Failure(**failure)
            case _:
                return Ended(next(iter(message)))
        return None

    def _tend(self) -> Ending | None:
        """What is due between two messages."""
        now = time.monotonic()
        if self._stopping.is_set():
            return Ended.STOPPED
        if self._kill_at is not None and now >= self._kill_at:
            return Ended.CANCELLED
        if now - self._heard_at > self._timing.hung_s:
            return Failure("no-progress", "The job hung: it made no progress for too long.", crash=True)
        if self._unreported and now - self._reported_at >= 1.0:
            self._report()
        if now - self._renewed_at >= self._timing.beat_s:
            return self._renew(now)
        return None

    def _renew(self, now: float) -> Ending | None:
        try:
            with session_scope() as session:
                holding = leases.renew(session, self._held, self._timing.lease_s)
        except OperationalError:
            log.warning("jobs.renewal.failed", job_id=self._held.job_id)
            return None
        self._renewed_at = now
        if holding is Holding.LOST:
            return Ended.LOST
        if holding is Holding.CANCEL and self._kill_at is None:
            self._process.ask_to_stop()
            self._kill_at = now + self._timing.grace_s
        return None

    def _report(self) -> None:
        if not self._unreported:
            return
        self._reported_at = time.monotonic()
        try:
            with session_scope() as session:
                leases.report(session, self._held, self._said, self._lines)
        except OperationalError:
            log.warning("jobs.report.failed", job_id=self._held.job_id)
            return
        self._lines, self._unreported = [], False
