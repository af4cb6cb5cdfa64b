"""Events for one open browser, each once, in order, only those of projects that the person may see.

Numbers are given when an event is written, but seen when its transaction commits; so a number may appear
after a higher one.  The feed looks back over the last few and remembers which it gave.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from backend.accounts.service import Actor
from backend.jobs import board
from backend.jobs.tables import Event
from backend.kit.db import session_scope

OVERLAP = 100
"""Numbers that are looked at again for late commits."""


class Feed:
    """Where one browser stands in the stream."""

    def __init__(self, authenticate: Callable[[], Actor], last_event_id: int | None) -> None:
        self._authenticate = authenticate
        self._started = False
        self._position = last_event_id
        self._given: set[int] = set()

    def poll(self) -> list[Event]:
        """What is new; raises NotAuthenticated when the person has logged out meanwhile."""
        actor = self._authenticate()
        with session_scope(read_only=True) as session:
            if self._position is None:
                self._position = board.newest_event(session)
            recent = board.events_after(session, actor, self._position - OVERLAP)
        if not self._started:
            self._started = True
            self._given = {event.number for event in recent if event.number <= self._position}
        fresh = [event for event in recent if event.number not in self._given]
        self._position = max([self._position, *(event.number for event in fresh)])
        self._given.update(event.number for event in fresh)
        self._given = {number for number in self._given if number > self._position - OVERLAP}
        return fresh


def server_sent(event: Event) -> str:
    """The event in the form of the HTML standard's event streams."""
    data = json.dumps({"id": event.object_id, "project_id": event.project_id})
    return f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n"
