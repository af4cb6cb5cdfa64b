"""Downloads of structure sets and training sets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from fastapi.responses import StreamingResponse

from backend.accounts.deps import ActorDep
from backend.exports import service
from backend.exports.schemas import DicomFormat, ExportReport, ProfileOut, SetFormat, TrainingSetIn
from backend.jobs.router import shown
from backend.jobs.schemas import JobOut
from backend.kit.sending import BINARY, sent
from backend.kit.web import Page, SessionDep, problems

router = APIRouter(prefix="/api", tags=["exports"])

ProfileName = Annotated[str, Query(max_length=32)]


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
    return sent(service.export_set(actor, set_id, form, profile))


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
    return sent(service.training_set_file(session, actor, job_id))
