"""Derived structures as seen from here: who has to be computed again, and how each stands to its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.schemas import UserOut
from backend.accounts.tables import User
from backend.jobs import service as jobs
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
from backend.studies.tables import Series, Study

DERIVATION_DELAY_S = 1.0
"""What changes within it is followed once."""


def request_derivation(session: Session, source_id: str, study: Study, user_id: str | None) -> None:
    """Ask for the structures that are derived from this one to be computed again, if there are any."""
    if repository.is_source(session, source_id):
        jobs.enqueue(
            session,
            jobs.JobRequest(
                "derive",
                {"study_id": study.id},
                study.project_id,
                study_id=study.id,
                created_by=user_id,
                coalesce_key=f"derive:{study.id}",
                delay_s=DERIVATION_DELAY_S,
            ),
        )


@dataclass(frozen=True)
class _Known:
    """What several derivations are described with, fetched at once."""

    structures: Mapping[str, Structure]
    doses: Mapping[str, Series]
    people: Mapping[str, User]


def describe_derivations(session: Session, rows: Sequence[Structure]) -> dict[str, DerivationOut]:
    """The derivation of each structure that has one, by structure id."""
    derivations = repository.derivations(session, [row.id for row in rows])
    if not derivations:
        return {}
    expressions = {row.structure_id: Expression.model_validate(row.expression) for row in derivations}
    wanted = {one for expression in expressions.values() for one in structure_ids(expression)}
    doses = {one for expression in expressions.values() for one in dose_series_ids(expression)}
    known = _Known(
        repository.structures(session, wanted),
        repository.series_by_id(session, doses),
        repository.users(session, [row.defined_by for row in derivations]),
    )
    heads = {row.id: row.head for row in rows}
    return {
        row.structure_id: _described(row, expressions[row.structure_id], heads[row.structure_id], known)
        for row in derivations
    }


def _described(row: Derivation, expression: Expression, head: int, known: _Known) -> DerivationOut:
    used = DerivedFrom.model_validate(row.used)
    person = known.people.get(row.defined_by or "")
    status = _status(row, used, head, known)
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
        computed=row.computed,
        defined_by=UserOut.model_validate(person) if person else None,
        defined_at=row.defined_at,
    )


def _status(row: Derivation, used: DerivedFrom, head: int, known: _Known) -> DerivationStatus:
    if head != row.computed:
        return "overridden"
    if row.problem or not is_current(used, known.structures, known.doses):
        return "stale"
    return "current"


def is_current(used: DerivedFrom, structures: Mapping[str, Structure], doses: Mapping[str, Series]) -> bool:
    """Whether sources and doses are still those that were used."""
    return all(
        one.id in structures and structures[one.id].head == one.number for one in used.structures
    ) and all(digest_of(doses.get(one.series_id)) == one.digest for one in used.doses)


def digest_of(series: Series | None) -> str | None:
    """Names the voxels of a dose; None where there are none."""
    return None if series is None or series.volume is None else str(series.volume["digest"])


def dose_source(series: Series) -> DoseSource:
    """A dose as a derivation names it."""
    return DoseSource(series_id=series.id, digest=digest_of(series) or "")
