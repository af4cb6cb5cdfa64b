"""Rows of structure sets, structures, revisions, drafts and reviews; opened by `labels.service` only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from backend.accounts.tables import User
from backend.labels.tables import (
    Derivation,
    DerivationSource,
    Draft,
    Effort,
    Review,
    Revision,
    Structure,
    StructureSet,
)
from backend.studies.tables import Instance, Patient, Series, Study


def structure_set(session: Session, set_id: str) -> StructureSet | None:
    """The set of this id."""
    return session.get(StructureSet, set_id)


def sets_of_study(session: Session, study_id: str) -> Sequence[StructureSet]:
    """A study's sets, oldest first."""
    statement = select(StructureSet).where(StructureSet.study_row_id == study_id).order_by(StructureSet.id)
    return session.scalars(statement).all()


def set_of_series(session: Session, series_id: str, origin: str) -> StructureSet | None:
    """The oldest set of this origin on a series."""
    statement = (
        select(StructureSet)
        .where(StructureSet.series_row_id == series_id, StructureSet.origin == origin)
        .order_by(StructureSet.id)
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def sets_from_instance(session: Session, instance_id: str) -> Sequence[StructureSet]:
    """The sets that were read from this RTSTRUCT or SEG."""
    return session.scalars(select(StructureSet).where(StructureSet.source_instance_id == instance_id)).all()


def series_of_patient(session: Session, patient_row_id: str) -> Sequence[Series]:
    """All series of all of a patient's studies."""
    statement = select(Series).join(Study, Study.id == Series.study_row_id)
    return session.scalars(statement.where(Study.patient_row_id == patient_row_id)).all()


def lock_series(session: Session, series_id: str) -> Series:
    """The series, so that nobody else makes a set on it meanwhile."""
    return session.get_one(Series, series_id, with_for_update=True)


def lock_set(session: Session, set_id: str) -> StructureSet:
    """The set, so that nobody else adds a structure to it meanwhile."""
    return session.get_one(StructureSet, set_id, with_for_update=True)


def lock_study(session: Session, study_id: str) -> Study:
    """The study as it now is, so that its derived state is computed by one at a time."""
    return session.get_one(Study, study_id, with_for_update=True, populate_existing=True)


def structure(session: Session, structure_id: str) -> Structure | None:
    """The structure of this id."""
    return session.get(Structure, structure_id)


def structures(session: Session, ids: Collection[str]) -> dict[str, Structure]:
    """Structures by id; those that are there."""
    rows = session.scalars(select(Structure).where(Structure.id.in_(ids))) if ids else ()
    return {row.id: row for row in rows}


def structures_of_sets(session: Session, set_ids: Iterable[str]) -> Sequence[Structure]:
    """The structures of some sets in the order of their numbers."""
    statement = select(Structure).where(Structure.structure_set_id.in_(list(set_ids)))
    return session.scalars(statement.order_by(Structure.structure_set_id, Structure.number)).all()


def blind_structure(session: Session, study_id: str, name: str) -> Structure | None:
    """The structure of this name in a study, however it is written, that readers draw blindly just now."""
    statement = (
        select(Structure)
        .join(StructureSet, StructureSet.id == Structure.structure_set_id)
        .where(StructureSet.study_row_id == study_id, Structure.consensus_id.is_not(None))
    )
    rows = session.scalars(statement).all()
    return next((row for row in rows if row.name.casefold() == name.casefold()), None)


def lock_structures(session: Session, set_id: str) -> Sequence[Structure]:
    """All structures of a set as they now are, locked in the order of their ids."""
    statement = select(Structure).where(Structure.structure_set_id == set_id).order_by(Structure.id)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all()


def lock_structure(session: Session, structure_id: str) -> Structure:
    """The structure as it now is, locked."""
    return session.get_one(Structure, structure_id, with_for_update=True, populate_existing=True)


def current_head(session: Session, structure_id: str) -> int:
    """Number of the head in the database, whatever this session remembers."""
    return session.scalars(select(Structure.head).where(Structure.id == structure_id)).one()


def advance_head(session: Session, structure_id: str, head: int) -> bool:
    """Compare and swap: the head becomes the next number if it still is `head`."""
    statement = (
        update(Structure)
        .where(Structure.id == structure_id, Structure.head == head)
        .values(head=head + 1)
        .returning(Structure.head)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).one_or_none() is not None


def revision(session: Session, structure_id: str, number: int) -> Revision | None:
    """One revision of a structure."""
    statement = select(Revision).where(Revision.structure_id == structure_id, Revision.number == number)
    return session.scalars(statement).one_or_none()


def revisions(session: Session, structure_id: str, before: int | None, limit: int) -> Sequence[Revision]:
    """A structure's revisions older than number `before`, newest first."""
    statement = select(Revision).where(Revision.structure_id == structure_id)
    if before is not None:
        statement = statement.where(Revision.number < before)
    return session.scalars(statement.order_by(Revision.number.desc()).limit(limit)).all()


def heads(session: Session, structures: Iterable[Structure]) -> dict[str, Revision]:
    """The head revision of each structure that has one, by structure id."""
    wanted = [(item.id, item.head) for item in structures if item.head]
    statement = select(Revision).where(tuple_(Revision.structure_id, Revision.number).in_(wanted))
    return {row.structure_id: row for row in session.scalars(statement)} if wanted else {}


def revision_of_key(session: Session, structure_id: str, key: str) -> Revision | None:
    """The revision that was saved under an Idempotency-Key."""
    statement = select(Revision).where(Revision.structure_id == structure_id, Revision.idempotency_key == key)
    return session.scalars(statement).one_or_none()


def newest_of_network(session: Session, upto: Revision) -> Revision | None:
    """The newest revision, not after this one, that its network drew itself."""
    statement = (
        select(Revision)
        .where(
            Revision.structure_id == upto.structure_id,
            Revision.number <= upto.number,
            Revision.author_id.is_(None),
            Revision.network_version_id == upto.network_version_id,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def seconds_between(session: Session, structure_id: str, after: int, upto: int) -> float:
    """Editing time of the revisions after one number up to another."""
    statement = select(func.coalesce(func.sum(Revision.seconds), 0.0)).where(
        Revision.structure_id == structure_id, Revision.number > after, Revision.number <= upto
    )
    return float(session.scalars(statement).one())


def drawers(session: Session, structure_ids: Collection[str]) -> Sequence[tuple[str, int, str]]:
    """(structure id, number, author id) of every revision that a person made."""
    statement = select(Revision.structure_id, Revision.number, Revision.author_id).where(
        Revision.structure_id.in_(structure_ids), Revision.author_id.is_not(None)
    )
    return [(row[0], row[1], row[2] or "") for row in session.execute(statement)]


def submitters(session: Session, structure_ids: Collection[str]) -> Sequence[tuple[str, int, str]]:
    """(structure id, revision, user id) of every submission."""
    statement = select(Review.structure_id, Review.revision, Review.user_id).where(
        Review.structure_id.in_(structure_ids), Review.act == "submitted"
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]


def approved_numbers(session: Session, structure_ids: Collection[str]) -> dict[str, int]:
    """The newest approved revision of each structure that has one."""
    statement = (
        select(Review.structure_id, func.max(Review.revision))
        .where(Review.structure_id.in_(structure_ids), Review.act == "approved")
        .group_by(Review.structure_id)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def approvals(session: Session, structures: Iterable[Structure]) -> dict[str, Review]:
    """The approval that stands on each structure's head, by structure id."""
    wanted = [(item.id, item.head) for item in structures if item.state == "approved"]
    statement = select(Review).where(
        tuple_(Review.structure_id, Review.revision).in_(wanted), Review.act == "approved"
    )
    found = session.scalars(statement.order_by(Review.id)) if wanted else ()
    return {row.structure_id: row for row in found}


def authors_of(session: Session, revisions: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Who made these revisions (structure id, number), as displayed; those that people made."""
    statement = (
        select(Revision.structure_id, Revision.number, User.display_name)
        .join(User, User.id == Revision.author_id)
        .where(tuple_(Revision.structure_id, Revision.number).in_(revisions))
    )
    return {(row[0], row[1]): row[2] for row in session.execute(statement)} if revisions else {}


def newest_approval(session: Session, structure_id: str) -> Review | None:
    """The approval of the newest revision that has one."""
    statement = (
        select(Review)
        .where(Review.structure_id == structure_id, Review.act == "approved")
        .order_by(Review.revision.desc(), Review.id.desc())
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def reviews_of_set(session: Session, set_id: str, before: str | None, limit: int) -> Sequence[Review]:
    """Reviews of a set's structures, newest first, older than id `before`."""
    statement = (
        select(Review)
        .join(Structure, Structure.id == Review.structure_id)
        .where(Structure.structure_set_id == set_id)
        .order_by(Review.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Review.id < before)
    return session.scalars(statement).all()


def derivation(session: Session, structure_id: str) -> Derivation | None:
    """How a structure is derived, as it now is; None of one that is drawn."""
    return session.get(Derivation, structure_id, populate_existing=True)


def derivations(session: Session, structure_ids: Collection[str]) -> Sequence[Derivation]:
    """The derivations of those structures that have one."""
    return session.scalars(select(Derivation).where(Derivation.structure_id.in_(structure_ids))).all()


def is_source(session: Session, structure_id: str) -> bool:
    """Whether any structure is derived from this one."""
    statement = select(DerivationSource.structure_id).where(DerivationSource.source_id == structure_id)
    return session.scalar(statement.limit(1)) is not None


def draft(session: Session, structure_id: str, user_id: str) -> Draft | None:
    """A person's own draft."""
    return session.get(Draft, (structure_id, user_id))


def drafts_of_set(session: Session, set_id: str, user_id: str) -> Sequence[tuple[Draft, Structure]]:
    """A person's own drafts of a set's structures, in the order of their numbers."""
    statement = (
        select(Draft, Structure)
        .join(Structure, Structure.id == Draft.structure_id)
        .where(Structure.structure_set_id == set_id, Draft.user_id == user_id)
        .order_by(Structure.number)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def effort(session: Session, structure_id: str, number: int) -> Effort | None:
    """What a revision cost, if it was measured."""
    statement = select(Effort).where(Effort.structure_id == structure_id, Effort.revision == number)
    return session.scalars(statement).one_or_none()


def users(session: Session, ids: Iterable[str | None]) -> dict[str, User]:
    """People by id."""
    wanted = {user_id for user_id in ids if user_id is not None}
    if not wanted:
        return {}
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(wanted)))}


def series(session: Session, series_id: str) -> Series:
    """The image series of a set."""
    return session.get_one(Series, series_id)


def series_by_id(session: Session, ids: Collection[str]) -> dict[str, Series]:
    """Series by id; those that are there."""
    rows = session.scalars(select(Series).where(Series.id.in_(ids))) if ids else ()
    return {row.id: row for row in rows}


def study(session: Session, study_id: str) -> Study | None:
    """The study of this id."""
    return session.get(Study, study_id)


def patient(session: Session, patient_row_id: str) -> Patient:
    """The patient of a study."""
    return session.get_one(Patient, patient_row_id)


def series_of_study(session: Session, study_id: str) -> Sequence[Series]:
    """All series of a study."""
    return session.scalars(select(Series).where(Series.study_row_id == study_id)).all()


def instance(session: Session, instance_id: str) -> Instance | None:
    """A stored instance."""
    return session.get(Instance, instance_id)
