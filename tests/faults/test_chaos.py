"""Workers killed and frozen at random while jobs run: every job's effect happens exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time

from sqlalchemy import func, select

from backend.config import get_settings
from backend.jobs.tables import Job, JobLog
from backend.kit.db import session_scope
from tests.workers.conftest import StartProcess, queue_job, start_process, test_kinds

__all__ = ["queue_job", "start_process", "test_kinds"]

JOBS, WORKERS, LEASE_S = 60, 4, 3
PATIENCE_S = 240


def unfinished(ids: list[str]) -> int:
    open_jobs = select(func.count()).where(Job.id.in_(ids), Job.state.in_(["queued", "running"]))
    with session_scope(read_only=True) as session:
        return session.scalar(open_jobs) or 0


class Chaos:
    """Every while one worker is killed and replaced, or frozen beyond its lease and thawed."""

    def __init__(self, start: StartProcess, seed: int) -> None:
        self._start, self._random = start, random.Random(seed)
        self._workers = [self._new() for _ in range(WORKERS)]
        self._frozen: list[tuple[float, subprocess.Popen[bytes]]] = []
        self.kills = self.freezes = 0

    def _new(self) -> subprocess.Popen[bytes]:
        return self._start("-m", "tests.workers.worker", RINKAKU_LEASE_S=str(LEASE_S))

    def strike(self) -> None:
        """Harm one worker."""
        self.thaw()
        victim = self._random.randrange(WORKERS)
        if self._random.random() < 0.7:
            os.killpg(self._workers[victim].pid, signal.SIGKILL)
            self._workers[victim] = self._new()
            self.kills += 1
        elif all(process is not self._workers[victim] for _, process in self._frozen):
            self._workers[victim].send_signal(signal.SIGSTOP)
            self._frozen.append((time.monotonic() + 2 * LEASE_S, self._workers[victim]))
            self.freezes += 1

    def thaw(self) -> None:
        """Let those go on that were frozen beyond their lease."""
        for until, process in self._frozen:
            if time.monotonic() >= until:
                process.send_signal(signal.SIGCONT)
        self._frozen = [one for one in self._frozen if time.monotonic() < one[0]]

    def calm(self) -> None:
        """Let all go on."""
        for _, process in self._frozen:
            process.send_signal(signal.SIGCONT)
        self._frozen = []


def test_every_effect_happens_once_while_workers_die(database, queue_job, start_process):
    assert get_settings().broker_url is None
    ids = [queue_job("test-nap", seconds=0.3, max_attempts=1000) for _ in range(JOBS)]
    start_process("-m", "workers", "relay")
    chaos = Chaos(start_process, seed=1)
    tick, until = threading.Event(), time.monotonic() + PATIENCE_S
    strike_at = time.monotonic() + 6.0
    while unfinished(ids) and time.monotonic() < until:
        tick.wait(0.2)
        chaos.thaw()
        if time.monotonic() >= strike_at and chaos.kills + chaos.freezes < 12:
            chaos.strike()
            strike_at = time.monotonic() + 2.0
    chaos.calm()
    with session_scope(read_only=True) as session:
        naps = select(Job.state, func.count()).where(Job.id.in_(ids)).group_by(Job.state)
        states = dict(session.execute(naps).all())
        effects = dict(
            session.execute(
                select(JobLog.job_id, func.count()).where(JobLog.line == "effect").group_by(JobLog.job_id)
            ).all()
        )
    assert states == {"succeeded": JOBS}
    assert effects == dict.fromkeys(ids, 1)
    assert chaos.kills > 0
