"""Rows of networks, snapshots, runs and deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm import Session

from backend.jobs.tables import Job
from backend.kit.pagination import ALL, Part
from backend.labels.tables import Effort, Review, Revision, Structure, StructureSet
from backend.studies.tables import Patient, Series, Study
from backend.training.tables import (
    Deployment,
    DriftAlarm,
    LockedTestPatient,
    NetworkPicture,
    NetworkVersion,
    Run,
    ScanOutlook,
    Snapshot,
    VersionSignature,
)


def versions(session: Session, project_ids: Sequence[str]) -> Sequence[NetworkVersion]:
    """Shipped and imported versions and those trained in the projects, newest first within a name."""
    visible = or_(NetworkVersion.project_id.is_(None), NetworkVersion.project_id.in_(project_ids))
    order = (NetworkVersion.name, NetworkVersion.version.desc())
    return session.scalars(select(NetworkVersion).where(visible).order_by(*order)).all()


def version(session: Session, version_id: str) -> NetworkVersion | None:
    """One version."""
    return session.get(NetworkVersion, version_id)


def version_by_number(session: Session, name: str, number: int) -> NetworkVersion | None:
    """One version by name and number."""
    return session.scalars(select(NetworkVersion).filter_by(name=name, version=number)).one_or_none()


def shipped_with(session: Session, name: str, weights_sha256: str) -> NetworkVersion | None:
    """The shipped version with these weights."""
    query = select(NetworkVersion).filter_by(
        name=name, project_id=None, origin="shipped", weights_sha256=weights_sha256
    )
    return session.scalars(query).first()


def newest_shipped(session: Session, name: str) -> NetworkVersion | None:
    """The newest version that came with Rinkaku."""
    query = (
        select(NetworkVersion)
        .filter_by(name=name, project_id=None, origin="shipped")
        .order_by(NetworkVersion.version.desc())
    )
    return session.scalars(query.limit(1)).one_or_none()


def imported(session: Session, name: str) -> Sequence[NetworkVersion]:
    """The versions of a network that came from elsewhere."""
    return session.scalars(select(NetworkVersion).filter_by(name=name, origin="imported")).all()


def next_version_number(session: Session, name: str) -> int:
    """One more than the highest in use."""
    return (session.scalar(select(func.max(NetworkVersion.version)).filter_by(name=name)) or 0) + 1


def pictures(session: Session, version_ids: Sequence[str]) -> Sequence[NetworkPicture]:
    """Pictures of the versions, best first."""
    query = select(NetworkPicture).where(NetworkPicture.version_id.in_(version_ids))
    return session.scalars(query.order_by(NetworkPicture.rank)).all()


def signatures(
    session: Session, version_ids: Sequence[str], project_ids: Sequence[str]
) -> Sequence[VersionSignature]:
    """Who signed the versions off in these projects."""
    query = select(VersionSignature).where(
        VersionSignature.version_id.in_(version_ids), VersionSignature.project_id.in_(project_ids)
    )
    return session.scalars(query.order_by(VersionSignature.at)).all()


RowT = TypeVar("RowT", Snapshot, Run, Deployment)


def _newest(session: Session, table: type[RowT], project_id: str, part: Part) -> Sequence[RowT]:
    query = select(table).where(table.project_id == project_id)
    if part.before is not None:
        query = query.where(table.id < part.before)
    return session.scalars(query.order_by(table.id.desc()).limit(part.limit)).all()


def deployments(session: Session, project_id: str, part: Part = ALL) -> Sequence[Deployment]:
    """Promotions of a project, newest first."""
    return _newest(session, Deployment, project_id, part)


def active_deployment(session: Session, project_id: str, network: str) -> Deployment | None:
    """What the project uses now, if it ever promoted."""
    query = select(Deployment).filter_by(project_id=project_id, network=network, active=True)
    return session.scalars(query).one_or_none()


def retire_deployments(session: Session, project_id: str, network: str) -> None:
    """Make room for a new active row."""
    session.execute(
        update(Deployment).filter_by(project_id=project_id, network=network, active=True).values(active=False)
    )


def snapshots(session: Session, project_id: str, part: Part = ALL) -> Sequence[Snapshot]:
    """Newest first."""
    return _newest(session, Snapshot, project_id, part)


def locked_patients(session: Session, project_id: str) -> set[str]:
    """Patients who only ever test."""
    return set(session.scalars(select(LockedTestPatient.patient_key).filter_by(project_id=project_id)))


def runs(session: Session, project_id: str, part: Part) -> Sequence[Run]:
    """Newest first."""
    return _newest(session, Run, project_id, part)


def jobs_of_kind(session: Session, project_id: str, kind: str) -> Sequence[Job]:
    """The project's jobs of a kind, newest first."""
    query = select(Job).filter_by(project_id=project_id, kind=kind).order_by(Job.id.desc())
    return session.scalars(query).all()


def ct_series(session: Session, project_id: str) -> Sequence[Row[str, str, str]]:
    """(series id, patient row id, PatientID) of every CT with a volume, the newest first."""
    query = (
        select(Series.id, Patient.id, Patient.patient_id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Study.project_id == project_id, Series.modality == "CT", Series.volume_sha256.is_not(None))
        .order_by(Series.id.desc())
    )
    return session.execute(query).all()


