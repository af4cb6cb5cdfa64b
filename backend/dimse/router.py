"""AE titles and peers of a project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from backend.accounts.deps import ActorDep
from backend.dimse import service
from backend.dimse.schemas import AeTitle, PeerIn, PeerList, PeerOut, TitleIn, TitleList, TitleOut
from backend.kit.web import SessionDep, problems

router = APIRouter(prefix="/api", tags=["dicom network"])

TitlePath = Annotated[AeTitle, Path(description="An AE title")]
TITLES = "/projects/{project_id}/dicom/titles"
PEERS = "/projects/{project_id}/dicom/peers"


@router.get(TITLES)
def list_dicom_titles(project_id: str, session: SessionDep, actor: ActorDep) -> TitleList:
    """AE titles that lead into the project."""
    rows = service.list_titles(session, actor, project_id)
    return TitleList(items=[TitleOut.model_validate(row) for row in rows])


@router.put(TITLES + "/{title}", responses=problems(409))
def set_dicom_title(
    project_id: str, title: TitlePath, body: TitleIn, session: SessionDep, actor: ActorDep
) -> TitleOut:
    """Give the project an AE title, or change who may call it and whether it answers queries."""
    return TitleOut.model_validate(service.set_title(session, actor, project_id, title, body))


@router.delete(TITLES + "/{title}", status_code=status.HTTP_204_NO_CONTENT)
def remove_dicom_title(project_id: str, title: TitlePath, session: SessionDep, actor: ActorDep) -> None:
    """Take an AE title away."""
    service.remove_title(session, actor, project_id, title)


@router.get(PEERS)
def list_dicom_peers(project_id: str, session: SessionDep, actor: ActorDep) -> PeerList:
    """Peers that objects of the project may be sent to."""
    rows = service.list_peers(session, actor, project_id)
    return PeerList(items=[PeerOut.model_validate(row) for row in rows])


@router.put(PEERS + "/{title}")
def set_dicom_peer(
    project_id: str, title: TitlePath, body: PeerIn, session: SessionDep, actor: ActorDep
) -> PeerOut:
    """Name a peer, or say that it is elsewhere now."""
    return PeerOut.model_validate(service.set_peer(session, actor, project_id, title, body))


@router.delete(PEERS + "/{title}", status_code=status.HTTP_204_NO_CONTENT)
def remove_dicom_peer(project_id: str, title: TitlePath, session: SessionDep, actor: ActorDep) -> None:
    """Forget a peer."""
    service.remove_peer(session, actor, project_id, title)
