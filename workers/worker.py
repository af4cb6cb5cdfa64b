"""A worker: waits for job ids on its queues and does the jobs, one at a time, until told to stop."""

from __future__ import annotations

import os
import warnings

from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_shutting_down

from backend.config import get_settings
from backend.kit.clock import now
from backend.upkeep import GRACE, sweep_scratch
from workers.app import TASK, make_app
from workers.supervisor import Supervisor, Timing, handler_modules


def run_worker(queues: list[str], modules: list[str] | None = None) -> None:
    """Do jobs until SIGTERM or SIGINT; the job at hand is handed back then."""
    sweep_scratch(now() - GRACE)
    supervisor = Supervisor(Timing(get_settings().lease_s), modules or handler_modules(queues))

    def stop(**_: object) -> None:
        supervisor.stopping.set()

    worker_shutting_down.connect(stop, weak=False)
    setup_logging.connect(_keep_logging, weak=False)
    app = make_app(get_settings())

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def run(job_id: str) -> None:
        supervisor.run(job_id)

    warnings.simplefilter("ignore", SecurityWarning)  # about root and pickle; messages are ids in JSON
    worker = app.Worker(
        queues=queues,
        pool="solo",
        concurrency=1,
        hostname=f"{'-'.join(queues)}-{os.getpid()}@rinkaku",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()


def _keep_logging(**_: object) -> None:
    """Celery configures logging only where nobody listens to this signal."""
