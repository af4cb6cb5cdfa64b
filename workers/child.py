"""The process of one attempt: forked from a server that has the handlers imported, gone when the job is done.

It leads a process group of its own, so that killing the group takes helpers (data loaders) along, and it ends
itself when the worker that started it is gone.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from backend.jobs.leases import Claim, Failure, Superseded
from backend.jobs.service import KINDS
from backend.kit import logging
from backend.kit.errors import AppError, StorageFull, Unavailable
from rt.errors import RtError
from workers.runtime import JobCancelled, JobContext, handler_of

NICENESS = 10
TRAINING_NICENESS = 19
"""A training takes the processor time that pages and patients leave."""


@dataclass(frozen=True)
class Assignment:
    """What a job's process is told; sent between processes of one machine."""

    claim: Claim
    scratch: Path
    settings: dict[str, str]
    """The worker's RINKAKU_* variables; the server still has those of its own start."""


def main(worker: Connection, assignment: Assignment) -> None:
    """Run the handler and tell the worker how it ended."""
    os.setsid()
    _let_people_go_first(TRAINING_NICENESS if KINDS.get(assignment.claim.kind) == "training" else NICENESS)
    for name in [name for name in os.environ if name.startswith("RINKAKU_")]:
        del os.environ[name]
    os.environ.update(assignment.settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_worker, daemon=True).start()
    logging.configure()
    context = JobContext(claim=assignment.claim, worker=worker, scratch=assignment.scratch)
    context.scratch.mkdir(parents=True, exist_ok=True)
    context.send(_run(context))


def _let_people_go_first(niceness: int) -> None:
    """Below the API on a shared machine: nobody waits for a picture because a network is at work.

    Linux may weigh sessions rather than processes (sched_autogroup_enabled), so the session is lowered too.
    """
    os.nice(niceness)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


def _end_with_worker() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _run(context: JobContext) -> dict[str, Any]:
    """The last message: `done`, `result`, `lost`, `cancelled` or `failure`."""
    try:
        result = handler_of(context.claim.kind)(context)
        return {"done": True} if context.finished else {"result": result}
    except Superseded:
        return {"lost": True}
    except JobCancelled:
        return {"cancelled": True}
    except Exception as error:
        _tell_where(context, error)
        return {"failure": asdict(_failure(error))}


def _tell_where(context: JobContext, error: Exception) -> None:
    """Log where it happened, without the values involved."""
    context.log("error", name=type(error).__name__)
    for frame in traceback.extract_tb(error.__traceback__)[-8:]:
        file = Path(frame.filename).name
        context.log("place", file=file, line=frame.lineno or 0, function=frame.name)


def _failure(error: Exception) -> Failure:
    """The cause; the text of an unforeseen error could hold a patient's data and stays out."""
    match error:
        case AppError():
            return Failure(error.slug, error.detail, transient=isinstance(error, Unavailable | StorageFull))
        case RtError():
            return Failure(error.slug, str(error))
        case OperationalError():
            return Failure("database-unavailable", "The database did not answer.", transient=True)
        case MemoryError():
            return Failure("out-of-memory", "There was not enough memory.", crash=True)
        case _:
            return Failure("internal", f"The job stopped with an unforeseen error ({type(error).__name__}).")
