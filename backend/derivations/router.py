"""Derived structures over HTTP; how one stands to its sources is told with the structure (`derivation`)."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from backend.accounts.deps import ActorDep
from backend.derivations import service
from backend.derivations.schemas import DerivationIn, DerivedStructureIn, PreviewIn, PreviewOut
from backend.kit.web import IfMatch, SessionDep, etag, problems
from backend.labels.router import base_of
from backend.labels.schemas import StructureOut

router = APIRouter(prefix="/api", tags=["derivations"])


@router.post(
    "/structure-sets/{set_id}/derived-structures",
    status_code=status.HTTP_201_CREATED,
    responses=problems(404, 409, 507),
)
def create_derived_structure(set_id: str, body: DerivedStructureIn, actor: ActorDep) -> StructureOut:
    """A structure that is computed from others, and again whenever they change."""
    return service.create(actor, set_id, body)


@router.post("/structure-sets/{set_id}/derived-structures/preview", responses=problems(404, 409))
def preview_derived_structure(set_id: str, body: PreviewIn, actor: ActorDep) -> PreviewOut:
    """The contour and the volume that a derivation gives now; nothing is saved."""
    return service.preview(actor, set_id, body)


@router.put("/structures/{structure_id}/derivation", responses=problems(404, 409, 412, 428, 507))
def change_derivation(
    structure_id: str, body: DerivationIn, actor: ActorDep, response: Response, if_match: IfMatch = None
) -> StructureOut:
    """Another derivation, computed at once on the head named in If-Match; an approval is withdrawn by it."""
    done = service.change(actor, structure_id, base_of(if_match), body.expression)
    response.headers["ETag"] = _head(done)
    return done


@router.post("/structures/{structure_id}/derivation/recompute", responses=problems(404, 409, 412, 428, 507))
def recompute_derivation(
    structure_id: str, actor: ActorDep, response: Response, if_match: IfMatch = None
) -> StructureOut:
    """The contour that the sources make now, in place of a person's; it stays in the history."""
    done = service.recompute(actor, structure_id, base_of(if_match))
    response.headers["ETag"] = _head(done)
    return done


@router.delete(
    "/structures/{structure_id}/derivation", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404)
)
def remove_derivation(structure_id: str, session: SessionDep, actor: ActorDep) -> None:
    """The structure stays as it is and follows nothing any more."""
    service.remove(session, actor, structure_id)


def _head(done: StructureOut) -> str:
    return etag(done.head.number if done.head else 0)
