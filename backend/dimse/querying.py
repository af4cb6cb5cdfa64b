"""The answers to C-FIND, C-GET and C-MOVE, in the order in which pynetdicom wants them.

Only an admission that allows queries has presentation contexts for them; it is looked at again here, because
nothing else would stop an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from backend.config import get_settings
from backend.dicomweb.errors import BadQuery
from backend.dicomweb.service import ProjectScope, Stored
from backend.dimse.errors import PeerUnreachable, TlsUnusable
from backend.dimse.finding import matches
from backend.dimse.network import FINDING, RETRIEVING, VERIFICATION, entity
from backend.dimse.retrieving import data_sets, instances
from backend.dimse.sending import address_of
from backend.dimse.service import Admission, peer_of, record_retrieval
from backend.dimse.syntaxes import Taken, kind_of, offers, taken_by
from backend.dimse.tls import calling_context
from backend.dimse.visit import DOES_NOT_MATCH, NOT_AUTHORISED, OUT_OF_RESOURCES, status

PENDING, CANCELLED = 0xFF00, 0xFE00
NOWHERE = (None, None)
"""Destination of a C-MOVE that nobody knows; the answer is 0xA801."""
Answer = tuple[Dataset | int, Dataset | None]
log = structlog.get_logger()


def find(admission: Admission | None, event: Event) -> Iterator[Answer]:
    """C-FIND: the matches, then pynetdicom's success."""
    if admission is None or not admission.allow_query:
        yield status(NOT_AUTHORISED, "this caller may not query"), None
        return
    scope, root = ProjectScope(admission.project_id), FINDING[str(event.request.AffectedSOPClassUID)]
    try:
        for match in matches(scope, event.identifier, root):
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield PENDING, match
    except BadQuery as refused:
        yield status(DOES_NOT_MATCH, refused.detail), None
    except Exception as error:  # the edge of the process
        log.exception("dimse.find.failed", exc_info=error)
        yield status(OUT_OF_RESOURCES, "the query failed"), None


def get(admission: Admission | None, event: Event) -> Iterator[Any]:
    """C-GET: how many instances, then each of them, to the caller."""
    found = _named(admission, event)
    if isinstance(found, Dataset) or admission is None:
        yield 1
        yield found, None
        return
    yield len(found)
    _record(admission, admission.caller, found)
    yield from _sent(found, event, taken_by(event.assoc))


def move(admission: Admission | None, event: Event) -> Iterator[Any]:
    """C-MOVE: where to, how many, then each of the instances; only to peers of the project."""
    destination = str(event.move_destination or "").strip()
    peer = peer_of(admission, destination) if admission is not None and admission.allow_query else None
    found = _named(admission, event)
    try:
        address = address_of(peer.host) if peer is not None else None
    except PeerUnreachable:
        address = None
    if admission is None or peer is None or address is None:
        yield NOWHERE
        return
    if isinstance(found, Dataset):
        yield address, peer.port, {"contexts": [build_context(VERIFICATION)]}
        yield 1
        yield found, None
        return
    event.assoc._ae = entity(admission.title)  # so that the peer is called by the title it knows us by
    try:
        tls = calling_context(get_settings()) if peer.tls else None
    except TlsUnusable as unusable:
        log.exception("dimse.tls.unusable", exc_info=unusable)
        yield NOWHERE
        return
    taken: dict[str, list[str]] = {}
    accepted = (evt.EVT_ACCEPTED, lambda answer: taken.update(taken_by(answer.assoc)))
    offered = offers(kind_of(stored.instance) for stored in found)
    called = {
        "contexts": offered,
        "evt_handlers": [accepted],
        "tls_args": None if tls is None else (tls, peer.host),
    }
    yield address, peer.port, called
    yield len(found)
    _record(admission, destination, found)
    yield from _sent(found, event, taken)


def _named(admission: Admission | None, event: Event) -> list[Stored] | Dataset:
    """The instances that a request names, or the status of its refusal."""
    if admission is None or not admission.allow_query:
        return status(NOT_AUTHORISED, "this caller may not retrieve")
    root = RETRIEVING[str(event.request.AffectedSOPClassUID)]
    try:
        return instances(ProjectScope(admission.project_id), event.identifier, root)
    except BadQuery as refused:
        return status(DOES_NOT_MATCH, refused.detail)
    except Exception as error:  # the edge of the process
        log.exception("dimse.retrieve.failed", exc_info=error)
        return status(OUT_OF_RESOURCES, "the retrieval failed")


def _record(admission: Admission, receiver: str, found: Sequence[Stored]) -> None:
    record_retrieval(admission, receiver, {stored.series.study_row_id for stored in found}, len(found))


def _sent(found: Sequence[Stored], event: Event, taken: Taken) -> Iterator[Answer]:
    for dataset in data_sets(found, taken):
        if event.is_cancelled:
            yield CANCELLED, None
            return
        yield PENDING, dataset
