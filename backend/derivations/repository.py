"""Rows of derivations; opened by `derivations.service` only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.labels.tables import Derivation, DerivationSource, Revision, Structure, StructureSet
from backend.studies.tables import Series, Study


def derivation(session: Session, structure_id: str) -> Derivation | None:
    """How a structure is derived, as it now is."""
    return session.get(Derivation, structure_id, populate_existing=True)


def structure(session: Session, structure_id: str) -> Structure | None:
    """A structure as it now is, if it is still there."""
    return session.get(Structure, structure_id, populate_existing=True)


def structure_set(session: Session, set_id: str) -> StructureSet:
    """The set of a structure."""
    return session.get_one(StructureSet, set_id)


def image(session: Session, owner: StructureSet) -> Series:
    """The image series that a set is drawn on."""
    return session.get_one(Series, owner.series_row_id)


def series(session: Session, series_id: str) -> Series | None:
    """A series, if it is still there."""
    return session.get(Series, series_id)


def study(session: Session, study_id: str) -> Study:
    """A study that is known to exist."""
    return session.get_one(Study, study_id)


def head(session: Session, found: Structure) -> Revision | None:
    """The newest revision of a structure."""
    statement = select(Revision).where(Revision.structure_id == found.id, Revision.number == found.head)
    return session.scalars(statement).one_or_none()


def lock_set(session: Session, set_id: str) -> None:
    """The set, its structures in the order of their ids, then the study: what takes the same, waits here."""
    owner = session.get_one(StructureSet, set_id, with_for_update=True, populate_existing=True)
    statement = select(Structure).where(Structure.structure_set_id == set_id).order_by(Structure.id)
    session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all()
    session.get_one(Study, owner.study_row_id, with_for_update=True, populate_existing=True)


def edges(session: Session, study_id: str) -> Sequence[tuple[str, str]]:
    """(derived structure, source) of a study."""
    statement = (
        select(DerivationSource.structure_id, DerivationSource.source_id)
        .join(Structure, Structure.id == DerivationSource.structure_id)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(StructureSet.study_row_id == study_id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def derived_of_study(session: Session, study_id: str) -> Sequence[str]:
    """Ids of the derived structures of a study, oldest first."""
    statement = (
        select(Derivation.structure_id)
        .join(Structure, Structure.id == Derivation.structure_id)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(StructureSet.study_row_id == study_id)
        .order_by(Derivation.structure_id)
    )
    return session.scalars(statement).all()


def replace_sources(session: Session, structure_id: str, source_ids: Collection[str]) -> None:
    """The structures that this one is derived from are these."""
    session.execute(delete(DerivationSource).where(DerivationSource.structure_id == structure_id))
    session.add_all(DerivationSource(structure_id=structure_id, source_id=one) for one in source_ids)


def names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Names of structures by id."""
    rows = session.execute(select(Structure.id, Structure.name).where(Structure.id.in_(ids)))
    return {row[0]: row[1] for row in rows}
