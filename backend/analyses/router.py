"""HTTP of analyses."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from backend.accounts.deps import ActorDep
from backend.analyses import service
from backend.analyses.schemas import (
    AnalysisDetail,
    AnalysisIn,
    AnalysisOut,
    FigureFormat,
    MapFile,
    MapGrid,
    MapKind,
    MapOut,
    MapPart,
    PredictionIn,
    PredictionOut,
    StudyMaps,
    TemplateOut,
    TemplatePart,
)
from backend.analyses.service import AnalysisRows, PredictionRows
from backend.jobs.router import shown
from backend.kit.sending import BINARY, sent
from backend.kit.web import IfNoneMatch, Page, PartDep, SessionDep, etag, following, matches, problems

router = APIRouter(prefix="/api", tags=["analyses"])

ANALYSES = "/projects/{project_id}/cohorts/{cohort_id}/analyses"
ANALYSIS = ANALYSES + "/{analysis_id}"
FIGURE = {"content": {"image/svg+xml": BINARY, "application/pdf": BINARY}, "description": "The figure"}
VOXELS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": BINARY}, "description": "The voxels"},
    304: {"description": "The browser has it"},
}
MAP_FILE = {
    "content": {"application/gzip": BINARY, "application/dicom": BINARY},
    "description": "NIfTI or RTDOSE",
}
TABLE = {"content": {"text/csv": BINARY}, "description": "The table"}


def _place(project_id: str, cohort_id: str) -> tuple[str, str]:
    return project_id, cohort_id


PlaceDep = Annotated[tuple[str, str], Depends(_place)]
"""(project id, cohort id) of the address."""


@router.get(ANALYSES, responses=problems(404))
def list_analyses(place: PlaceDep, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[AnalysisOut]:
    """Analyses of a cohort without what they found, newest first."""
    rows = service.recent(session, actor, place, part)
    items = [_out(session, one) for one in rows]
    return Page(items=items, next_cursor=following(part, [one.analysis for one in rows]))


@router.post(ANALYSES, status_code=202, responses=problems(404, 409))
def start_analysis(place: PlaceDep, body: AnalysisIn, session: SessionDep, actor: ActorDep) -> AnalysisOut:
    """Freeze the cohort as it is now, and analyse it."""
    return _out(session, service.start(session, actor, place, body))


@router.get(ANALYSIS, responses=problems(404))
def get_analysis(place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep) -> AnalysisDetail:
    """One analysis with what it found, and whom it no longer sees as they are."""
    one = service.find(session, actor, place, analysis_id)
    stale = service.stale_of(session, one.analysis)
    files = one.analysis.files
    return AnalysisDetail.model_validate(
        {
            **_fields(session, one),
            "warnings": service.warnings_now(one.analysis, stale),
            "results": service.results_of(one.analysis),
            "methods": one.analysis.methods,
            "versions": one.analysis.versions,
            "figures": sorted(files.get("figures", {})),
            "tables": sorted(files.get("tables", {})),
            "predicts": "model" in files,
            "inputs": service.inputs_of(one.analysis),
            "card": service.card_of(one.analysis),
            "stale": stale,
        }
    )


@router.delete(ANALYSIS, status_code=204, responses=problems(404, 409))
def delete_analysis(place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Forget an analysis with its predictions."""
    service.delete(session, actor, place, analysis_id)


@router.post(f"{ANALYSIS}/rerun", status_code=202, responses=problems(404, 409))
def rerun_analysis(place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep) -> AnalysisOut:
    """The same question to the cohort as it is now, as another analysis: this one stays as it is."""
    return _out(session, service.rerun(session, actor, place, analysis_id))


@router.get(
    f"{ANALYSIS}/figures/{{name}}",
    response_class=StreamingResponse,
    responses={**problems(404, 409), 200: FIGURE},
)
def get_figure(
    place: PlaceDep,
    analysis_id: str,
    name: str,
    session: SessionDep,
    actor: ActorDep,
    form: Annotated[FigureFormat, Query(alias="format")] = "svg",
) -> StreamingResponse:
    """A figure, to be shown or printed."""
    row = service.find(session, actor, place, analysis_id).analysis
    return sent(service.figure_file(row, name, form))


@router.get(
    f"{ANALYSIS}/tables/{{name}}",
    response_class=StreamingResponse,
    responses={**problems(404, 409), 200: TABLE},
)
def get_table(
    place: PlaceDep, analysis_id: str, name: str, session: SessionDep, actor: ActorDep
) -> StreamingResponse:
    """A table as CSV, in which no cell is a formula."""
    row = service.find(session, actor, place, analysis_id).analysis
    return sent(service.table_file(row, name))


