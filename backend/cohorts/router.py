"""HTTP of cohorts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.accounts.deps import ActorDep
from backend.cohorts import service
from backend.cohorts.schemas import (
    CohortIn,
    CohortOut,
    CohortPatch,
    CohortPatientOut,
    FilterIn,
    SplitIn,
    TableIn,
    TableOut,
)
from backend.kit.pagination import DEFAULT_LIMIT
from backend.kit.web import (
    CursorParam,
    LimitParam,
    Page,
    PartDep,
    SessionDep,
    decode_cursor,
    encode_cursor,
    following,
    problems,
)
from backend.projects.service import Permission

router = APIRouter(prefix="/api", tags=["cohorts"])


def _place(project_id: str, cohort_id: str) -> tuple[str, str]:
    return project_id, cohort_id


PlaceDep = Annotated[tuple[str, str], Depends(_place)]
"""(project id, cohort id) of the address."""
COHORT = "/projects/{project_id}/cohorts/{cohort_id}"


@router.get("/projects/{project_id}/cohorts", responses=problems(404))
def list_cohorts(project_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[CohortOut]:
    """Cohorts, newest first."""
    rows = service.recent(session, actor, project_id, part)
    return Page(items=[service.described(session, one) for one in rows], next_cursor=following(part, rows))


@router.post("/projects/{project_id}/cohorts", status_code=201, responses=problems(404, 409))
def create_cohort(project_id: str, body: CohortIn, session: SessionDep, actor: ActorDep) -> CohortOut:
    """An empty cohort."""
    return service.described(session, service.create(session, actor, project_id, body))


@router.get(COHORT, responses=problems(404))
def get_cohort(place: PlaceDep, session: SessionDep, actor: ActorDep) -> CohortOut:
    """One cohort."""
    return service.described(session, service.find(session, actor, place, Permission.READ))


@router.patch(COHORT, responses=problems(404, 409))
def update_cohort(place: PlaceDep, body: CohortPatch, session: SessionDep, actor: ActorDep) -> CohortOut:
    """Another name or description."""
    return service.described(session, service.change(session, actor, place, body))


@router.delete(COHORT, status_code=204, responses=problems(404))
def delete_cohort(place: PlaceDep, session: SessionDep, actor: ActorDep) -> None:
    """Forget a cohort with its tables, split and features."""
    service.delete(session, actor, place)


@router.post(f"{COHORT}/table/preview", responses=problems(404, 413))
def preview_cohort_table(place: PlaceDep, body: TableIn, session: SessionDep, actor: ActorDep) -> TableOut:
    """What a CSV file says by its dictionary, or by a guessed one, with every issue; nothing is kept."""
    return service.preview(session, actor, place, body)


@router.put(f"{COHORT}/table", responses=problems(404, 413))
def put_cohort_table(place: PlaceDep, body: TableIn, session: SessionDep, actor: ActorDep) -> TableOut:
    """Take a CSV file, in place of the one of the same name; one with issues is refused whole."""
    return service.take(session, actor, place, body)


@router.get(f"{COHORT}/patients", responses=problems(404))
def list_cohort_patients(
    place: PlaceDep,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
    patient_id: Annotated[str | None, Query(max_length=64, description="only this one")] = None,
) -> Page[CohortPatientOut]:
    """Patients with their values, in the order of the files; also those whom the filter leaves out."""
    members = service.load_members(session, service.find(session, actor, place, Permission.READ))
    after = int(decode_cursor(cursor, (int,))[0]) if cursor else -1
    asked = [one for one in members.patients if patient_id in (None, one.patient_id)]
    found = [one for one in asked if one.position > after][:limit]
    return Page(
        items=service.shown_patients(session, members, found),
        next_cursor=encode_cursor(found[-1].position) if len(found) == limit else None,
    )


@router.put(f"{COHORT}/filter", responses=problems(404))
def set_cohort_filter(place: PlaceDep, body: FilterIn, session: SessionDep, actor: ActorDep) -> CohortOut:
    """Which patients analyses see; nobody's part in the split changes."""
    return service.described(session, service.set_filter(session, actor, place, body))


@router.post(f"{COHORT}/split", responses=problems(404, 409))
def fix_cohort_split(place: PlaceDep, body: SplitIn, session: SessionDep, actor: ActorDep) -> CohortOut:
    """Decide once who trains and who tests."""
    return service.described(session, service.fix_split(session, actor, place, body))
