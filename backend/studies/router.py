"""Worklist, studies, volumes and imports over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from backend.accounts.deps import ActorDep
from backend.config import get_settings
from backend.kit.db import session_scope
from backend.kit.web import (
    IfNoneMatch,
    Page,
    PartDep,
    SessionDep,
    etag,
    following,
    matches,
    problems,
)
from backend.projects.service import Permission
from backend.studies import imports, quarantine, service, volumes
from backend.studies.receiving import LimitedFile, check_declared_length, scratch_file, steadily
from backend.studies.schemas import (
    FilesOut,
    ImportOut,
    ImportSummary,
    QuarantinedOut,
    StudyDetail,
    StudyPatch,
    StudyQuery,
    StudyRow,
    VolumeOrder,
)

router = APIRouter(prefix="/api", tags=["studies"])

BINARY_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
DICOM_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/dicom": {"schema": {"type": "string", "format": "binary"}}}},
}
VOXELS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The browser has it"},
}


@router.get("/projects/{project_id}/studies")
def list_studies(
    project_id: str,
    session: SessionDep,
    actor: ActorDep,
    query: Annotated[StudyQuery, Query()],
) -> Page[StudyRow]:
    """The worklist of a project."""
    return service.worklist(session, actor, project_id, query)


@router.get("/studies/{study_id}")
def get_study(study_id: str, session: SessionDep, actor: ActorDep) -> StudyDetail:
    """A study with its series and structure sets."""
    return service.study_detail(session, actor, study_id)


@router.patch("/studies/{study_id}")
def patch_study(study_id: str, patch: StudyPatch, session: SessionDep, actor: ActorDep) -> StudyDetail:
    """Give a study to a member of its project, or to nobody."""
    return service.update_study(session, actor, study_id, patch.assignee_id)


@router.delete("/studies/{study_id}", status_code=204)
def delete_study(study_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Delete a study with all that was drawn on it."""
    service.delete_study(session, actor, study_id)


@router.get(
    "/series/{series_id}/volume", response_class=StreamingResponse, responses={**VOXELS, **problems(409)}
)
def get_volume(
    series_id: str, actor: ActorDep, order: VolumeOrder = VolumeOrder.STACK, if_none_match: IfNoneMatch = None
) -> Response:
    """Raw little-endian voxels of a series; times the volume's slope they are in its unit."""
    with session_scope(read_only=True) as session:
        series = service.get_series(session, actor, series_id, Permission.READ)
    series = service.with_volume(series)
    tag = f"{(series.volume or {})['digest']}-{order}"
    headers = {"ETag": etag(tag), "Cache-Control": "private, max-age=31536000, immutable"}
    if matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(volumes.byte_count(series))
    voxels = volumes.voxel_stream(series, middle_out=order is VolumeOrder.MIDDLE_OUT)
    return StreamingResponse(voxels, headers=headers, media_type="application/octet-stream")


@router.post("/projects/{project_id}/imports", status_code=201)
def begin_import(project_id: str, actor: ActorDep) -> ImportOut:
    """Begin an upload."""
    return ImportOut(id=imports.begin(actor, project_id))


@router.put("/imports/{import_id}/files", openapi_extra=BINARY_BODY, responses=problems(408, 409, 413, 507))
async def put_file(
    import_id: str,
    name: Annotated[str, Query(min_length=1, max_length=512)],
    request: Request,
    actor: ActorDep,
) -> FilesOut:
    """One file or zip of an upload; sending it again is harmless."""
    limit = get_settings().upload_bytes
    check_declared_length(request.headers.get("content-length"), limit)
    target = await run_in_threadpool(imports.open_batch, actor, import_id)
    with scratch_file() as path:
        with LimitedFile(path, limit) as file:
            async for chunk in steadily(request.stream()):
                file.write(chunk)
        return FilesOut(files=await run_in_threadpool(imports.add_to_batch, target, import_id, name, path))


@router.post("/imports/{import_id}/complete")
def complete_import(import_id: str, actor: ActorDep) -> ImportSummary:
    """End an upload: the series it touched are checked, assembled and handed to the AI."""
    return imports.complete(actor, import_id)


@router.get("/projects/{project_id}/quarantine")
def list_quarantine(
    project_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[QuarantinedOut]:
    """What de-identification did not let pass, newest first, for who administers the project."""
    rows = quarantine.list_quarantine(session, actor, project_id, part)
    items = [QuarantinedOut.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=following(part, rows))


@router.get(
    "/quarantine/{quarantined_id}/file",
    response_class=Response,
    responses={**DICOM_FILE, **problems(409)},
)
def get_quarantined_file(quarantined_id: str, actor: ActorDep) -> Response:
    """The de-identified file of an object that is held, to look at its pixels."""
    data = quarantine.quarantined_file(actor, quarantined_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{quarantined_id}.dcm"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(data, headers=headers, media_type="application/dicom")


@router.post("/quarantine/{quarantined_id}/release", responses=problems(409))
def release_quarantined(quarantined_id: str, actor: ActorDep) -> QuarantinedOut:
    """Let an object in whose pixels were looked at."""
    return QuarantinedOut.model_validate(quarantine.release(actor, quarantined_id))


@router.post("/quarantine/{quarantined_id}/discard", responses=problems(409))
def discard_quarantined(quarantined_id: str, session: SessionDep, actor: ActorDep) -> QuarantinedOut:
    """Throw an object away that was held."""
    return QuarantinedOut.model_validate(quarantine.discard(session, actor, quarantined_id))
