"""Our own calls to peers: C-STORE with storage commitment asked for, and the report of a commitment."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import build_role
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from backend.config import get_settings
from backend.dimse.deliveries import Receipt, is_stored
from backend.dimse.errors import NothingAccepted, PeerUnreachable
from backend.dimse.network import COMMITMENT, COMMITMENT_INSTANCE, NATIVE, bound, entity
from backend.dimse.syntaxes import Taken, offers, taken_by
from backend.dimse.tls import calling_context
from backend.kit.clock import now
from rt.errors import DicomUnsupported

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
    tls: bool


@dataclass(frozen=True)
class Item:
    """An object to send, read when its turn comes."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    """In which it is stored, and goes where the peer takes that."""
    read: Callable[[Taken], Dataset]
    """The object as the peer takes it; DicomUnsupported where it cannot be had so."""


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
    tls = calling_context(get_settings()) if line.tls else None
    association = entity(line.calling).associate(
        address_of(line.host), line.port, contexts=contexts, ae_title=line.peer, ext_neg=list(roles),
        tls_args=None if tls is None else (tls, line.host),
    )  # fmt: skip
    if association.rejected_contexts and not association.accepted_contexts:
        raise NothingAccepted(f"{line.peer} takes nothing of this kind")
    if not association.is_established:
        word = "refuses the association" if association.is_rejected else "does not answer"
        if tls is not None and tls.problem and not association.is_rejected:
            word = f"cannot be called by TLS: {tls.problem}"
        raise PeerUnreachable(f"{line.peer} {word}")
    bound(association)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def store(
    line: Line, items: Sequence[Item], commitment: Dataset | None, receipts: list[Receipt]
) -> Iterator[float]:
    """Send objects, one at each step, and ask for commitment when all were taken; how much of it is done.

    What the peer says of each is in `receipts` at once: PeerUnreachable when it breaks off, and whatever
    reading an object raises, leave there what it has by then.
    """
    contexts = offers((item.sop_class_uid, item.transfer_syntax_uid) for item in items)
    if commitment is not None:
        contexts.append(build_context(COMMITMENT, NATIVE))
    try:
        with _association(line, contexts) as association:
            taken = taken_by(association)
            for number, item in enumerate(items, start=1):
                receipts.append(_store(association, item, taken))
                yield number / len(items)
            stored = all(is_stored(one.status) for one in receipts)
            if commitment is not None and stored and COMMITMENT in taken and association.is_established:
                association.send_n_action(commitment, ASK_TO_COMMIT, COMMITMENT, COMMITMENT_INSTANCE)
    except NothingAccepted:
        receipts.extend(_not_negotiated(item, "the peer does not take this SOP class") for item in items)


def _store(association: Association, item: Item, taken: Taken) -> Receipt:
    if item.sop_class_uid not in taken:
        return _not_negotiated(item, "the peer does not take this SOP class")
    try:
        dataset = item.read(taken)
    except DicomUnsupported:
        return _not_negotiated(item, "the peer takes this in no transfer syntax that we have")
    if not association.is_established:
        raise PeerUnreachable("the peer broke off")
    try:
        answer = association.send_c_store(dataset)
    except ValueError:  # an encoder did not take its pixels, and the peer does not take them as they are
        return _not_negotiated(item, "the peer takes this in no transfer syntax that we have")
    if "Status" not in answer:
        raise PeerUnreachable("the peer broke off, or did not answer")
    return Receipt(
        item.sop_instance_uid, int(answer.Status), str(answer.get("ErrorComment") or "")[:64], now()
    )


def _not_negotiated(item: Item, why: str) -> Receipt:
    return Receipt(item.sop_instance_uid, NOT_NEGOTIATED, why, now())


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
