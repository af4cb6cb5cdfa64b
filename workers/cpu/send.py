"""Send an approved structure set to a peer, alone or with its images, and keep what the peer said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pydicom.dataset import Dataset

from backend.dimse import deliveries
from backend.dimse.deliveries import Parcel, Receipt
from backend.dimse.errors import PeerRefused, PeerUnreachable
from backend.dimse.sending import Item, Line, referenced, store
from backend.dimse.syntaxes import leaving
from backend.exports.objects import WRITERS
from backend.kit.errors import AppError
from rt.dicom.kinds import EXPLICIT_LITTLE_ENDIAN
from rt.dicom.parse import read_stored
from rt.errors import RtError
from workers.calling import MAX_TRIES, delay_s
from workers.runtime import JobCancelled, JobContext, job

NO_ROOM = 0xA7
"""Upper byte of a status: out of resources."""


@job("send", queue="cpu")
def send(context: JobContext) -> dict[str, Any]:
    """Which instances the peer has; put back until later while it is away or has no room."""
    delivery_id = context.parameters["delivery_id"]
    with context.session(read_only=True) as session:
        parcel = deliveries.parcel(session, delivery_id)
    receipts: list[Receipt] = []
    problem = ""
    try:
        for done in _sending(parcel, receipts):
            context.progress(done)
            context.check_cancelled()
        problem = next((_said(one) for one in receipts if not deliveries.is_stored(one.status)), "")
    except PeerUnreachable as away:
        problem = away.detail
    except (JobCancelled, AppError, RtError):
        with context.session() as session:
            deliveries.note(session, delivery_id, receipts, "")
        raise
    result = {"instances": [one["sop_instance_uid"] for one in parcel.instances]}
    if not problem:
        with context.finishing(result) as session:
            deliveries.note(session, delivery_id, receipts, "")
        return result
    left = [one.status for one in receipts if not deliveries.is_stored(one.status)]
    may_pass = all(status >> 8 == NO_ROOM for status in left)
    with context.session() as session:
        deliveries.note(session, delivery_id, receipts, problem)
        if not may_pass or parcel.tries + 1 >= MAX_TRIES:
            deliveries.start_over(session, delivery_id)
    context.log("peer-said", problem=problem)
    if not may_pass:
        raise PeerRefused(problem)
    if parcel.tries + 1 >= MAX_TRIES:
        raise PeerUnreachable(problem)
    return context.postpone(delay_s(parcel.tries), result)


def _sending(parcel: Parcel, receipts: list[Receipt]) -> Iterator[float]:
    line = Line(parcel.calling, parcel.peer, parcel.host, parcel.port, parcel.tls)
    commitment = None
    if parcel.commitment_uid is not None:
        commitment = Dataset()
        commitment.TransactionUID = parcel.commitment_uid
        commitment.ReferencedSOPSequence = referenced(
            [(one["sop_class_uid"], one["sop_instance_uid"]) for one in parcel.instances]
        )
    return store(line, [_item(parcel, one) for one in parcel.missing], commitment, receipts)


def _item(parcel: Parcel, one: dict[str, Any]) -> Item:
    image = parcel.images.get(one["sop_instance_uid"])
    if image is not None:
        return Item(
            image.sop_class_uid, image.sop_instance_uid, image.transfer_syntax_uid, partial(leaving, image)
        )  # fmt: skip
    return Item(
        one["sop_class_uid"],
        one["sop_instance_uid"],
        EXPLICIT_LITTLE_ENDIAN,
        lambda _: read_stored(WRITERS[one["modality"]](parcel.outgoing)),
    )


def _said(receipt: Receipt) -> str:
    return f"the peer answered {receipt.status:04X} {receipt.comment}".strip()
