"""HTTP of detections."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session

from backend.accounts.deps import ActorDep
from backend.detections import service
from backend.detections.schemas import CandidateIn, CandidateOut, DetectionIn, DetectionOut
from backend.detections.service import DetectionRows
from backend.detections.tables import Candidate
from backend.jobs.router import shown
from backend.kit.web import Page, PartDep, SessionDep, following, problems

router = APIRouter(prefix="/api", tags=["detections"])


@router.get("/studies/{study_id}/detections", responses=problems(404))
def list_detections(study_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[DetectionOut]:
    """What detectors suspect in the study, newest first."""
    rows = service.recent(session, actor, study_id, part)
    items = [_shown(session, one) for one in rows]
    return Page(items=items, next_cursor=following(part, [one.detection for one in rows]))


@router.post("/studies/{study_id}/detections", status_code=202, responses=problems(404, 409))
def start_detection(study_id: str, body: DetectionIn, session: SessionDep, actor: ActorDep) -> DetectionOut:
    """Let a detector look at a series of the study."""
    return _shown(session, service.start(session, actor, study_id, body))


@router.patch("/candidates/{candidate_id}", responses=problems(404))
def judge_candidate(
    candidate_id: str, body: CandidateIn, session: SessionDep, actor: ActorDep
) -> CandidateOut:
    """Accept or dismiss a candidate, or open it again."""
    return _candidate(service.judge(session, actor, candidate_id, body.state))


def _shown(session: Session, one: DetectionRows) -> DetectionOut:
    return DetectionOut(
        id=one.detection.id,
        study_id=one.detection.study_row_id,
        series_id=one.detection.series_row_id,
        network=one.version.name,
        version=one.version.version,
        network_version_id=one.version.id,
        threshold=one.detection.threshold,
        job=shown(session, one.job)[0],
        candidates=[_candidate(candidate) for candidate in one.candidates],
        created_at=one.detection.created_at,
    )


def _candidate(candidate: Candidate) -> CandidateOut:
    return CandidateOut.model_validate(candidate, from_attributes=True)
