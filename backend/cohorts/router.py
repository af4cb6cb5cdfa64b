"""HTTP of cohorts and their features."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

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
from backend.cohorts.schemas_features import (
    FeatureOut,
    FeaturePatient,
    FeatureSetDetail,
    FeatureSetIn,
    FeatureSetOut,
    PresetOut,
)
from backend.cohorts.tables import FeatureSet
from backend.jobs.router import shown
from backend.jobs.tables import Job
from backend.kit.download import Download
from backend.kit.pagination import DEFAULT_LIMIT
from backend.kit.sending import BINARY, sent
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
from rt.radiomics import presets

router = APIRouter(prefix="/api", tags=["cohorts"])


def _place(project_id: str, cohort_id: str) -> tuple[str, str]:
    return project_id, cohort_id


PlaceDep = Annotated[tuple[str, str], Depends(_place)]
"""(project id, cohort id) of the address."""
COHORT = "/projects/{project_id}/cohorts/{cohort_id}"
SETS = f"{COHORT}/feature-sets"


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


@router.get(
    f"{COHORT}/table",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": BINARY}}, **problems(404)},
)
def get_cohort_table(place: PlaceDep, session: SessionDep, actor: ActorDep) -> StreamingResponse:
    """The clinical table as CSV, a row a patient: part in the split, filter, variables, endpoints."""
    cohort = service.find(session, actor, place, Permission.READ)
    text = service.clinical_csv(session, cohort)
    return sent(Download(f"cohort-{cohort.id}.csv", "text/csv; charset=utf-8", BytesIO(text), len(text)))


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


@router.get("/radiomics-presets")
def list_radiomics_presets(actor: ActorDep) -> Page[PresetOut]:
    """Settings of features that come with Rinkaku, all of them: no page follows."""
    found = [PresetOut(name=name, settings=one.to_json()) for name, one in presets().items()]
    return Page(items=found, next_cursor=None)


@router.get(SETS, responses=problems(404))
def list_feature_sets(
    place: PlaceDep, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[FeatureSetOut]:
    """Feature sets of a cohort, newest first."""
    rows = service.recent_sets(session, actor, place, part)
    items = [FeatureSetOut(**_set_fields(session, one)) for one in rows]
    return Page(items=items, next_cursor=following(part, rows))


@router.post(SETS, status_code=202, responses=problems(404, 409))
def start_feature_set(
    place: PlaceDep, body: FeatureSetIn, session: SessionDep, actor: ActorDep
) -> FeatureSetOut:
    """Compute features of a structure for every patient of the cohort."""
    return FeatureSetOut(**_set_fields(session, service.start(session, actor, place, body)))


@router.get(f"{SETS}/{{feature_set_id}}", responses=problems(404))
def get_feature_set(
    place: PlaceDep, feature_set_id: str, session: SessionDep, actor: ActorDep
) -> FeatureSetDetail:
    """A feature set, with whom it failed for and whose contour changed since."""
    cohort, row = service.find_set(session, actor, place, feature_set_id, Permission.READ)
    lists: dict[str, Any] = {
        "failed": service.failed(session, row),
        "stale": service.stale(session, cohort, row),
    }
    return FeatureSetDetail(**_set_fields(session, row) | lists)


@router.delete(f"{SETS}/{{feature_set_id}}", status_code=204, responses=problems(404, 409))
def delete_feature_set(place: PlaceDep, feature_set_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Forget a feature set; what was extracted is found again by its content."""
    service.delete_set(session, actor, place, feature_set_id)


@router.post(f"{SETS}/{{feature_set_id}}/recompute", status_code=202, responses=problems(404, 409))
def recompute_feature_set(
    place: PlaceDep, feature_set_id: str, session: SessionDep, actor: ActorDep
) -> FeatureSetOut:
    """Compute again for those patients only whose contour changed, who failed or who are new."""
    return FeatureSetOut(**_set_fields(session, service.recompute(session, actor, place, feature_set_id)))


@router.get(f"{SETS}/{{feature_set_id}}/features", responses=problems(404))
def list_features(
    place: PlaceDep,
    feature_set_id: str,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[FeatureOut]:
    """Features with their reliability, in the order of the engine."""
    _, row = service.find_set(session, actor, place, feature_set_id, Permission.READ)
    found = service.feature_list(row, service.tabulate(session, row.id))
    after = int(decode_cursor(cursor, (int,))[0]) if cursor else 0
    end = after + limit
    return Page(items=found[after:end], next_cursor=encode_cursor(end) if end < len(found) else None)


@router.get(f"{SETS}/{{feature_set_id}}/patients", responses=problems(404))
def list_feature_patients(
    place: PlaceDep,
    feature_set_id: str,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[FeaturePatient]:
    """Patients with their values and the contour that these are of."""
    _, row = service.find_set(session, actor, place, feature_set_id, Permission.READ)
    table = service.tabulate(session, row.id)
    after = int(decode_cursor(cursor, (int,))[0]) if cursor else -1
    found = [one for one in table.rows if one.position > after][:limit]
    return Page(
        items=service.feature_patients(session, table, found),
        next_cursor=encode_cursor(found[-1].position) if len(found) == limit else None,
    )


@router.get(
    f"{SETS}/{{feature_set_id}}/values",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": BINARY}}, **problems(404)},
)
def get_feature_values(
    place: PlaceDep, feature_set_id: str, session: SessionDep, actor: ActorDep
) -> StreamingResponse:
    """The values as CSV, a row a patient who is done."""
    _, row = service.find_set(session, actor, place, feature_set_id, Permission.READ)
    text = service.as_csv(session, place[0], service.tabulate(session, row.id)).encode()
    return sent(Download(f"features-{row.id}.csv", "text/csv; charset=utf-8", BytesIO(text), len(text)))


def _set_fields(session: Session, row: FeatureSet) -> dict[str, Any]:
    farthest = min(service.jobs_of(session, row), key=_closeness)
    columns = (
        "id", "name", "structure", "modality", "source", "preset", "settings", "settings_digest",
        "perturbations", "engine", "created_at",
    )  # fmt: skip
    return (
        {name: getattr(row, name) for name in columns}
        | {"job": shown(session, farthest)[0]}
        | service.counts(session, row)
    )


def _closeness(job: Job) -> int:
    """Running before waiting before what failed or was cancelled before what is done."""
    return ("running", "queued", "failed", "cancelled", "succeeded").index(job.state)
