"""Downloads of structure sets and training sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, status
from fastapi.responses import StreamingResponse

from backend.accounts.deps import ActorDep
from backend.exports import service
from backend.exports.schemas import DicomFormat, ExportReport, ProfileOut, SetFormat, TrainingSetIn
from backend.exports.service import ExportFile
from backend.jobs.router import shown
from backend.jobs.schemas import JobOut
from backend.kit.web import Page, SessionDep, problems

router = APIRouter(prefix="/api", tags=["exports"])

PIECE_BYTES = 1 << 20
ProfileName = Annotated[str, Query(max_length=32)]
BINARY = {"schema": {"type": "string", "format": "binary"}}


def _sent(file: ExportFile) -> StreamingResponse:
    """A download: never shown in place, never guessed at."""
    headers = {
        "Content-Disposition": _attachment(file.name),
        "Content-Length": str(file.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_pieces(file), media_type=file.media_type, headers=headers)


def _attachment(name: str) -> str:
    """RFC 6266: the name itself for browsers, and one of ASCII letters for other programs."""
    plain = "".join(c if c.isascii() else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _pieces(file: ExportFile) -> Iterator[bytes]:
    with file.stream as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


@router.get(
    "/structure-sets/{set_id}/export",
    response_class=StreamingResponse,
    responses={
        **problems(404, 409),
        200: {"content": {"application/dicom": BINARY, "application/zip": BINARY}, "description": "The file"},
    },
)
def export_structure_set(
    set_id: str,
    actor: ActorDep,
    form: Annotated[SetFormat, Query(alias="format")],
    profile: ProfileName = "generic",
) -> StreamingResponse:
    """A structure set as RTSTRUCT (for a system), SEG, or a zip of NIfTI masks with structures.json."""
    return _sent(service.export_set(actor, set_id, form, profile))


@router.get("/structure-sets/{set_id}/export/report", responses=problems(404, 409))
def report_structure_set(
    set_id: str,
    actor: ActorDep,
    form: Annotated[DicomFormat, Query(alias="format")],
    profile: ProfileName = "generic",
) -> ExportReport:
    """What the file says when it is read again: volume, Dice and Hausdorff distance of each structure."""
    return service.report_set(actor, set_id, form, profile)


@router.get("/export-profiles")
def list_export_profiles(actor: ActorDep) -> Page[ProfileOut]:
    """The systems that an RTSTRUCT can be written for (no page follows)."""
    return Page(items=service.export_profiles(), next_cursor=None)


@router.post("/projects/{project_id}/exports", status_code=status.HTTP_202_ACCEPTED, responses=problems(404))
def request_training_set(
    project_id: str, body: TrainingSetIn, session: SessionDep, actor: ActorDep
) -> JobOut:
    """Write the project's cases as a training set; the job's file is at /exports/{job_id}/file."""
    return shown(session, service.request_training_set(session, actor, project_id, body))[0]


@router.get(
    "/exports/{job_id}/file",
    response_class=StreamingResponse,
    responses={**problems(404, 409), 200: {"content": {"application/zip": BINARY}, "description": "The zip"}},
)
def download_training_set(job_id: str, session: SessionDep, actor: ActorDep) -> StreamingResponse:
    """The zip that an export job made."""
    return _sent(service.training_set_file(session, actor, job_id))