def approved_revisions(
    session: Session, project_id: str, modality: str
) -> Sequence[Row[str, str, str, str, str]]:
    """(series id, patient row id, PatientID, structure name, revision id) of each approved head on them."""
    query = (
        select(Series.id, Patient.id, Patient.patient_id, Structure.name, Revision.id)
        .join(StructureSet, StructureSet.series_row_id == Series.id)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .join(Revision, (Revision.structure_id == Structure.id) & (Revision.number == Structure.head))
        .join(
            Review,
            (Review.structure_id == Structure.id)
            & (Review.revision == Revision.number)
            & (Review.act == "approved"),
        )
        .where(
            Study.project_id == project_id,
            Series.modality == modality,
            Structure.state == "approved",
            Structure.assessment != "rejected",
            or_(Revision.slices > 0, Revision.author_id.is_not(None)),
        )
        .order_by(Series.id, Structure.name, Review.at)
    )
    return session.execute(query).all()


def effort(session: Session, project_id: str) -> Sequence[Row[Any]]:
    """Means per network version and structure over the structures that are approved now."""
    query = (
        select(
            NetworkVersion.name, NetworkVersion.version, Structure.name.label("structure"),
            func.count().label("n"), func.avg(Effort.added_path_length_mm).label("added_path_length_mm"),
            func.avg(Effort.surface_dice).label("surface_dice"), func.avg(Effort.dice).label("dice"),
            func.avg(Effort.seconds).label("seconds"), func.avg(Effort.slices).label("slices"),
        )
        .join(Structure, (Structure.id == Effort.structure_id) & (Structure.head == Effort.revision))
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .join(Study, Study.id == StructureSet.study_row_id)
        .join(NetworkVersion, NetworkVersion.id == Effort.network_version_id)
        .where(
            Study.project_id == project_id, Structure.state == "approved", Structure.assessment != "rejected"
        )
        .group_by(NetworkVersion.name, NetworkVersion.version, Structure.name)
    )  # fmt: skip
    return session.execute(query).all()


def effort_cases(session: Session, project_id: str) -> Sequence[Any]:
    """What each structure that is approved now cost, in the order in which it was measured."""
    query = (
        select(
            NetworkVersion.id.label("version_id"), NetworkVersion.name, NetworkVersion.version,
            Structure.name.label("structure"), Effort.at, Effort.added_path_length_mm, Effort.surface_dice,
            Revision.volume_cc,
        )
        .join(Structure, (Structure.id == Effort.structure_id) & (Structure.head == Effort.revision))
        .join(
            Revision, (Revision.structure_id == Effort.structure_id) & (Revision.number == Effort.revision)
        )
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .join(Study, Study.id == StructureSet.study_row_id)
        .join(NetworkVersion, NetworkVersion.id == Effort.network_version_id)
        .where(
            Study.project_id == project_id, Structure.state == "approved",
            Structure.assessment != "rejected", Revision.volume_cc > 0,
        )
        .order_by(Effort.at, Effort.id)
    )  # fmt: skip
    return session.execute(query).all()


def outlooks(session: Session, project_id: str) -> Sequence[Row[str, ScanOutlook]]:
    """(study id, outlook) of every series that a network looked at."""
    query = (
        select(Study.id, ScanOutlook)
        .join(Series, Series.study_row_id == Study.id)
        .join(ScanOutlook, ScanOutlook.series_row_id == Series.id)
        .where(Study.project_id == project_id)
        .order_by(Study.id, Series.id)
    )
    return session.execute(query).all()


def corrected_studies(session: Session, project_id: str) -> set[str]:
    """Studies with an approved structure."""
    query = (
        select(Study.id)
        .join(StructureSet, StructureSet.study_row_id == Study.id)
        .join(Structure, Structure.structure_set_id == StructureSet.id)
        .where(Study.project_id == project_id, Structure.state == "approved")
        .distinct()
    )
    return set(session.scalars(query))


def studies_of(session: Session, project_id: str) -> Sequence[Study]:
    """Every study of a project."""
    return session.scalars(select(Study).filter_by(project_id=project_id)).all()


def drift_alarms(session: Session, project_id: str) -> Sequence[DriftAlarm]:
    """Alarms of a project."""
    return session.scalars(select(DriftAlarm).filter_by(project_id=project_id)).all()


def rejections(session: Session, project_id: str) -> Sequence[Row[str, int, str, int]]:
    """How many contours of each network version and structure are rejected and not drawn anew."""
    query = (
        select(
            NetworkVersion.name, NetworkVersion.version, Structure.name.label("structure"),
            func.count().label("rejected"),
        )
        .join(Revision, Revision.network_version_id == NetworkVersion.id)
        .join(Structure, (Structure.id == Revision.structure_id) & (Structure.head == Revision.number))
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .join(Study, Study.id == StructureSet.study_row_id)
        .where(Study.project_id == project_id, Structure.assessment == "rejected")
        .group_by(NetworkVersion.name, NetworkVersion.version, Structure.name)
    )  # fmt: skip
    return session.execute(query).all()


def sets_of_revisions(session: Session, revision_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(id, label) of the structure set that each revision is in, of those that are still here."""
    query = (
        select(Revision.id, StructureSet.id, StructureSet.label)
        .join(Structure, Structure.id == Revision.structure_id)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(Revision.id.in_(revision_ids))
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def patients_of_series(session: Session, series_ids: Sequence[str]) -> Sequence[Row[str, str, str, str]]:
    """(series id, study id, PatientID, patient's name) of the series that are still here."""
    query = (
        select(Series.id, Study.id, Patient.patient_id, Patient.name)
        .join(Study, Study.id == Series.study_row_id)
        .join(Patient, Patient.id == Study.patient_row_id)
        .where(Series.id.in_(series_ids))
    )
    return session.execute(query).all()
