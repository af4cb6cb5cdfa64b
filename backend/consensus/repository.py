"""Rows of consensus tasks and readings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.accounts.tables import User
from backend.consensus.tables import Consensus, Reading
from backend.labels.tables import Draft, Revision, Structure, StructureSet
from backend.studies.tables import Series, Study


def task(session: Session, consensus_id: str) -> Consensus | None:
    """The task of this id."""
    return session.get(Consensus, consensus_id)


def lock_task(session: Session, consensus_id: str) -> Consensus:
    """The task as it now is, locked."""
    return session.get_one(Consensus, consensus_id, with_for_update=True, populate_existing=True)


def tasks(session: Session, study_id: str) -> Sequence[Consensus]:
    """Tasks of a study, newest first."""
    statement = select(Consensus).where(Consensus.study_row_id == study_id)
    return session.scalars(statement.order_by(Consensus.id.desc())).all()


def readings(session: Session, consensus_id: str) -> Sequence[Reading]:
    """The readings of a task in the order of the readers."""
    statement = select(Reading).where(Reading.consensus_id == consensus_id)
    return session.scalars(statement.order_by(Reading.position)).all()


def reading(session: Session, consensus_id: str, reader_id: str) -> Reading | None:
    """One reader's reading."""
    return session.get(Reading, (consensus_id, reader_id))


def study(session: Session, study_id: str) -> Study | None:
    """The study of this id."""
    return session.get(Study, study_id)


def lock_study(session: Session, study_id: str) -> None:
    """Tasks of one study begin one after another."""
    session.get_one(Study, study_id, with_for_update=True)


def series(session: Session, series_id: str) -> Series | None:
    """The series of this id."""
    return session.get(Series, series_id)


def owner(session: Session, set_id: str) -> StructureSet:
    """The structure set of a task."""
    return session.get_one(StructureSet, set_id)


def lock_owner(session: Session, set_id: str) -> StructureSet:
    """The structure set of a task, locked: nobody adds a structure meanwhile."""
    return session.get_one(StructureSet, set_id, with_for_update=True)


def is_alone(session: Session, structure: Structure) -> bool:
    """Whether its set has no other structure."""
    others = select(func.count()).where(
        Structure.structure_set_id == structure.structure_set_id, Structure.id != structure.id
    )
    return session.scalar(others) == 0


def drawn_named(session: Session, study_id: str, name: str) -> Sequence[StructureSet]:
    """Sets of a study in which a contour of this name, however it is written, holds anything."""
    statement = (
        select(StructureSet, Structure.name)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Revision, (Revision.structure_id == Structure.id) & (Revision.number == Structure.head))
        .where(StructureSet.study_row_id == study_id, Revision.slices > 0)
        .order_by(StructureSet.id)
    )
    return [row[0] for row in session.execute(statement) if row[1].casefold() == name.casefold()]


def structures(session: Session, structure_ids: Collection[str]) -> dict[str, Structure]:
    """Structures by id; those that are there."""
    rows = session.scalars(select(Structure).where(Structure.id.in_(structure_ids)))
    return {row.id: row for row in rows}


def forget_draft(session: Session, structure_id: str, reading: Reading) -> None:
    """Delete the draft of whose work is a revision now; one that was drawn on since stays."""
    statement = delete(Draft).where(Draft.structure_id == structure_id, Draft.user_id == reading.reader_id)
    session.execute(statement.where(Draft.saved_at <= reading.finished_at))


def drafts_left(session: Session, structure_id: str) -> int:
    """How many people have unsaved work on a structure."""
    return session.scalar(select(func.count()).where(Draft.structure_id == structure_id)) or 0


def users(session: Session, user_ids: Iterable[str | None]) -> dict[str, User]:
    """People by id."""
    wanted = {one for one in user_ids if one is not None}
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(wanted)))}
