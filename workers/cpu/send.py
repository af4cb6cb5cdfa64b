"""Send an approved structure set to a peer, as often as it takes, and keep what the peer said."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from backend.dimse import deliveries
from backend.dimse.deliveries import Parcel, Receipt
from backend.dimse.errors import PeerRefused, PeerUnreachable
from backend.dimse.sending import Line, referenced, store
from backend.exports.objects import WRITERS
from workers.calling import MAX_TRIES, delay_s
from workers.runtime import JobContext, job

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
        receipts = _sent(parcel)
        problem = next((_said(one) for one in receipts if not deliveries.is_stored(one.status)), "")
    except PeerUnreachable as away:
        problem = away.detail
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


def _sent(parcel: Parcel) -> list[Receipt]:
    line = Line(parcel.calling, parcel.peer, parcel.host, parcel.port)
    commitment = None
    if parcel.commitment_uid is not None:
        commitment = Dataset()
        commitment.TransactionUID = parcel.commitment_uid
        commitment.ReferencedSOPSequence = referenced(
            [(one["sop_class_uid"], one["sop_instance_uid"]) for one in parcel.instances]
        )
    return store(line, [WRITERS[modality](parcel.outgoing) for modality in parcel.missing], commitment)


def _said(receipt: Receipt) -> str:
    return f"the peer answered {receipt.status:04X} {receipt.comment}".strip()
