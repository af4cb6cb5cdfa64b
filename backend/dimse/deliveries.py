"""Approved structure sets on their way to peers: asked for here, sent by the job `send`, kept as receipts.

What is sent is what was asked for: the UIDs of the objects are fixed then, and follow from their contents.
The images that a set is drawn on go with it where that is asked for, before it: a planning system refers its
contours to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit.service import record
from backend.dimse import service
from backend.dimse.errors import ChangedMeanwhile, LeavesUnnamed, NotApproved
from backend.dimse.schemas import DeliveredOut, DicomDeliveryOut, DicomDeliveryState, SendIn
from backend.dimse.tables import DicomDelivery
from backend.exports.objects import OutgoingSet, check_dicom
from backend.exports.service import collect
from backend.jobs.service import JobRequest, announce, enqueue
from backend.jobs.tables import Job
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.kit.pagination import Part
from backend.labels.service import open_set
from backend.projects.service import Permission, require
from backend.studies.tables import Instance, Series
from rt.dicom.kinds import RTSTRUCT, SEG
from rt.dicom.uids import new_uid

SOP_CLASSES = {"RTSTRUCT": RTSTRUCT, "SEG": SEG}
_STATES = {"failed": DicomDeliveryState.FAILED, "cancelled": DicomDeliveryState.CANCELLED}


@dataclass(frozen=True)
class Receipt:
    """What a peer said of one object."""

    sop_instance_uid: str
    status: int
    comment: str
    at: datetime


@dataclass(frozen=True)
class Parcel:
    """A delivery with all that is needed to send what is left of it."""

    project_id: str
    calling: str
    peer: str
    host: str
    port: int
    tls: bool
    commitment_uid: str | None
    outgoing: OutgoingSet
    images: Mapping[str, Instance]
    """Of the series that the set is drawn on, by SOP Instance UID."""
    instances: tuple[dict[str, Any], ...]

    @property
    def missing(self) -> list[dict[str, Any]]:
        """What the peer has not stored yet."""
        return [one for one in self.instances if not is_stored(one["status"])]

    tries: int


def request(session: Session, actor: Actor, set_id: str, body: SendIn) -> DicomDelivery:
    """Ask for a set to be sent; NotApproved while anything drawn in it is not approved."""
    project_id = open_set(session, actor, set_id, Permission.EXPORT).project.id
    peer = service.named_peer(session, project_id, body.peer)
    _check_named(session, project_id)
    outgoing = _approved(session, set_id)
    delivery = DicomDelivery(
        project_id=project_id,
        structure_set_id=set_id,
        peer_title=peer.title,
        calling_title=service.own_title(session, project_id),
        instances=[
            *(_announced_images(session, outgoing) if body.images else []),
            *(_announced(outgoing, modality) for modality in sorted(set(body.modalities))),
        ],
        commitment_uid=new_uid() if peer.commitment else None,
        created_by=actor.user_id,
    )
    session.add(delivery)
    session.flush()
    study_id = outgoing.structure_set.study_row_id
    job = enqueue(
        session, JobRequest("send", {"delivery_id": delivery.id}, project_id, study_id, actor.user_id)
    )
    delivery.job_id = job.id
    changes = {"peer": peer.title, "instances": len(delivery.instances)}
    record(
        session, actor.user_id, "dimse.delivery.requested", "structure-set", set_id,
        project_id=project_id, changes=changes,
    )  # fmt: skip
    return delivery


def _check_named(session: Session, project_id: str) -> None:
    if service.leaves_unnamed(session, project_id):
        raise LeavesUnnamed("the project de-identifies at export; a peer would not know whose object it is")


def _approved(session: Session, set_id: str) -> OutgoingSet:
    outgoing = collect(session, set_id)
    if outgoing is None:
        raise NotFound("there is no such structure set")
    check_dicom(outgoing, outgoing.leaving)
    if outgoing.approval is None:
        raise NotApproved("approve every structure that is drawn, or reject it")
    return outgoing


def _announced(outgoing: OutgoingSet, modality: str) -> dict[str, Any]:
    return _not_sent(modality, SOP_CLASSES[modality], outgoing.sop_instance_uid(modality))


def _announced_images(session: Session, outgoing: OutgoingSet) -> list[dict[str, Any]]:
    modality = session.get_one(Series, outgoing.structure_set.series_row_id).modality
    images = _images(session, outgoing)
    return [_not_sent(modality, one.sop_class_uid, uid) for uid, one in images.items()]


def _images(session: Session, outgoing: OutgoingSet) -> dict[str, Instance]:
    """The images that a set is drawn on, by SOP Instance UID, in their order."""
    of_series = select(Instance).where(Instance.series_row_id == outgoing.structure_set.series_row_id)
    rows = session.scalars(of_series.order_by(Instance.number, Instance.id))
    return {row.sop_instance_uid: row for row in rows}


def _not_sent(modality: str, sop_class_uid: str, sop_instance_uid: str) -> dict[str, Any]:
    return {
        "modality": modality,
        "sop_class_uid": sop_class_uid,
        "sop_instance_uid": sop_instance_uid,
        "status": None,
        "comment": "",
        "at": None,
        "committed": None,
    }


def parcel(session: Session, delivery_id: str) -> Parcel:
    """What is left to send; an AppError where it cannot be sent (any more)."""
    delivery = session.get(DicomDelivery, delivery_id)
    if delivery is None:
        raise NotFound("there is no such delivery")
    peer = service.named_peer(session, delivery.project_id, delivery.peer_title)
    _check_named(session, delivery.project_id)
    outgoing = _approved(session, delivery.structure_set_id)
    images = _images(session, outgoing)
    for one in delivery.instances:
        uid = one["sop_instance_uid"]
        if not (uid in images if _is_image(one) else uid == outgoing.sop_instance_uid(one["modality"])):
            raise ChangedMeanwhile("the structure set is not what was to be sent: send it again")
    return Parcel(
        project_id=delivery.project_id,
        calling=delivery.calling_title,
        peer=peer.title,
        host=peer.host,
        port=peer.port,
        tls=peer.tls,
        commitment_uid=delivery.commitment_uid,
        outgoing=outgoing,
        images=images,
        instances=tuple(delivery.instances),
        tries=delivery.tries,
    )


def _is_image(one: Mapping[str, Any]) -> bool:
    return one["modality"] not in SOP_CLASSES


def is_stored(status: int | None) -> bool:
    """Whether the peer has the object; Bxxx: it has, and doubts or changed something (PS3.7 Annex C)."""
    return status is not None and (status == 0 or status >> 12 == 0xB)


def note(session: Session, delivery_id: str, receipts: Sequence[Receipt], problem: str) -> int:
    """Write down what a try came to; how many objects the peer has not stored."""
    delivery = session.get_one(DicomDelivery, delivery_id, with_for_update=True)
    said = {one.sop_instance_uid: one for one in receipts}
    delivery.instances = [_with_receipt(one, said.get(one["sop_instance_uid"])) for one in delivery.instances]
    delivery.tries += 1
    delivery.problem = problem[:255]
    left = sum(not is_stored(one["status"]) for one in delivery.instances)
    if left == 0:
        delivery.sent_at = now()
        changes = {"peer": delivery.peer_title, "instances": len(delivery.instances)}
        record(
            session, delivery.created_by, "dimse.delivery.sent", "structure-set", delivery.structure_set_id,
            project_id=delivery.project_id, changes=changes,
        )  # fmt: skip
    announce(session, "structure-set", delivery.structure_set_id, delivery.project_id)
    return left


def _with_receipt(one: Mapping[str, Any], receipt: Receipt | None) -> dict[str, Any]:
    if receipt is None:
        return dict(one)
    said = {"status": receipt.status, "comment": receipt.comment, "at": receipt.at.isoformat()}
    return {**one, **said}


def start_over(session: Session, delivery_id: str) -> None:
    """Count tries anew: a person who tries again has done something about the cause."""
    session.get_one(DicomDelivery, delivery_id).tries = 0


def commit(
    session: Session, project_id: str, peer: str, transaction_uid: str, kept: Mapping[str, bool]
) -> bool:
    """Write down what a peer commits itself to; False when it was not asked, or not this peer."""
    statement = select(DicomDelivery).where(
        DicomDelivery.commitment_uid == transaction_uid,
        DicomDelivery.project_id == project_id,
        DicomDelivery.peer_title == peer,
    )
    delivery = session.scalars(statement.with_for_update()).one_or_none()
    if delivery is None:
        return False
    delivery.instances = [
        {**one, "committed": kept.get(one["sop_instance_uid"], one["committed"])}
        for one in delivery.instances
    ]
    return True


def of_set(session: Session, actor: Actor, set_id: str, part: Part) -> Sequence[DicomDelivery]:
    """Deliveries of a structure set, newest first."""
    open_set(session, actor, set_id, Permission.EXPORT)
    statement = (
        select(DicomDelivery)
        .where(DicomDelivery.structure_set_id == set_id)
        .order_by(DicomDelivery.id.desc())
    )
    if part.before is not None:
        statement = statement.where(DicomDelivery.id < part.before)
    return session.scalars(statement.limit(part.limit)).all()


def one(session: Session, actor: Actor, delivery_id: str) -> DicomDelivery:
    """A delivery; NotFound also where it is not the actor's to see."""
    delivery = session.get(DicomDelivery, delivery_id)
    if delivery is None:
        raise NotFound("there is no such delivery")
    try:
        require(session, actor, delivery.project_id, Permission.EXPORT)
    except NotFound:
        raise NotFound("there is no such delivery") from None
    return delivery


