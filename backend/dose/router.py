"""Doses, DVHs and plan objectives over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from backend.accounts.deps import ActorDep
from backend.dose import service, templates
from backend.dose.schemas import DosesOut, DvhOut, DvhQuery, PlansOut, ProtocolsOut, ScoreCard, ScoreQuery
from backend.kit.web import SessionDep, problems

router = APIRouter(prefix="/api", tags=["dose"])


@router.get("/studies/{study_id}/doses")
def list_doses(study_id: str, session: SessionDep, actor: ActorDep) -> DosesOut:
    """The dose distributions of a study."""
    return service.doses_of(session, actor, study_id)


@router.get("/studies/{study_id}/plans")
def list_plans(study_id: str, session: SessionDep, actor: ActorDep) -> PlansOut:
    """The treatment plans of a study: prescription, fractions, beams, brachytherapy, approval."""
    return service.plans_of(session, actor, study_id)


@router.get("/structures/{structure_id}/revisions/{number}/dvh", responses=problems(409))
def get_dvh(
    structure_id: str,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    actor: ActorDep,
    query: Annotated[DvhQuery, Query()],
) -> DvhOut:
    """The DVH of one revision in one dose."""
    return service.dvh_of_revision(actor, structure_id, number, query)


@router.get("/dose/protocols")
def list_protocols(_: ActorDep) -> ProtocolsOut:
    """The protocols whose objectives a structure set can be held against."""
    return ProtocolsOut(items=list(templates.protocols().values()))


@router.get("/structure-sets/{set_id}/objectives", responses=problems(409))
def get_objectives(set_id: str, actor: ActorDep, query: Annotated[ScoreQuery, Query()]) -> ScoreCard:
    """A protocol's objectives for the newest revisions of a structure set."""
    return service.score_card(actor, set_id, query)
