"""A cohort as analyses get it: `rt.cohort.CohortTable`, with where each column comes from."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.errors import EmptyCohort
from backend.cohorts.service.cohorts import source_of
from backend.cohorts.service.members import load_members
from backend.cohorts.tables import CohortColumn, CohortEndpoint, CohortTable
from backend.kit.errors import NotFound
from rt.cohort import CohortTable as Frozen
from rt.cohort import Column, Endpoint


def frozen(session: Session, cohort_id: str) -> Frozen:
    """The patients that the filter leaves, with all that is known of them; the caller asks who may.

    Before the split is fixed everybody trains, since nobody is kept apart.  EmptyCohort where nobody is left.
    """
    cohort = repository.cohort(session, cohort_id)
    if cohort is None:
        raise NotFound("there is no such cohort")
    members = load_members(session, cohort)
    patients = members.included()
    if not patients:
        raise EmptyCohort("the cohort has no patients, or its filter leaves none")
    ids = [one.patient_id for one in patients]
    files = {one.id: one for one in repository.tables(session, cohort_id)}
    return Frozen(
        patients=tuple(ids),
        roles=tuple("test" if one.role == "test" else "train" for one in patients),
        clinical=tuple(_column(one, files[one.table_id], ids) for one in members.columns),
        endpoints=tuple(_endpoint(one, files[one.table_id], ids) for one in members.endpoints),
    )


def _column(one: CohortColumn, file: CohortTable, ids: list[str]) -> Column:
    values = tuple(one.values.get(patient) for patient in ids)
    source = source_of(file, [one.header]).model_dump(mode="json")
    return Column(one.name, one.kind, values, one.unit, source)  # type: ignore[arg-type]


def _endpoint(one: CohortEndpoint, file: CohortTable, ids: list[str]) -> Endpoint:
    timed = one.kind == "survival"
    return Endpoint(
        one.name,
        one.kind,  # type: ignore[arg-type]
        tuple(one.events.get(patient) for patient in ids),
        tuple(one.times.get(patient) for patient in ids) if timed else (),
        one.unit,
        source_of(file, list(one.headers.values())).model_dump(mode="json"),
    )
