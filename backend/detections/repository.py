"""Rows of detections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.detections.tables import Candidate, Detection
from backend.jobs.tables import Job
from backend.kit.pagination import Part
from backend.training.tables import NetworkVersion


def detections(session: Session, study_id: str, part: Part) -> Sequence[Detection]:
    """Of a study, newest first."""
    query = select(Detection).where(Detection.study_row_id == study_id)
    if part.before is not None:
        query = query.where(Detection.id < part.before)
    return session.scalars(query.order_by(Detection.id.desc()).limit(part.limit)).all()


def candidates(session: Session, detection_ids: Iterable[str]) -> Sequence[Candidate]:
    """Of these detections, in the order of their numbers."""
    query = select(Candidate).where(Candidate.detection_id.in_(list(detection_ids)))
    return session.scalars(query.order_by(Candidate.detection_id, Candidate.number)).all()


def candidate(session: Session, candidate_id: str) -> Candidate | None:
    """One candidate, locked until the end of the transaction."""
    return session.get(Candidate, candidate_id, with_for_update=True)


def decided(session: Session, series_id: str, detector: str) -> Sequence[Candidate]:
    """All of a detector's candidates of a series that somebody said something of, oldest word first."""
    query = (
        select(Candidate)
        .join(Detection, Detection.id == Candidate.detection_id)
        .join(NetworkVersion, NetworkVersion.id == Detection.network_version_id)
        .where(Detection.series_row_id == series_id, NetworkVersion.name == detector)
        .where(Candidate.decided_at.is_not(None))
    )
    return session.scalars(query.order_by(Candidate.decided_at, Candidate.id)).all()


def job(session: Session, job_id: str) -> Job:
    """The job of a detection."""
    return session.get_one(Job, job_id)


def version(session: Session, version_id: str) -> NetworkVersion:
    """The detector of a detection."""
    return session.get_one(NetworkVersion, version_id)
