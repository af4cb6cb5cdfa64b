"""Cohorts themselves: made, renamed, deleted, and what is said of one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.cohorts import repository
from backend.cohorts.errors import CohortNameTaken
from backend.cohorts.schemas import (
    CohortIn,
    CohortOut,
    CohortPatch,
    ColumnOut,
    ColumnSource,
    EndpointOut,
    SplitOut,
)
from backend.cohorts.service.members import load_members
from backend.cohorts.tables import Cohort, CohortColumn, CohortEndpoint, CohortPatient, CohortTable
from backend.kit.errors import NotFound
from backend.kit.pagination import Part
from backend.projects import service as projects
from backend.projects.service import Permission


def find(
    session: Session, actor: Actor, place: tuple[str, str], permission: Permission, *, lock: bool = False
) -> Cohort:
    """The cohort at (project id, cohort id), when the actor may do this there; NotFound also of another's."""
    project_id, cohort_id = place
    projects.require(session, actor, project_id, permission)
    row = repository.cohort(session, cohort_id, lock=lock)
    if row is None or row.project_id != project_id:
        raise NotFound("there is no such cohort")
    return row


def create(session: Session, actor: Actor, project_id: str, body: CohortIn) -> Cohort:
    """An empty cohort."""
    projects.require(session, actor, project_id, Permission.IMPORT)
    _check_name(session, project_id, body.name, None)
    row = Cohort(
        project_id=project_id, name=body.name, description=body.description, created_by=actor.user_id
    )
    session.add(row)
    session.flush()
    audit.record(session, actor.user_id, "cohorts.cohort.created", "cohort", row.id, project_id)
    return row


def recent(session: Session, actor: Actor, project_id: str, part: Part) -> Sequence[Cohort]:
    """Cohorts of the project, newest first."""
    projects.require(session, actor, project_id, Permission.READ)
    return repository.cohorts(session, project_id, part)


def change(session: Session, actor: Actor, place: tuple[str, str], body: CohortPatch) -> Cohort:
    """Another name or description."""
    row = find(session, actor, place, Permission.IMPORT, lock=True)
    if body.name is not None:
        _check_name(session, row.project_id, body.name, row.id)
        row.name = body.name
    if body.description is not None:
        row.description = body.description
    changes = {"fields": sorted(body.model_fields_set)}
    audit.record(session, actor.user_id, "cohorts.cohort.changed", "cohort", row.id, row.project_id, changes)
    return row


def delete(session: Session, actor: Actor, place: tuple[str, str]) -> None:
    """Forget a cohort with its tables, split and features; who may draw another split administers."""
    row = find(session, actor, place, Permission.ADMINISTER, lock=True)
    changes = {"split": row.split is not None}
    audit.record(session, actor.user_id, "cohorts.cohort.deleted", "cohort", row.id, row.project_id, changes)
    session.delete(row)


def _check_name(session: Session, project_id: str, name: str, own: str | None) -> None:
    other = repository.cohort_named(session, project_id, name)
    if other is not None and other.id != own:
        raise CohortNameTaken("another cohort of the project has this name", field="name")


def described(session: Session, row: Cohort) -> CohortOut:
    """A cohort on the wire."""
    members = load_members(session, row)
    files = {one.id: one for one in repository.tables(session, row.id)}
    total = len(members.patients)
    return CohortOut(
        id=row.id,
        name=row.name,
        description=row.description,
        patients=total,
        included=len(members.included()),
        in_store=repository.count_in_store(session, row),
        columns=[_column(one, files[one.table_id], total) for one in members.columns],
        endpoints=[_endpoint(one, files[one.table_id]) for one in members.endpoints],
        filter=members.conditions,
        split=_split(row, members.patients),
        created_at=row.created_at,
    )


def source_of(file: CohortTable, headers: Sequence[str]) -> ColumnSource:
    """Provenance of a column."""
    return ColumnSource(
        file_name=file.file_name,
        sha256=file.file_sha256,
        columns=list(headers),
        imported_at=file.created_at,
        imported_by=file.created_by_name,
    )


def _column(one: CohortColumn, file: CohortTable, patients: int) -> ColumnOut:
    return ColumnOut.model_validate(
        {
            "name": one.name,
            "kind": one.kind,
            "unit": one.unit,
            "missing": patients - len(one.values),
            "source": source_of(file, [one.header]),
        }
    )


def _endpoint(one: CohortEndpoint, file: CohortTable) -> EndpointOut:
    events = list(one.events.values())
    return EndpointOut.model_validate(
        {
            "name": one.name,
            "kind": one.kind,
            "unit": one.unit,
            "events": events.count(1),
            "competing": sum(event > 1 for event in events),
            "known": len(events),
            "source": source_of(file, list(one.headers.values())),
        }
    )


def _split(row: Cohort, patients: Sequence[CohortPatient]) -> SplitOut | None:
    if row.split is None:
        return None
    roles = [one.role for one in patients]
    kept = {key: row.split[key] for key in ("seed", "test_fraction", "stratify", "fixed_at")}
    return SplitOut(**kept, train=roles.count("train"), test=roles.count("test"))
