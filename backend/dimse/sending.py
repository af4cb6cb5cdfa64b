"""Our own calls to peers: C-STORE with storage commitment asked for, and the report of a commitment."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import build_role
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from backend.dimse.deliveries import Receipt, is_stored
from backend.dimse.errors import NothingAccepted, PeerUnreachable
from backend.dimse.network import COMMITMENT, COMMITMENT_INSTANCE, NATIVE, bound, entity
from backend.kit.clock import now
from rt.dicom.parse import read_stored

NOT_NEGOTIATED = 0x0122
"""The status of an object whose SOP class the peer did not accept; it was not sent."""
ASK_TO_COMMIT = 1
"""Action Type ID (PS3.4 J.3.2)."""


@dataclass(frozen=True)
class Line:
    """From whom to whom."""

    calling: str
    peer: str
    host: str
    port: int


def address_of(host: str) -> str:
    """The first address of a host, which pynetdicom does not look up; PeerUnreachable when it has none."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise PeerUnreachable(f"{host} has no address") from error


@contextmanager
def _association(
    line: Line, contexts: list[PresentationContext], roles: Sequence[Any] = ()
) -> Iterator[Association]:
    """An association, released at the end; PeerUnreachable when there is none."""
    association = entity(line.calling).associate(
        address_of(line.host), line.port, contexts=contexts, ae_title=line.peer, ext_neg=list(roles)
    )
    if association.rejected_contexts and not association.accepted_contexts:
        raise NothingAccepted(f"{line.peer} takes nothing of this kind")
    if not association.is_established:
        word = "refuses the association" if association.is_rejected else "does not answer"
        raise PeerUnreachable(f"{line.peer} {word}")
    bound(association)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def store(line: Line, objects: Sequence[bytes], commitment: Dataset | None) -> list[Receipt]:
    """Send objects, and ask for commitment when all were taken; what the peer said of each, in order.

    PeerUnreachable when the peer breaks off; objects it has answered for by then are sent again later, which
    changes nothing at a peer that keeps to the standard.
    """
    data_sets = [read_stored(data) for data in objects]
    contexts = [build_context(uid, NATIVE) for uid in sorted({str(one.SOPClassUID) for one in data_sets})]
    if commitment is not None:
        contexts.append(build_context(COMMITMENT, NATIVE))
    try:
        return _stored(line, contexts, data_sets, commitment)
    except NothingAccepted:
        return [_not_negotiated(one) for one in data_sets]


def _stored(
    line: Line, contexts: list[PresentationContext], data_sets: Sequence[Dataset], commitment: Dataset | None
) -> list[Receipt]:
    with _association(line, contexts) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
        receipts = [_store(association, one, one.SOPClassUID in accepted) for one in data_sets]
        taken = all(is_stored(one.status) for one in receipts)
        if commitment is not None and taken and COMMITMENT in accepted and association.is_established:
            association.send_n_action(commitment, ASK_TO_COMMIT, COMMITMENT, COMMITMENT_INSTANCE)
    return receipts


def _store(association: Association, dataset: Dataset, accepted: bool) -> Receipt:
    if not accepted:
        return _not_negotiated(dataset)
    if not association.is_established:
        raise PeerUnreachable("the peer broke off")
    answer = association.send_c_store(dataset)
    if "Status" not in answer:
        raise PeerUnreachable("the peer broke off, or did not answer")
    return Receipt(
        str(dataset.SOPInstanceUID), int(answer.Status), str(answer.get("ErrorComment") or "")[:64], now()
    )


def _not_negotiated(dataset: Dataset) -> Receipt:
    return Receipt(
        str(dataset.SOPInstanceUID), NOT_NEGOTIATED, "the peer does not take this SOP class", now()
    )


def referenced(instances: Sequence[tuple[str, str]], reason: int | None = None) -> DicomSequence:
    """SOP class and instance UIDs as a sequence of references, with a Failure Reason where there is one."""
    items = []
    for sop_class_uid, sop_instance_uid in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
        if reason is not None:
            item.FailureReason = reason
        items.append(item)
    return DicomSequence(items)


def report(line: Line, event_type: int, information: Dataset) -> None:
    """Tell a peer what we commit ourselves to keep; PeerUnreachable until it has heard it."""
    roles = [build_role(COMMITMENT, scp_role=True)]
    with _association(line, [build_context(COMMITMENT, NATIVE)], roles) as association:
        answer, _ = association.send_n_event_report(information, event_type, COMMITMENT, COMMITMENT_INSTANCE)
        if answer.get("Status") != 0:
            raise PeerUnreachable("the peer did not take the report")
