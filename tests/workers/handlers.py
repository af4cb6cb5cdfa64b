"""Handlers for tests of the runtime; `tests.workers.worker` runs a worker that knows them."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from backend.jobs.tables import JobLog
from backend.kit.errors import InvalidInput, Unavailable
from workers.runtime import JobContext, job

KINDS = (
    "test-note",
    "test-nap",
    "test-die",
    "test-refuse",
    "test-bug",
    "test-hang",
    "test-flaky",
    "test-half",
)


def note(context: JobContext, line: str) -> dict[str, Any]:
    """Write one row in the finishing transaction; rows are counted to see that effects happen once."""
    result = {"line": line}
    with context.finishing(result) as session:
        session.add(JobLog(job_id=context.claim.job_id, attempt=context.claim.attempt, line=line))
    return result


@job("test-note", queue="cpu")
def write_note(context: JobContext) -> dict[str, Any]:
    """Done at once."""
    return note(context, "effect")


@job("test-nap", queue="cpu")
def nap(context: JobContext) -> dict[str, Any]:
    """Work for `seconds`, telling progress, then note it."""
    steps = max(1, int(context.parameters["seconds"] / 0.05))
    for step in range(steps):
        time.sleep(0.05)
        context.progress(step / steps, "case", n=step, total=steps)
        context.check_cancelled()
    return note(context, "effect")


@job("test-die", queue="cpu")
def die(context: JobContext) -> dict[str, Any]:
    """Kill the own process as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@job("test-refuse", queue="cpu")
def refuse(context: JobContext) -> dict[str, Any]:
    """A typed refusal."""
    raise InvalidInput("the series is no CT")


@job("test-bug", queue="cpu")
def stumble(context: JobContext) -> dict[str, Any]:
    """An unforeseen error whose text names a patient."""
    raise KeyError("Yamada^Taro")


@job("test-hang", queue="cpu")
def hang(context: JobContext) -> dict[str, Any]:
    """Say nothing for ever."""
    while True:
        time.sleep(60)


@job("test-flaky", queue="cpu")
def fail_once(context: JobContext) -> dict[str, Any]:
    """A part that is needed is away at the first attempt."""
    if context.claim.attempt == 1:
        raise Unavailable("the store does not answer")
    return note(context, "effect")


@job("test-half", queue="cpu")
def half(context: JobContext) -> dict[str, Any]:
    """Leave a checkpoint, die, and go on from it."""
    checkpoint = context.workspace / "checkpoint"
    if not checkpoint.exists():
        checkpoint.write_text("7")
        os.kill(os.getpid(), signal.SIGKILL)
    return {"resumed_from": int(checkpoint.read_text())}
