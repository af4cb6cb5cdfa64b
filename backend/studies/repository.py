"""Queries over studies, series, instances and imports.

The worklist reads a page by keyset over an index and then asks once for each kind of detail.  Structures are
counted through their tables' names: labels stands above studies and is not imported here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    or_,
    select,
    table,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.accounts.tables import User
from backend.jobs.tables import Job
from backend.kit.db import UtcDateTime
from backend.projects.tables import Member
from backend.studies.schemas import AiState, StudyQuery, StudySort, StudyState
from backend.studies.tables import Instance, Patient, Series, Study

_SETS = table(
    "structure_sets",
    *(column(name) for name in ("id", "study_row_id", "series_row_id", "label", "origin")),
    column("created_at", UtcDateTime),
)
_STRUCTURES = table(
    "structures",
    *(column(name) for name in ("id", "structure_set_id", "state", "head", "assessment")),
)
_REVISIONS = table(
    "revisions",
    *(column(name) for name in ("structure_id", "number", "author_id", "slices", "tool", "reason")),
)
_SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "expected_gain": Study.expected_gain,
    "imported_at": Study.imported_at,
    "updated_at": Study.updated_at,
    "study_date": Study.study_date,
    "patient_name": Patient.name,
    "patient_id": Patient.patient_id,
}
_AI_OF_JOB = {
    "queued": AiState.QUEUED,
    "running": AiState.RUNNING,
    "succeeded": AiState.READY,
    "region": AiState.REGION,
    "failed": AiState.FAILED,
    "cancelled": AiState.NONE,
}
_REASON = func.coalesce(Job.result["reason"].as_string(), "")
_OUTCOME = case((_REASON == "region-not-found", "region"), else_=Job.state)
"""State of a pre-segmentation; `region` where it found none of what it looks for."""
_DRAWING = and_(Job.kind == "presegment", _REASON != "another-series")
"""A pre-segmentation that did not leave its work to one on another series."""
_NEWEST = (case((_OUTCOME == "region", 1), else_=0), Job.id.desc())
"""What counts of several: one that found its region, though one on another series after it did not."""
UNTOUCHED = "untouched"
"""State, where structures are counted, of an imported one that nobody here has drawn on or sent to review."""
AnyRow = Row[Any]


@dataclass(frozen=True)
class Cursor:
    """Sort value and id of the last row of a page."""

    value: Any
    id: str


def study(session: Session, study_id: str) -> tuple[Study, Patient] | None:
    """A study with its patient."""
    row = session.execute(_studies().where(Study.id == study_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def series_with_study(session: Session, series_id: str) -> tuple[Series, Study] | None:
    """A series with its study."""
    statement = select(Series, Study).join(Study, Study.id == Series.study_row_id)
    row = session.execute(statement.where(Series.id == series_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def worklist(
    session: Session, project_id: str, query: StudyQuery, after: Cursor | None, limit: int
) -> list[tuple[Study, Patient]]:
    """Up to `limit` studies of the project in the wanted order, after the cursor."""
    key, descending = sort_key(query.sort)
    statement = _studies().where(Study.project_id == project_id, *_conditions(query))
    if after is not None:
        here, there = tuple_(key, Study.id), tuple_(after.value, after.id)
        statement = statement.where(here < there if descending else here > there)
    order = (key.desc(), Study.id.desc()) if descending else (key, Study.id)
    return [(row[0], row[1]) for row in session.execute(statement.order_by(*order).limit(limit))]


def sort_key(sort: StudySort) -> tuple[InstrumentedAttribute[Any], bool]:
    """Column of an order, and whether it goes down."""
    return _SORTS[sort.value.removeprefix("-")], sort.value.startswith("-")


def _studies() -> Select[Study, Patient]:
    return select(Study, Patient).join(Patient, Patient.id == Study.patient_row_id)


def _conditions(query: StudyQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for word in (query.q or "").lower().split():
        fields = (Patient.name, Patient.patient_id, Study.description, Study.accession_number)
        conditions.append(or_(*(func.lower(field).contains(word, autoescape=True) for field in fields)))
    if query.state is StudyState.SUBMITTED:
        conditions.append(_waits_for_review())
    elif query.state is not None:
        conditions.append(Study.state == query.state.value)
    if query.assignee_id is not None:
        conditions.append(Study.assignee_id == query.assignee_id)
    if query.modality is not None:
        conditions.append(_has_series(Series.modality == query.modality))
    if query.warning is not None:
        wanted = '"slug"' if query.warning == "any" else f'"slug": "{query.warning}"'
        conditions.append(_has_series(cast(Series.warnings, String).contains(wanted, autoescape=True)))
    if query.ai is not None:
        conditions.append(_ai_is(query.ai))
    return conditions


def _waits_for_review() -> ColumnElement[bool]:
    """Any structure is submitted, whatever the study's state says of its other structures."""
    joined = _SETS.join(_STRUCTURES, _STRUCTURES.c.structure_set_id == _SETS.c.id)
    waiting = select(_SETS.c.study_row_id).select_from(joined).where(_STRUCTURES.c.state == "submitted")
    return Study.id.in_(waiting)


