"""Images of a project, what is drawn on them, and what workers said about it, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from backend.accounts.tables import User
from backend.jobs.states import FINAL
from backend.jobs.tables import Job, JobLog
from backend.labels.tables import Revision, Structure, StructureSet
from backend.monailabel.tables import GivenLabel
from backend.studies.tables import ImportFile, Patient, Series, Study
from backend.training.tables import NetworkVersion


def images(
    session: Session, project_id: str, series_uid: str | None = None
) -> Sequence[Row[Series, Study, Patient]]:
    """Image series with a volume, oldest first; of this SeriesInstanceUID only, where one is given."""
    statement = (
        select(Series, Study, Patient)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Series.volume_sha256.is_not(None))
        .where(Series.modality != "RTDOSE")
        .order_by(Series.id)
    )
    if series_uid is not None:
        statement = statement.where(Series.series_instance_uid == series_uid)
    return session.execute(statement).all()


def drawn(session: Session, series_ids: Sequence[str]) -> Sequence[Row[str, Structure, Revision]]:
    """(series id, structure, its newest revision) of the working sets of these series, by number."""
    statement = (
        select(StructureSet.series_row_id, Structure, Revision)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Revision, (Revision.structure_id == Structure.id) & (Revision.number == Structure.head))
        .where(StructureSet.series_row_id.in_(series_ids), StructureSet.origin == "ai")
        .order_by(Structure.number)
    )
    return session.execute(statement).all()


def drawn_by(session: Session, series_id: str, version_id: str) -> Sequence[Row[Structure, Revision]]:
    """Every contour that this network version itself drew on a series, older ones first."""
    statement = (
        select(Structure, Revision)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .join(Revision, Revision.structure_id == Structure.id)
        .where(StructureSet.series_row_id == series_id, StructureSet.origin == "ai")
        .where(Revision.network_version_id == version_id, Revision.author_id.is_(None))
        .order_by(Structure.number, Revision.number)
    )
    return session.execute(statement).all()


def structures(session: Session, series_id: str) -> Sequence[Structure]:
    """The structures of a series' working set."""
    statement = (
        select(Structure)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(StructureSet.series_row_id == series_id, StructureSet.origin == "ai")
    )
    return session.scalars(statement.order_by(Structure.number)).all()


def given(session: Session, token_id: str, series_id: str, tag: str | None = None) -> Sequence[GivenLabel]:
    """What the client of a token was given of a series' working set, under a tag where one is named."""
    statement = (
        select(GivenLabel)
        .join(Structure, Structure.id == GivenLabel.structure_id)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(StructureSet.series_row_id == series_id, StructureSet.origin == "ai")
        .where(GivenLabel.token_id == token_id)
    )
    if tag is not None:
        statement = statement.where(GivenLabel.tag == tag)
    return session.scalars(statement.order_by(GivenLabel.id)).all()


def drawing_job(session: Session, series: Series, version: NetworkVersion) -> Job | None:
    """The newest job that waits or works to draw on this series with this version, which is the one in use.

    A job by a project's rule names the network alone.
    """
    statement = select(Job).where(Job.study_id == series.study_row_id, Job.kind == "presegment")
    waiting = session.scalars(statement.where(Job.state.not_in(FINAL)).order_by(Job.id.desc()))
    means = {version.id, version.name}
    return next((job for job in waiting if _draws(job) == series.id and _drawer(job) in means), None)


def _draws(job: Job) -> str | None:
    return job.parameters.get("series_id")


def _drawer(job: Job) -> str | None:
    return job.parameters.get("network_version_id") or job.parameters.get("network")


def usernames(session: Session, ids: Collection[str]) -> dict[str, str]:
    """User names by id."""
    if not ids:
        return {}
    return {row.id: row.username for row in session.scalars(select(User).where(User.id.in_(ids)))}


def arrived(session: Session, import_id: str) -> Sequence[Series]:
    """Image series with a volume that an import brought or found there, in the order of its files."""
    statement = (
        select(Series)
        .join(ImportFile, ImportFile.series_row_id == Series.id)
        .where(ImportFile.import_id == import_id, Series.volume_sha256.is_not(None))
        .order_by(ImportFile.id)
    )
    return session.scalars(statement).unique().all()


def log_lines(session: Session, project_id: str, limit: int) -> Sequence[Row[datetime, str, str]]:
    """(time, kind of job, line) of what workers last wrote about jobs of a project, newest first."""
    statement = (
        select(JobLog.at, Job.kind, JobLog.line)
        .join(Job, Job.id == JobLog.job_id)
        .where(Job.project_id == project_id)
        .order_by(JobLog.number.desc())
        .limit(limit)
    )
    return session.execute(statement).all()
