"""The reader's door: the next case of his own, its marks, its time; nothing else is reachable through it.

The clock is the server's.  A page that is hidden pauses it; a page that was not heard of for a minute has
paused since then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.kit import clock
from backend.kit.errors import NotFound
from backend.readings import repository
from backend.readings.errors import ReadingNotOpen, StudyNotOpen
from backend.readings.schemas import FinishReadingIn, ReadingIn
from backend.readings.service.finding import Place, as_reader, refuse
from backend.readings.tables import CaseReading, ReaderStudy, StudyCase

GONE_S = 60.0
"""Without a word of the page for so long, nobody is reading."""
LEAST_S = 0.1
"""No reading is shorter."""


@dataclass(frozen=True)
class Standing:
    """Where a reader stands."""

    readings: Sequence[CaseReading]
    session: int
    opens_at: datetime | None
    """When the washout before this session ends; None once it has."""
    next: CaseReading | None

    def finished(self, session: int | None = None) -> int:
        """How many are finished, in all or in a session."""
        return sum(one.state == "finished" for one in self._of(session))

    def total(self, session: int | None = None) -> int:
        """How many there are, in all or in a session."""
        return len(self._of(session))

    def _of(self, session: int | None) -> list[CaseReading]:
        return [one for one in self.readings if session is None or one.session == session]


def standing(session: Session, study: ReaderStudy, user_id: str) -> Standing:
    """The first session that is not finished, and in it the first case."""
    readings = repository.readings(session, study.id, user_id)
    left = [one for one in readings if one.state != "finished"]
    if not left:
        return Standing(readings, len(study.conditions), None, None)
    upcoming = left[0]
    before = [one.finished_at for one in readings if one.session == upcoming.session - 1 and one.finished_at]
    opens_at = max(before) + timedelta(days=study.washout_days) if before else None
    if opens_at is not None and opens_at <= clock.now():
        opens_at = None
    return Standing(readings, upcoming.session, opens_at, upcoming)


def mine(session: Session, actor: Actor, place: Place) -> tuple[ReaderStudy, Standing]:
    """Where the actor stands; NotFound for who does not read it."""
    study, _ = as_reader(session, actor, place)
    return study, standing(session, study, actor.user_id)


def open_reading(session: Session, actor: Actor, place: Place, reading_id: str) -> CaseReading:
    """Start the clock of the next case, or go on with it.

    Blinded, and on record, for another reader's case, for one out of turn and during the washout.
    """
    study, row = _own(session, actor, place, reading_id)
    now = standing(session, study, actor.user_id)
    if now.next is None or now.next.id != row.id:
        refuse(session, study, actor, "order", row.id)
    if now.opens_at is not None:
        refuse(session, study, actor, "washout", row.id)
    moment = clock.now()
    if row.state == "waiting":
        row.state, row.opened_at = "open", moment
        audit.record(session, actor.user_id, "readings.reading.opened", "reading", row.id, study.project_id)
    _go_on(row, moment)
    return row


def get_reading(session: Session, actor: Actor, place: Place, reading_id: str) -> CaseReading:
    """A reading of one's own while it is open; ReadingNotOpen."""
    return _opened(session, actor, place, reading_id, lock=False)[1]


def save(session: Session, actor: Actor, place: Place, reading_id: str, body: ReadingIn) -> CaseReading:
    """Keep what was seen so far; the page does so by itself."""
    _, row = _opened(session, actor, place, reading_id)
    if row.paused_at is None:
        _go_on(row, clock.now())
    _keep(row, body)
    return row


def pause(session: Session, actor: Actor, place: Place, reading_id: str) -> CaseReading:
    """Stop the clock; nothing happens when it stands."""
    _, row = _opened(session, actor, place, reading_id)
    if row.paused_at is None:
        moment = clock.now()
        _go_on(row, moment)
        row.paused_at = moment
    return row


def finish(
    session: Session, actor: Actor, place: Place, reading_id: str, body: FinishReadingIn
) -> CaseReading:
    """The last word on a case: it never changes again."""
    study, row = _opened(session, actor, place, reading_id)
    moment = clock.now()
    _go_on(row, moment)
    _keep(row, body)
    row.state, row.finished_at = "finished", moment
    audit.record(session, actor.user_id, "readings.reading.finished", "reading", row.id, study.project_id)
    return row


def case_of(session: Session, row: CaseReading) -> StudyCase:
    """The case of a reading."""
    return repository.case(session, row.case_id)


def candidates(session: Session, actor: Actor, place: Place, reading_id: str) -> StudyCase:
    """The case with the AI's marks; Blinded, and on record, where it is read without AI."""
    study, row = _opened(session, actor, place, reading_id, lock=False)
    if not study.conditions[row.condition]["ai"]:
        refuse(session, study, actor, "ai", row.id)
    return repository.case(session, row.case_id)


def seconds(row: CaseReading) -> float:
    """Read so far, without pauses."""
    if row.opened_at is None:
        return 0.0
    end = row.finished_at or row.paused_at or clock.now()
    return max((end - row.opened_at).total_seconds() - row.paused_s, LEAST_S)


def _own(
    session: Session, actor: Actor, place: Place, reading_id: str, *, lock: bool = True
) -> tuple[ReaderStudy, CaseReading]:
    study, _ = as_reader(session, actor, place)
    row = repository.reading(session, reading_id, lock=lock)
    if row is None or row.reader_study_id != study.id:
        raise NotFound("there is no such reading")
    if row.user_id != actor.user_id:
        refuse(session, study, actor, "other-reader", row.id)
    if study.state != "open":
        raise StudyNotOpen(f"the study is {study.state}")
    return study, row


def _opened(
    session: Session, actor: Actor, place: Place, reading_id: str, *, lock: bool = True
) -> tuple[ReaderStudy, CaseReading]:
    study, row = _own(session, actor, place, reading_id, lock=lock)
    if row.state != "open":
        raise ReadingNotOpen("it is finished" if row.state == "finished" else "open it first")
    return study, row


def _go_on(row: CaseReading, moment: datetime) -> None:
    """Somebody reads now: a pause ends, and so does a silence that was too long to be reading."""
    since = row.paused_at or row.seen_at
    if since is not None:
        silent = (moment - since).total_seconds()
        if row.paused_at is not None or silent > GONE_S:
            row.paused_s += silent
    row.paused_at, row.seen_at = None, moment


def _keep(row: CaseReading, body: ReadingIn) -> None:
    row.confidence = body.confidence
    row.marks = [mark.model_dump() for mark in body.marks]
