"""Reader studies as they are found: by any member, by who administers, by a reader; and what is refused."""

from __future__ import annotations

from typing import NoReturn

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.kit.db import session_scope
from backend.kit.errors import Forbidden, NotFound
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.readings import repository
from backend.readings.errors import Blinded
from backend.readings.schemas import IncidentKind
from backend.readings.tables import BlindingIncident, ReaderStudy, StudyReader

Place = tuple[str, str]
"""Project id and reader study id."""


def find(session: Session, actor: Actor, place: Place, *, lock: bool = False) -> ReaderStudy:
    """The study, for any member of the project; NotFound also of another's."""
    projects.require(session, actor, place[0], Permission.READ)
    row = repository.study(session, place[1], lock=lock)
    if row is None or row.project_id != place[0]:
        raise NotFound("there is no such reader study")
    return row


def as_owner(session: Session, actor: Actor, place: Place, *, lock: bool = False) -> ReaderStudy:
    """The study with its truth, for who administers the project.

    A reader who asks for it is refused and on record; while the study is open also one who administers now.
    """
    row = find(session, actor, place, lock=lock)
    reads = repository.reader(session, row.id, actor.user_id) is not None
    try:
        projects.require(session, actor, place[0], Permission.ADMINISTER)
    except Forbidden:
        if reads:
            refuse(session, row, actor, "truth", None)
        raise
    if reads and row.state == "open":
        refuse(session, row, actor, "truth", None)
    return row


def keep_ai_from_readers(session: Session, actor: Actor, study_row_id: str) -> None:
    """Blinded, and on record, where the actor reads an open reader study with this study among its cases."""
    blinding = repository.read_now(session, study_row_id, actor.user_id)
    if blinding is not None:
        refuse(session, blinding, actor, "ai", None)


def as_reader(
    session: Session, actor: Actor, place: Place, *, lock: bool = False
) -> tuple[ReaderStudy, StudyReader]:
    """The study for one of its readers; NotFound for everybody else."""
    row = find(session, actor, place, lock=lock)
    reader = repository.reader(session, row.id, actor.user_id)
    if reader is None:
        raise NotFound("you are no reader of this study")
    return row, reader


WORDS: dict[IncidentKind, str] = {
    "order": "cases are read once and in their order; this one is not the next",
    "washout": "the washout between two sessions is not over",
    "other-reader": "this is another reader's case",
    "ai": "readers see the AI's marks in the reading with AI only",
    "truth": "readers do not see the design, the truth or the results",
}


def refuse(
    session: Session, study: ReaderStudy, actor: Actor, kind: IncidentKind, reading_id: str | None
) -> NoReturn:
    """Blinded; the attempt stays on record though everything else of the request is undone."""
    study_id, project_id = study.id, study.project_id
    session.rollback()
    with session_scope() as own:
        own.add(
            BlindingIncident(
                reader_study_id=study_id, user_id=actor.user_id, kind=kind, reading_id=reading_id
            )
        )
        changes = {"kind": kind}
        audit.record(
            own,
            actor.user_id,
            "readings.study.unblinding_refused",
            "reader-study",
            study_id,
            project_id,
            changes,
        )
    raise Blinded(WORDS[kind], kind=kind)
