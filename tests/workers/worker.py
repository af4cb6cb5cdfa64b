"""A worker that knows the tests' handlers: `python -m tests.workers.worker`."""

from __future__ import annotations

from backend.jobs import service
from tests.workers.handlers import KINDS

if __name__ == "__main__":
    from workers.worker import run_worker

    service.KINDS.update(dict.fromkeys(KINDS, "cpu"))
    run_worker(["cpu"], ["tests.workers.handlers"])
