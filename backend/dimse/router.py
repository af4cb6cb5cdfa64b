"""AE titles and peers of a project, and what is sent to these."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from backend.accounts.deps import ActorDep
from backend.dimse import deliveries, service
from backend.dimse.schemas import (
    AeTitle,
    DicomDeliveryOut,
    PeerIn,
    PeerList,
    PeerOut,
    SendIn,
    TitleIn,
    TitleList,
    TitleOut,
)
from backend.kit.web import Page, PartDep, SessionDep, following, problems

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


@router.post(
    "/structure-sets/{set_id}/send", status_code=status.HTTP_202_ACCEPTED, responses=problems(404, 409)
)
def send_structure_set(set_id: str, body: SendIn, session: SessionDep, actor: ActorDep) -> DicomDeliveryOut:
    """Send an approved structure set, alone or with its images, to a peer of its project.

    It is tried again while the peer is away.
    """
    return deliveries.shown(session, [deliveries.request(session, actor, set_id, body)])[0]


@router.get("/structure-sets/{set_id}/deliveries")
def list_dicom_deliveries(
    set_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[DicomDeliveryOut]:
    """What of a structure set was sent, newest first, with the receipts."""
    rows = deliveries.of_set(session, actor, set_id, part)
    return Page(items=deliveries.shown(session, rows), next_cursor=following(part, rows))


@router.get("/dicom-deliveries/{dicom_delivery_id}")
def get_dicom_delivery(dicom_delivery_id: str, session: SessionDep, actor: ActorDep) -> DicomDeliveryOut:
    """A delivery and its receipt."""
    return deliveries.shown(session, [deliveries.one(session, actor, dicom_delivery_id)], whole=True)[0]
