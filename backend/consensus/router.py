"""Consensus of blind readers over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status
from sqlalchemy.orm import Session

from backend.accounts.deps import ActorDep
from backend.accounts.schemas import UserOut
from backend.consensus import service
from backend.consensus.schemas import (
    AdoptIn,
    CloseIn,
    ConsensusIn,
    ConsensusOut,
    ConsensusResults,
    DecisionIn,
    FinishIn,
    MapKind,
    Method,
    ReaderOut,
)
from backend.consensus.tables import Consensus
from backend.jobs.router import shown
from backend.kit.web import IfMatch, Page, SessionDep, etag, problems
from backend.labels.router import OCTETS, base_of
from backend.labels.schemas import RevisionOut
from backend.labels.service import describe_revisions
from backend.projects.service import Permission

router = APIRouter(prefix="/api", tags=["consensus"])

RegionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
BYTES: dict[int | str, dict[str, Any]] = {200: {"content": OCTETS}}
PRIVATE = {"Cache-Control": "private, no-store"}


@router.get("/studies/{study_id}/consensus", responses=problems(404))
def list_consensus(study_id: str, session: SessionDep, actor: ActorDep) -> Page[ConsensusOut]:
    """Consensus tasks of a study, newest first, all of them: no page follows."""
    rows = service.recent(session, actor, study_id)
    return Page(items=[_shown(session, row) for row in rows], next_cursor=None)


@router.post(
    "/studies/{study_id}/consensus", status_code=status.HTTP_201_CREATED, responses=problems(403, 404, 409)
)
def start_consensus(study_id: str, body: ConsensusIn, session: SessionDep, actor: ActorDep) -> ConsensusOut:
    """Let members draw one structure blindly: each draws in his own draft, and hands it in."""
    return _shown(session, service.start(session, actor, study_id, body))


@router.get("/consensus/{consensus_id}", responses=problems(404))
def get_consensus(consensus_id: str, session: SessionDep, actor: ActorDep) -> ConsensusOut:
    """One task: who reads, and who has finished."""
    return _shown(session, service.open_task(session, actor, consensus_id, Permission.READ))


@router.delete(
    "/consensus/{consensus_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(403, 404, 409)
)
def cancel_consensus(consensus_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Give up a consensus that is open; what was drawn for it is deleted."""
    service.cancel(session, actor, consensus_id)


@router.post("/consensus/{consensus_id}/finish", responses=problems(403, 404, 409))
def finish_reading(consensus_id: str, body: FinishIn, session: SessionDep, actor: ActorDep) -> ConsensusOut:
    """Hand in one's own draft; again before the end, to replace it."""
    return _shown(session, service.finish(session, actor, consensus_id, empty=body.empty))


@router.post("/consensus/{consensus_id}/close", responses=problems(403, 404, 409))
def close_consensus(consensus_id: str, body: CloseIn, session: SessionDep, actor: ActorDep) -> ConsensusOut:
    """End the blindness: readings become revisions, a job measures agreement; who is missing is named."""
    return _shown(session, service.close(session, actor, consensus_id, body.without))


@router.get(
    "/consensus/{consensus_id}/readings/{user_id}/mask",
    response_class=Response,
    responses={**problems(403, 404), **BYTES},
)
def get_reading(consensus_id: str, user_id: str, session: SessionDep, actor: ActorDep) -> Response:
    """What a reader handed in; others' before the end is refused (403), and the attempt recorded."""
    return _bytes(service.reading_mask(session, actor, consensus_id, user_id))


@router.get("/consensus/{consensus_id}/results", responses=problems(403, 404, 409))
def get_consensus_results(consensus_id: str, session: SessionDep, actor: ActorDep) -> ConsensusResults:
    """Agreement of the readers and the regions they disagree on."""
    return ConsensusResults.model_validate(service.results(session, actor, consensus_id))


@router.get(
    "/consensus/{consensus_id}/map", response_class=Response, responses={**problems(403, 404), **BYTES}
)
def get_consensus_map(
    consensus_id: str, session: SessionDep, actor: ActorDep, kind: MapKind = "entropy"
) -> Response:
    """Little-endian float32 voxels (k, j, i) on the series' grid: share of readers, or entropy in bits."""
    return _bytes(service.map_voxels(session, actor, consensus_id, kind))


@router.get(
    "/consensus/{consensus_id}/preview",
    response_class=Response,
    responses={**problems(403, 404, 409), **BYTES},
)
def preview_consensus(
    consensus_id: str, session: SessionDep, actor: ActorDep, method: Method = "staple"
) -> Response:
    """The consensus mask in wire form as it would be adopted now."""
    return _bytes(service.preview(session, actor, consensus_id, method))


@router.get(
    "/consensus/{consensus_id}/regions/{number}/mask",
    response_class=Response,
    responses={**problems(403, 404, 409), **BYTES},
)
def get_region_mask(
    consensus_id: str, number: RegionNumber, session: SessionDep, actor: ActorDep
) -> Response:
    """One region of disagreement in wire form."""
    return _bytes(service.region_mask(session, actor, consensus_id, number))


@router.put("/consensus/{consensus_id}/regions/{number}", responses=problems(403, 404, 409))
def decide_region(
    consensus_id: str, number: RegionNumber, body: DecisionIn, session: SessionDep, actor: ActorDep
) -> ConsensusOut:
    """Take a region in, leave it out, or take the decision back."""
    return _shown(session, service.decide(session, actor, consensus_id, number, body.take))


@router.post(
    "/consensus/{consensus_id}/adopt",
    status_code=status.HTTP_201_CREATED,
    responses=problems(403, 404, 409, 412, 428),
)
def adopt_consensus(
    consensus_id: str,
    body: AdoptIn,
    session: SessionDep,
    actor: ActorDep,
    response: Response,
    if_match: IfMatch = None,
) -> RevisionOut:
    """The consensus as a revision of the structure, made from the head in If-Match ("0": none)."""
    revision = service.adopt(session, actor, consensus_id, body.method, base_of(if_match))
    response.headers["ETag"] = etag(revision.number)
    return describe_revisions(session, [revision])[0]


def _bytes(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream", headers=PRIVATE)


def _shown(session: Session, task: Consensus) -> ConsensusOut:
    rows = service.describe(session, task)
    people = {key: UserOut.model_validate(user) for key, user in rows.names.items()}
    same = ("id", "structure_id", "name", "state", "tolerance_mm", "existing", "adopted")
    return ConsensusOut.model_validate(
        {name: getattr(task, name) for name in (*same, "created_at", "closed_at")}
        | {
            "study_id": task.study_row_id,
            "series_id": rows.series_id,
            "set_id": task.structure_set_id,
            "readers": [
                ReaderOut(
                    user=people[one.reader_id],
                    finished_at=one.finished_at,
                    missing=task.state != "open" and one.finished_at is None,
                    structure_id=one.structure_id,
                )
                for one in rows.readings
            ],
            "job": shown(session, rows.job)[0] if rows.job else None,
            "created_by": people.get(task.created_by),
            "closed_by": people.get(task.closed_by or ""),
        }
    )
