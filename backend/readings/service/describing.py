"""What is said of a reader study to its owner: readers by name, how far they are, refused attempts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.readings import repository
from backend.readings.schemas import CaseOut, IncidentOut, StudyReaderOut
from backend.readings.tables import CaseReading, ReaderStudy


def counts(session: Session, study: ReaderStudy) -> tuple[int, int]:
    """How many readers and cases."""
    return repository.counts(session, study.id)


def reads(session: Session, study: ReaderStudy, user_id: str) -> bool:
    """Whether this person is one of its readers."""
    return repository.reader(session, study.id, user_id) is not None


def readers_of(session: Session, study: ReaderStudy) -> list[StudyReaderOut]:
    """The readers with how far they are."""
    readers = repository.readers(session, study.id)
    names = repository.names(session, [one.user_id for one in readers])
    by_reader: dict[str, list[CaseReading]] = {}
    for one in repository.readings(session, study.id):
        by_reader.setdefault(one.user_id, []).append(one)
    found = []
    for reader in readers:
        own = by_reader.get(reader.user_id, [])
        left = {one.session for one in own if one.state != "finished"}
        moments = [one.finished_at for one in own if one.finished_at is not None]
        said = {
            "user_id": reader.user_id, "code": reader.code, "name": names[reader.user_id],
            "level": reader.level, "readings": len(own), "finished": len(moments),
            "sessions_finished": len({one.session for one in own} - left),
            "last_finished_at": max(moments, default=None),
        }  # fmt: skip
        found.append(StudyReaderOut.model_validate(said))
    return found


def cases_of(session: Session, study: ReaderStudy) -> list[CaseOut]:
    """The cases with their truth."""
    return [
        CaseOut.model_validate(
            {
                "id": one.id, "code": one.code, "study_id": one.study_row_id, "series_id": one.series_id,
                "positive": one.positive, "lesions": one.lesions, "candidates": len(one.candidates),
            }
        )
        for one in repository.cases(session, study.id)
    ]  # fmt: skip


def incidents_of(session: Session, study: ReaderStudy) -> list[IncidentOut]:
    """Refused attempts to see what readers must not know, oldest first."""
    codes = {one.user_id: one.code for one in repository.readers(session, study.id)}
    return [
        IncidentOut.model_validate(
            {"code": codes[one.user_id], "kind": one.kind, "reading_id": one.reading_id, "at": one.at}
        )
        for one in repository.incidents(session, study.id)
        if one.user_id in codes
    ]
