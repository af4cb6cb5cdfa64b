"""Derived structures as seen from here: who has to be computed again, and how each stands to its sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.schemas import UserOut
from backend.accounts.tables import User
from backend.labels import repository
from backend.labels.expressions import Expression, dose_series_ids, structure_ids
from backend.labels.schemas import (
    DerivationOut,
    DerivationProblem,
    DerivationStatus,
    DerivedFrom,
    DoseSource,
    SourceOut,
)
from backend.labels.tables import Derivation, Structure
from backend.studies import following
from backend.studies.registrations import Link
from backend.studies.service import registration_between
from backend.studies.tables import Series, Study
from rt.geometry import Grid


def request_derivation(session: Session, source_id: str, study: Study, user_id: str | None) -> None:
    """Ask for the structures that are derived from this one to be computed again, if there are any."""
    if repository.is_source(session, source_id):
        following.request_derivation(session, study, user_id)


@dataclass(frozen=True)
class _Known:
    """What several derivations are described with, fetched at once."""

    structures: Mapping[str, Structure]
    doses: Mapping[str, Mapping[str, DoseSource]]
    """As they are now, by set and series id."""
    people: Mapping[str, User]


def describe_derivations(session: Session, rows: Sequence[Structure]) -> dict[str, DerivationOut]:
    """The derivation of each structure that has one, by structure id; `stale` too where a source is stale."""
    known = _describe_each(session, _with_sources(session, rows))
    follows: dict[str, list[str]] = {}
    for structure_id, one in known.items():
        for source in one.sources:
            follows.setdefault(source.structure_id, []).append(structure_id)
    ahead = [structure_id for structure_id, one in known.items() if one.status == "stale"]
    while ahead:
        for structure_id in follows.get(ahead.pop(), ()):
            if known[structure_id].status == "current":  # what a person drew over it stands
                known[structure_id].status = "stale"
                ahead.append(structure_id)
    return {row.id: known[row.id] for row in rows if row.id in known}


def stale_derivations(session: Session, rows: Sequence[Structure]) -> set[str]:
    """Ids of those that are derived and not what their sources, or the sources of these, make of them now.

    A source may have changed just now, and the job that computes what follows be still to come.
    """
    return {key for key, one in describe_derivations(session, rows).items() if one.status == "stale"}


def _with_sources(session: Session, rows: Sequence[Structure]) -> list[Structure]:
    """Structures with all that they are derived from, directly or through others."""
    found = {row.id: row for row in rows}
    new = set(found)
    while new:
        expressions = [
            Expression.model_validate(one.expression) for one in repository.derivations(session, new)
        ]
        new = {source for one in expressions for source in structure_ids(one)} - set(found)
        more = repository.structures(session, new)
        found, new = found | more, set(more)
    return list(found.values())


def _describe_each(session: Session, rows: Sequence[Structure]) -> dict[str, DerivationOut]:
    """The derivation of each structure that has one, beside its own sources alone."""
    derivations = repository.derivations(session, [row.id for row in rows])
    if not derivations:
        return {}
    expressions = {row.structure_id: Expression.model_validate(row.expression) for row in derivations}
    wanted = {one for expression in expressions.values() for one in structure_ids(expression)}
    by_set: dict[str, set[str]] = {}
    own = {row.id: row for row in rows}
    for structure_id, expression in expressions.items():
        by_set.setdefault(own[structure_id].structure_set_id, set()).update(dose_series_ids(expression))
    known = _Known(
        repository.structures(session, wanted),
        {set_id: _doses_of(session, set_id, doses) for set_id, doses in by_set.items()},
        repository.users(session, [row.defined_by for row in derivations]),
    )
    return {
        row.structure_id: _described(row, expressions[row.structure_id], own[row.structure_id], known)
        for row in derivations
    }


def _doses_of(session: Session, set_id: str, wanted: Collection[str]) -> dict[str, DoseSource]:
    """The doses of a set's derivations as they are now, where they can be used on its image."""
    present, owner = repository.series_by_id(session, wanted), repository.structure_set(session, set_id)
    study = repository.study(session, owner.study_row_id) if owner and present else None
    if owner is None or study is None:
        return {}
    image = repository.series(session, owner.series_row_id)
    own, found = image.frame_of_reference_uid or "", {}
    for series in present.values():
        its, link = series.frame_of_reference_uid or "", None
        if own != its and image.volume is not None:
            grid = Grid.from_json(image.volume["grid"])
            link = registration_between(session, study.patient_row_id, (its, own), grid)
        if link is not None or (own and own == its):
            found[series.id] = dose_source(series, link)
    return found


def _described(row: Derivation, expression: Expression, structure: Structure, known: _Known) -> DerivationOut:
    used = DerivedFrom.model_validate(row.used)
    person = known.people.get(row.defined_by or "")
    status = _status(row, used, structure, known)
    problem = row.problem if status == "stale" else None
    return DerivationOut(
        expression=expression,
        status=status,
        problem=DerivationProblem.model_validate(problem) if problem else None,
        sources=[
            SourceOut(
                structure_id=source.id,
                name=known.structures[source.id].name if source.id in known.structures else source.name,
                used=source.number,
                head=known.structures[source.id].head if source.id in known.structures else None,
            )
            for source in used.structures
        ],
        doses=used.doses,
        computed=row.computed,
        defined_by=UserOut.model_validate(person) if person else None,
        defined_at=row.defined_at,
    )


def _status(row: Derivation, used: DerivedFrom, structure: Structure, known: _Known) -> DerivationStatus:
    if structure.head != row.computed:
        return "overridden"
    doses = known.doses[structure.structure_set_id]
    if row.problem or not is_current(used, known.structures, doses):
        return "stale"
    return "current"


def is_current(
    used: DerivedFrom, structures: Mapping[str, Structure], doses: Mapping[str, DoseSource]
) -> bool:
    """Whether sources and doses are still those that were used, and the doses still where they lay."""
    return all(
        one.id in structures and structures[one.id].head == one.number for one in used.structures
    ) and all(doses.get(one.series_id) == one for one in used.doses)


def dose_source(series: Series, link: Link | None) -> DoseSource:
    """A dose as a derivation names it."""
    digest = "" if series.volume is None else str(series.volume["digest"])
    return DoseSource(series_id=series.id, digest=digest, registration=link.shown() if link else None)