def _has_series(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Series.study_row_id == Study.id, condition)


def _ai_is(wanted: AiState) -> ColumnElement[bool]:
    """The pre-segmentation of the study that counts has this state."""
    newest = (
        select(_OUTCOME)
        .where(Job.study_id == Study.id, _DRAWING)
        .order_by(*_NEWEST)
        .limit(1)
        .scalar_subquery()
    )
    states = [state for state, ai in _AI_OF_JOB.items() if ai is wanted]
    if wanted is AiState.NONE:
        return func.coalesce(newest, states[0]).in_(states)
    started = select(Job.study_id).where(_DRAWING, _OUTCOME.in_(states))
    return and_(Study.id.in_(started), newest.in_(states))


def series_of(session: Session, study_ids: Collection[str]) -> Sequence[Series]:
    """All series of the studies, in the order of their numbers."""
    statement = select(Series).where(Series.study_row_id.in_(study_ids))
    return session.scalars(statement.order_by(Series.number, Series.created_at, Series.id)).all()


def instance_counts(session: Session, series_ids: Collection[str]) -> dict[str, int]:
    """Number of instances of each series."""
    statement = select(Instance.series_row_id, func.count()).group_by(Instance.series_row_id)
    rows = session.execute(statement.where(Instance.series_row_id.in_(series_ids)))
    return {row[0]: row[1] for row in rows}


def ai_states(session: Session, study_ids: Collection[str]) -> dict[str, AiState]:
    """State of the pre-segmentation that counts, of each study that has one."""
    statement = select(Job.study_id, _OUTCOME).where(_DRAWING, Job.study_id.in_(study_ids))
    found: dict[str, AiState] = {}
    for study_id, state in session.execute(statement.order_by(*_NEWEST)):
        if study_id:
            found.setdefault(study_id, _AI_OF_JOB[state])
    return found


def structure_counts(session: Session, study_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """Structures of each structure set that something is known of, by state, as {set id: {state: n}}.

    The same ones as in `labels.service.involvement.is_unknown`: neither rejected nor empty by software.
    """
    declared = and_(
        _REVISIONS.c.author_id.is_not(None), _REVISIONS.c.tool != "derive", _REVISIONS.c.reason != "rejected"
    )
    untouched = and_(
        _SETS.c.origin == "import", _STRUCTURES.c.state == "draft", _REVISIONS.c.author_id.is_(None)
    )
    state = case((untouched, UNTOUCHED), else_=_STRUCTURES.c.state).label("state")
    statement = (
        select(_SETS.c.id, state, func.count())
        .join(_STRUCTURES, _STRUCTURES.c.structure_set_id == _SETS.c.id)
        .join(
            _REVISIONS,
            (_REVISIONS.c.structure_id == _STRUCTURES.c.id) & (_REVISIONS.c.number == _STRUCTURES.c.head),
        )
        .where(
            _SETS.c.study_row_id.in_(study_ids),
            _STRUCTURES.c.assessment != "rejected",
            or_(_REVISIONS.c.slices > 0, declared),
        )
        .group_by(_SETS.c.id, state)
    )
    counts: dict[str, dict[str, int]] = {}
    for set_id, found, number in session.execute(statement):
        counts.setdefault(set_id, {})[found] = number
    return counts


def sets_by_rule(session: Session, study_id: str) -> set[str]:
    """Ids of a study's sets in which something is drawn, and all of it by rules."""
    statement = (
        select(_SETS.c.id)
        .join(_STRUCTURES, _STRUCTURES.c.structure_set_id == _SETS.c.id)
        .join(
            _REVISIONS,
            (_REVISIONS.c.structure_id == _STRUCTURES.c.id) & (_REVISIONS.c.number == _STRUCTURES.c.head),
        )
        .where(_SETS.c.study_row_id == study_id, _REVISIONS.c.slices > 0)
        .group_by(_SETS.c.id)
        .having(func.min(_REVISIONS.c.tool) == "rule", func.max(_REVISIONS.c.tool) == "rule")
    )
    return set(session.scalars(statement))


def structure_sets(session: Session, study_ids: Collection[str]) -> Sequence[AnyRow]:
    """Structure sets of the studies, oldest first."""
    return session.execute(
        select(_SETS).where(_SETS.c.study_row_id.in_(study_ids)).order_by(_SETS.c.id)
    ).all()


def users(session: Session, user_ids: Collection[str]) -> dict[str, User]:
    """People by id."""
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(user_ids)))}


def is_member(session: Session, project_id: str, user_id: str) -> bool:
    """True when the user has a role in the project."""
    return session.get(Member, (project_id, user_id)) is not None


def delete_study(session: Session, study: Study) -> None:
    """Delete the study's row and what hangs on it, and its patient when this was the last study."""
    waiting = session.scalars(select(Job.id).where(Job.study_id == study.id, Job.state == "queued")).all()
    session.delete(study)
    session.flush()  # rows of the study that name a job go first
    session.execute(delete(Job).where(Job.id.in_(waiting)))
    alone = Patient.id.not_in(select(Study.patient_row_id))
    session.execute(delete(Patient).where(Patient.id == study.patient_row_id, alone))
