"""Rows of reader studies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.accounts.tables import User
from backend.kit.pagination import Part
from backend.projects.tables import Member
from backend.readings.tables import (
    BlindingIncident,
    CaseReading,
    ReaderAnalysis,
    ReaderStudy,
    StudyCase,
    StudyReader,
)
from backend.studies.tables import Series, Study


def study(session: Session, reader_study_id: str, *, lock: bool = False) -> ReaderStudy | None:
    """A reader study."""
    return session.get(ReaderStudy, reader_study_id, with_for_update=lock or None)


def studies(session: Session, project_id: str, part: Part) -> Sequence[ReaderStudy]:
    """Newest first."""
    query = select(ReaderStudy).where(ReaderStudy.project_id == project_id)
    if part.before is not None:
        query = query.where(ReaderStudy.id < part.before)
    return session.scalars(query.order_by(ReaderStudy.id.desc()).limit(part.limit)).all()


def readers(session: Session, reader_study_id: str) -> Sequence[StudyReader]:
    """In the order of their codes."""
    query = select(StudyReader).where(StudyReader.reader_study_id == reader_study_id)
    return session.scalars(query.order_by(StudyReader.position)).all()


def reader(session: Session, reader_study_id: str, user_id: str) -> StudyReader | None:
    """One reader; None when he is none of this study."""
    return session.get(StudyReader, (reader_study_id, user_id))


def read_now(session: Session, study_row_id: str, user_id: str) -> ReaderStudy | None:
    """An open reader study that has this study among its cases and that user among its readers."""
    query = (
        select(ReaderStudy)
        .join(StudyCase, StudyCase.reader_study_id == ReaderStudy.id)
        .join(StudyReader, StudyReader.reader_study_id == ReaderStudy.id)
        .where(
            ReaderStudy.state == "open",
            StudyCase.study_row_id == study_row_id,
            StudyReader.user_id == user_id,
        )
        .order_by(ReaderStudy.id)
    )
    return session.scalars(query.limit(1)).first()


def names(session: Session, user_ids: Collection[str]) -> dict[str, str]:
    """Display names."""
    query = select(User.id, User.display_name).where(User.id.in_(user_ids))
    return dict(session.execute(query).all())


def roles(session: Session, project_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """Roles of those of them who are members."""
    query = select(Member.user_id, Member.role).where(
        Member.project_id == project_id, Member.user_id.in_(user_ids)
    )
    return dict(session.execute(query).all())


def cases(session: Session, reader_study_id: str) -> Sequence[StudyCase]:
    """In the order of their codes."""
    query = select(StudyCase).where(StudyCase.reader_study_id == reader_study_id)
    return session.scalars(query.order_by(StudyCase.position)).all()


def case(session: Session, case_id: str) -> StudyCase:
    """One case."""
    return session.get_one(StudyCase, case_id)


def counts(session: Session, reader_study_id: str) -> tuple[int, int]:
    """How many readers and cases."""
    readers_of = select(func.count()).where(StudyReader.reader_study_id == reader_study_id)
    cases_of = select(func.count()).where(StudyCase.reader_study_id == reader_study_id)
    return session.scalar(readers_of) or 0, session.scalar(cases_of) or 0


def clear_readers(session: Session, reader_study_id: str) -> None:
    """Forget all readers of a draft."""
    session.execute(delete(StudyReader).where(StudyReader.reader_study_id == reader_study_id))


def clear_cases(session: Session, reader_study_id: str) -> None:
    """Forget all cases of a draft."""
    session.execute(delete(StudyCase).where(StudyCase.reader_study_id == reader_study_id))


def images(session: Session, project_id: str, study_ids: Collection[str]) -> dict[str, list[str]]:
    """Series with a volume of those of these studies that the project has: CT, MR and PT, by number."""
    query = (
        select(Study.id, Series.id)
        .outerjoin(
            Series,
            (Series.study_row_id == Study.id)
            & Series.modality.in_(("CT", "MR", "PT"))
            & Series.volume_sha256.is_not(None),
        )
        .where(Study.project_id == project_id, Study.id.in_(study_ids))
        .order_by(Series.number, Series.id)
    )
    found: dict[str, list[str]] = {}
    for study_id, series_id in session.execute(query):
        found.setdefault(study_id, []).extend([series_id] if series_id else [])
    return found


def readings(session: Session, reader_study_id: str, user_id: str | None = None) -> Sequence[CaseReading]:
    """Of all readers or of one, by session and position."""
    query = select(CaseReading).where(CaseReading.reader_study_id == reader_study_id)
    if user_id is not None:
        query = query.where(CaseReading.user_id == user_id)
    return session.scalars(query.order_by(CaseReading.session, CaseReading.position)).all()


def reading(session: Session, reading_id: str, *, lock: bool = False) -> CaseReading | None:
    """One reading."""
    return session.get(CaseReading, reading_id, with_for_update=lock or None)


def incidents(session: Session, reader_study_id: str) -> Sequence[BlindingIncident]:
    """Oldest first."""
    query = select(BlindingIncident).where(BlindingIncident.reader_study_id == reader_study_id)
    return session.scalars(query.order_by(BlindingIncident.id)).all()


def analyses(session: Session, reader_study_id: str, part: Part) -> Sequence[ReaderAnalysis]:
    """Newest first."""
    query = select(ReaderAnalysis).where(ReaderAnalysis.reader_study_id == reader_study_id)
    if part.before is not None:
        query = query.where(ReaderAnalysis.id < part.before)
    return session.scalars(query.order_by(ReaderAnalysis.id.desc()).limit(part.limit)).all()


def analysis(session: Session, analysis_id: str) -> ReaderAnalysis | None:
    """One analysis."""
    return session.get(ReaderAnalysis, analysis_id)
