"""AE titles and peers of projects: who is let in, where objects may go, and who may change that.

Titles are unique in the installation, because the called title alone says which project is meant.  The trail
has no actor where the command line made a change.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.dimse import repository
from backend.dimse.errors import (
    CALLED_NOT_RECOGNISED,
    CALLING_NOT_RECOGNISED,
    NobodyNamed,
    NotAdmitted,
    TitleMissing,
    TitleTaken,
)
from backend.dimse.schemas import PeerIn, TitleIn
from backend.dimse.tables import DicomPeer, DicomTitle
from backend.kit.db import session_scope
from backend.kit.errors import NotFound
from backend.projects.deidentification import deidentifier
from backend.projects.service import Permission, get_project, require
from backend.projects.tables import DeidentificationMode
from backend.studies.imports import target_of
from backend.studies.intake import Target


@dataclass(frozen=True)
class Admission:
    """What an association may do, and in which project."""

    title_id: str
    title: str
    """Ours, as it was called."""
    caller: str
    target: Target
    allow_query: bool

    @property
    def project_id(self) -> str:
        """The only project that the association sees."""
        return self.target.project_id


@dataclass(frozen=True)
class Call:
    """Titles and address of an association request."""

    called: str
    calling: str
    address: str


def admit(session: Session, call: Call) -> Admission:
    """The project that the called title leads to; NotAdmitted when there is none or the caller may not."""
    found = repository.title(session, call.called)
    if found is None:
        raise NotAdmitted("no project has this AE title", CALLED_NOT_RECOGNISED)
    if found.callers and not any(_is(one, call) for one in found.callers):
        raise NotAdmitted("the caller is not one of those named", CALLING_NOT_RECOGNISED)
    target = target_of(get_project(session, found.project_id), None)
    allow_query = found.allow_query and not leaves_unnamed(session, found.project_id)
    return Admission(found.id, found.title, call.calling, target, allow_query)


def leaves_unnamed(session: Session, project_id: str) -> bool:
    """Whether the project de-identifies what leaves it: then peers fetch nothing and are sent nothing."""
    return deidentifier(session, project_id, DeidentificationMode.EXPORT) is not None


def _is(caller: dict[str, str | None], call: Call) -> bool:
    title, address = caller.get("title"), caller.get("address")
    if title is not None and title != call.calling:
        return False
    if address is None:
        return True
    here = ipaddress.ip_address(call.address.partition("%")[0])
    mapped = here.ipv4_mapped if isinstance(here, ipaddress.IPv6Address) else None
    return (mapped or here) in ipaddress.ip_network(address)


def record_retrieval(admission: Admission, receiver: str, study_row_ids: Collection[str], count: int) -> None:
    """That instances leave for a peer is in the audit trail before they leave."""
    changes = {"peer": receiver, "instances": count, "studies": sorted(study_row_ids)}
    with session_scope() as session:
        record(
            session, None, "dimse.instances.retrieved", "dicom-title", admission.title_id,
            project_id=admission.project_id, changes=changes,
        )  # fmt: skip


def peer_of(admission: Admission, title: str) -> DicomPeer | None:
    """Where a peer of the association's project is; None when it knows none of this title."""
    with session_scope(read_only=True) as session:
        return repository.peer(session, admission.project_id, title)


def list_titles(session: Session, actor: Actor, project_id: str) -> Sequence[DicomTitle]:
    """AE titles that lead into a project."""
    require(session, actor, project_id, Permission.ADMINISTER)
    return repository.titles(session, project_id)


def set_title(session: Session, actor: Actor, project_id: str, title: str, body: TitleIn) -> DicomTitle:
    """Give a project an AE title, or change how it behaves."""
    require(session, actor, project_id, Permission.ADMINISTER)
    return put_title(session, actor.user_id, project_id, title, body)


