"""The relay: tells the broker which jobs are due, takes jobs from silent workers, and forgets old events.

Any number of relays may run; rows that one of them holds are passed over by the others.  When the broker is
away the jobs stay queued and are told about later; when it forgot them they are told about again.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from backend import upkeep
from backend.config import get_settings
from backend.jobs import leases
from backend.jobs.service import QUEUES
from backend.jobs.tables import Event
from backend.kit.db import database_now, session_scope
from backend.studies import service as studies
from workers.app import TASK, make_app

log = structlog.get_logger()

POLL_S = 0.5
"""Between two looks at the table."""
REPEAT_S = 3.0
"""A job that was announced this long ago to a queue that is empty now was lost on the way."""
EVENTS_KEPT = timedelta(hours=24)
SWEEP_S = 600.0
LOOK_S = 30.0
"""Between two looks for series that their senders left half sent."""

_BROKER_ERRORS = (BrokerError, OSError)


class Relay:
    """One relay; `step` does all that is due."""

    def __init__(self, app: Celery | None = None) -> None:
        self._app = app or make_app(get_settings())
        self._swept_at = self._looked_at = float("-inf")

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop; a database or broker that is away is waited for."""
        while not stopping.is_set():
            try:
                busy = self.step()
            except OperationalError:
                log.warning("relay.database.unavailable")
                busy = False
            if not busy:
                stopping.wait(POLL_S)

    def step(self) -> bool:
        """Reap, publish, sweep; True when there was something to publish."""
        with session_scope() as session:
            reaped = leases.reap(session)
        if reaped:
            log.info("relay.reaped", count=reaped)
        if time.monotonic() - self._looked_at > LOOK_S:
            self._looked_at = time.monotonic()
            with session_scope() as session:
                studies.settle_forgotten(session)
        published = self._publish()
        if time.monotonic() - self._swept_at > SWEEP_S:
            self._swept_at = time.monotonic()
            _tidy()
        return published > 0

    def _publish(self) -> int:
        with session_scope() as session:
            due = leases.take_unpublished(session, self._empty_queues(), REPEAT_S)
        for position, (job_id, queue) in enumerate(due):
            try:
                self._app.send_task(TASK, args=[job_id], queue=queue, retry=False, ignore_result=True)
            except _BROKER_ERRORS:
                log.warning("relay.broker.unavailable", count=len(due) - position)
                with session_scope() as session:
                    leases.unpublish(session, [left for left, _ in due[position:]])
                return 0
        return len(due)

    def _empty_queues(self) -> list[str]:
        """Queues without waiting messages; busy workers are not sent the same message over and over."""
        try:
            with self._app.connection_for_write() as connection:
                channel = connection.default_channel
                sizes = {name: channel.queue_declare(queue=name).message_count for name in QUEUES}
        except _BROKER_ERRORS:
            return []
        return [name for name, size in sizes.items() if size == 0]


def _tidy() -> None:
    """Forget old events, and see to it that the next upkeep of the store is waiting."""
    with session_scope() as session:
        upkeep.schedule(session)
        session.execute(delete(Event).where(Event.at < database_now(session) - EVENTS_KEPT))