@router.post(f"{ANALYSIS}/predictions", status_code=202, responses=problems(404, 409))
def start_prediction(
    place: PlaceDep, analysis_id: str, body: PredictionIn, session: SessionDep, actor: ActorDep
) -> PredictionOut:
    """Predict of a patient from whom the analysis has not learnt."""
    return _predicted(session, service.predict(session, actor, place, analysis_id, body))


@router.get(f"{ANALYSIS}/predictions", responses=problems(404))
def list_predictions(
    place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[PredictionOut]:
    """What an analysis was asked of patients, newest first."""
    rows = service.predictions(session, actor, place, analysis_id, part)
    items = [_predicted(session, one) for one in rows]
    return Page(items=items, next_cursor=following(part, [one.prediction for one in rows]))


@router.get(f"{ANALYSIS}/maps", responses=problems(404))
def list_maps(place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep) -> Page[MapOut]:
    """Maps over images of patients of an analysis and of new ones (no page follows)."""
    row = service.find(session, actor, place, analysis_id).analysis
    return Page(items=service.maps(session, row), next_cursor=None)


def _asked(
    patient_id: str, kind: MapKind = "grad-cam", part: MapPart = "values", grid: MapGrid = "image"
) -> service.AskedMap:
    return service.AskedMap(patient_id, kind, part, grid)


@router.get(f"{ANALYSIS}/maps/{{patient_id}}", response_class=Response, responses={**problems(404), **VOXELS})
def get_map(
    place: PlaceDep,
    analysis_id: str,
    asked: Annotated[service.AskedMap, Depends(_asked)],
    session: SessionDep,
    actor: ActorDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Little-endian float32 voxels (k, j, i) of a map, or 1 and 0 of what is significant in it.

    They are on the grid of the map's series as of a volume, or (smaller) on its own.
    """
    row = service.find(session, actor, place, analysis_id).analysis
    return _voxels(*service.map_voxels(session, row, asked), if_none_match)


@router.get(f"{ANALYSIS}/template", responses=problems(404, 409))
def get_map_template(place: PlaceDep, analysis_id: str, session: SessionDep, actor: ActorDep) -> TemplateOut:
    """The mean organ of a dose map: its grid, and which volumes lie on it."""
    return service.template_of(service.find(session, actor, place, analysis_id).analysis)


@router.get(
    f"{ANALYSIS}/template/{{part}}", response_class=Response, responses={**problems(404, 409), **VOXELS}
)
def get_map_template_part(
    place: PlaceDep,
    analysis_id: str,
    part: TemplatePart,
    session: SessionDep,
    actor: ActorDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Little-endian float32 voxels (k, j, i) on the mean organ's grid, 0 outside of the organ."""
    row = service.find(session, actor, place, analysis_id).analysis
    return _voxels(*service.template_voxels(row, part), if_none_match)


@router.get(
    f"{ANALYSIS}/map", response_class=StreamingResponse, responses={**problems(404, 409), 200: MAP_FILE}
)
def get_map_file(
    place: PlaceDep,
    analysis_id: str,
    session: SessionDep,
    actor: ActorDep,
    form: Annotated[MapFile, Query(alias="format")] = "nifti",
    patient_id: Annotated[str | None, Query(max_length=64, description="null: over the mean organ")] = None,
) -> StreamingResponse:
    """A dose map as a file; as RTDOSE its units are RELATIVE and its type ERROR, for it is no dose."""
    row = service.find(session, actor, place, analysis_id).analysis
    return sent(service.map_file(session, row, form, patient_id))


def _voxels(voxels: bytes, tag: str, if_none_match: str | None) -> Response:
    headers = {"ETag": etag(tag), "Cache-Control": "private, no-cache"}
    if matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(voxels, media_type="application/octet-stream", headers=headers)


@router.get("/studies/{study_id}/maps", responses=problems(404))
def list_study_maps(study_id: str, session: SessionDep, actor: ActorDep) -> StudyMaps:
    """The maps that analyses have made over images of a study."""
    return StudyMaps(items=service.of_study(session, actor, study_id))


def _predicted(session: Session, one: PredictionRows) -> PredictionOut:
    row = one.prediction
    return PredictionOut(
        id=row.id,
        patient_id=row.patient_id,
        values=row.inputs["values"],
        measured=row.inputs.get("measured", {}),
        contours=service.used_contours(session, row.inputs.get("revisions", [])),
        value=row.value,
        applicability=row.applicability,
        maps=service.maps_of(session, row.patient_id, row.maps),
        job=shown(session, one.job)[0],
        created_at=row.created_at,
    )


def _out(session: Session, one: AnalysisRows) -> AnalysisOut:
    return AnalysisOut.model_validate(_fields(session, one))


def _fields(session: Session, one: AnalysisRows) -> dict[str, Any]:
    row = one.analysis
    same = (
        "id", "name", "kind", "config", "feature_sets", "table_sha256", "rerun_of", "warnings", "summary",
        "created_by", "created_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in same} | {"job": shown(session, one.job)[0]}