def shown(session: Session, rows: Sequence[DicomDelivery], *, whole: bool = False) -> list[DicomDeliveryOut]:
    """Deliveries as the API tells them, with how their jobs stand.

    Of images only those that the peer did not take are told one by one, unless `whole`.
    """
    wanted = select(Job).where(Job.id.in_([row.job_id for row in rows if row.job_id]))
    jobs = {job.id: job for job in session.scalars(wanted)}
    return [_shown(row, jobs.get(row.job_id or ""), whole) for row in rows]


def _shown(row: DicomDelivery, job: Job | None, whole: bool) -> DicomDeliveryOut:
    """A job is gone with its study; what it had not sent by then is not sent any more."""
    images = [one for one in row.instances if _is_image(one)]
    refused = [one for one in images if one["status"] is not None and not is_stored(one["status"])]
    told = row.instances if whole else [*refused, *(one for one in row.instances if not _is_image(one))]
    waiting = DicomDeliveryState.FAILED if job is None else _STATES.get(job.state, DicomDeliveryState.WAITING)
    return DicomDeliveryOut(
        id=row.id,
        structure_set_id=row.structure_set_id,
        peer=row.peer_title,
        state=DicomDeliveryState.SENT if row.sent_at else waiting,
        tries=row.tries,
        problem=row.problem or (job.error_detail if job else None) or "",
        images=len(images),
        images_stored=sum(is_stored(one["status"]) for one in images),
        instances=[DeliveredOut.model_validate(one) for one in told],
        job_id=row.job_id,
        created_by=row.created_by,
        created_at=row.created_at.astimezone(UTC),
        sent_at=row.sent_at,
    )