def put_title(
    session: Session, actor_id: str | None, project_id: str, title: str, body: TitleIn
) -> DicomTitle:
    """As `set_title`, also for the command line."""
    if body.allow_query and not body.callers:
        raise NobodyNamed("queries show patients: name the callers that may ask", field="callers")
    row = repository.title(session, title)
    if row is not None and row.project_id != project_id:
        raise TitleTaken("another project has this AE title", field="title")
    if row is None and repository.differs_in_case(session, title):
        raise TitleTaken("an AE title differs from this one only in upper and lower case", field="title")
    if row is None:
        row = DicomTitle(project_id=project_id, title=title)
    row.callers = [caller.model_dump() for caller in body.callers]
    row.allow_query = body.allow_query
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise TitleTaken("this AE title has just been given", field="title") from error
    changes = {"title": title, "callers": len(row.callers), "allow_query": row.allow_query}
    record(
        session, actor_id, "dimse.title.set", "dicom-title", row.id, project_id=project_id, changes=changes
    )
    return row


def remove_title(session: Session, actor: Actor, project_id: str, title: str) -> None:
    """Take an AE title away; calls to it are refused from now on."""
    require(session, actor, project_id, Permission.ADMINISTER)
    drop_title(session, actor.user_id, project_id, title)


def drop_title(session: Session, actor_id: str | None, project_id: str, title: str) -> None:
    """As `remove_title`, also for the command line."""
    row = repository.title(session, title)
    if row is None or row.project_id != project_id:
        raise NotFound("the project has no such AE title")
    session.delete(row)
    changes = {"title": title}
    record(
        session, actor_id, "dimse.title.removed", "dicom-title", row.id,
        project_id=project_id, changes=changes,
    )  # fmt: skip


def list_peers(session: Session, actor: Actor, project_id: str) -> Sequence[DicomPeer]:
    """Peers that objects of a project may be sent to."""
    require(session, actor, project_id, Permission.EXPORT)
    return repository.peers(session, project_id)


def set_peer(session: Session, actor: Actor, project_id: str, title: str, body: PeerIn) -> DicomPeer:
    """Name a peer, or say that it is elsewhere now."""
    require(session, actor, project_id, Permission.ADMINISTER)
    return put_peer(session, actor.user_id, project_id, title, body)


def put_peer(session: Session, actor_id: str | None, project_id: str, title: str, body: PeerIn) -> DicomPeer:
    """As `set_peer`, also for the command line."""
    row = repository.peer(session, project_id, title)
    if row is None:
        row = DicomPeer(project_id=project_id, title=title)
    row.host, row.port, row.commitment, row.tls = body.host, body.port, body.commitment, body.tls
    session.add(row)
    session.flush()
    changes = {"title": title, "host": row.host, "port": row.port, "tls": row.tls}
    record(session, actor_id, "dimse.peer.set", "dicom-peer", row.id, project_id=project_id, changes=changes)
    return row


def remove_peer(session: Session, actor: Actor, project_id: str, title: str) -> None:
    """Forget a peer; nothing is sent to it any more."""
    require(session, actor, project_id, Permission.ADMINISTER)
    drop_peer(session, actor.user_id, project_id, title)


def drop_peer(session: Session, actor_id: str | None, project_id: str, title: str) -> None:
    """As `remove_peer`, also for the command line."""
    row = named_peer(session, project_id, title)
    session.delete(row)
    changes = {"title": title}
    record(
        session, actor_id, "dimse.peer.removed", "dicom-peer", row.id, project_id=project_id, changes=changes
    )


def named_peer(session: Session, project_id: str, title: str) -> DicomPeer:
    """A project's peer; NotFound when it knows none of this title."""
    row = repository.peer(session, project_id, title)
    if row is None:
        raise NotFound("the project has no such peer")
    return row


def own_title(session: Session, project_id: str) -> str:
    """By which title a project calls others: the first of its own; TitleMissing when it has none."""
    titles = repository.titles(session, project_id)
    if not titles:
        raise TitleMissing("peers know callers by their AE title: give the project one")
    return titles[0].title


def all_titles(session: Session) -> Sequence[DicomTitle]:
    """Every AE title of the installation, for the command line."""
    return repository.titles(session, None)


def all_peers(session: Session) -> Sequence[DicomPeer]:
    """Every peer of the installation, for the command line."""
    return repository.peers(session, None)
