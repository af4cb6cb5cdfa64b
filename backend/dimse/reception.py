"""Who comes in, and which of our functions answers what: the handlers that pynetdicom calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import IO, Any, cast

import structlog
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE

from backend.dimse import commitment, service
from backend.dimse.errors import NotAdmitted
from backend.dimse.network import contexts
from backend.dimse.querying import Answer, find, get, move
from backend.dimse.service import Call
from backend.dimse.syntaxes import agreed_first, wishes
from backend.dimse.visit import SUCCESS, Visit
from backend.kit.db import session_scope

REJECTED_FOR_EVER, REJECTED_FOR_NOW = 1, 2
BY_USER, BY_PRESENTATION, CONGESTION = 1, 3, 1
"""Result, source and reason of a rejected association (PS3.8 table 9-21)."""
log = structlog.get_logger()


class Reception:
    """The visits that are under way."""

    def __init__(self) -> None:
        self._visits: dict[Association, Visit] = {}
        self._left = threading.Condition()

    def handlers(self) -> list[Any]:
        """What to call when."""
        return [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_DIMSE_RECV, self._received),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_GET, self._get),
            (evt.EVT_C_MOVE, self._move),
            (evt.EVT_N_ACTION, self._asked_to_commit),
            (evt.EVT_N_EVENT_REPORT, self._told_of_commitment),
        ]

    def welcome(self, association: Association) -> None:
        """A connection is there; it has not said yet what it wants."""
        with self._left:
            self._visits[association] = Visit()

    def farewell(self, association: Association) -> None:
        """The association has ended, however it ended."""
        visit = self._visits[association]
        _keep_file(visit, association.dimse.message)
        visit.end()
        with self._left:
            del self._visits[association]
            self._left.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Whether every visit has ended, and what it brought is settled, within this time."""
        with self._left:
            return self._left.wait_for(lambda: not self._visits, max(0.0, timeout_s))

    def _requested(self, event: Event) -> None:
        """Let the caller in, with what it may ask for, or reject it; an error here lets nobody in."""
        association = event.assoc
        asked = cast(A_ASSOCIATE, association.requestor.primitive)
        call = Call(asked.called_ae_title, asked.calling_ae_title, association.requestor.address)
        try:
            with session_scope(read_only=True) as session:
                admission = service.admit(session, call)
        except NotAdmitted as refused:
            log.info("dimse.rejected", diagnostic=refused.diagnostic, address=call.address)
            _reject(association, REJECTED_FOR_EVER, BY_USER, refused.diagnostic)
            return
        except Exception as error:  # the edge of the process
            log.exception("dimse.admission.failed", exc_info=error)
            _reject(association, REJECTED_FOR_NOW, BY_PRESENTATION, CONGESTION)
            return
        wished = wishes(association) if admission.allow_query else {}
        first = {sop_class: agreed_first(sop_class, syntaxes) for sop_class, syntaxes in wished.items()}
        association.acceptor.supported_contexts = contexts(allow_query=admission.allow_query, first=first)
        self._visits[association].admission = admission
        log.info("dimse.admitted", project_id=admission.project_id, address=call.address)

    def _received(self, event: Event) -> None:
        """A message is complete; its file is removed when it was answered, or else when the visit ends."""
        _keep_file(self._visits[event.assoc], event.message)

    def _echo(self, _: Event) -> int:
        return SUCCESS

    def _store(self, event: Event) -> Dataset:
        return self._visits[event.assoc].store(event)

    def _find(self, event: Event) -> Iterator[Answer]:
        return find(self._visits[event.assoc].admission, event)

    def _get(self, event: Event) -> Iterator[Any]:
        return get(self._visits[event.assoc].admission, event)

    def _move(self, event: Event) -> Iterator[Any]:
        return move(self._visits[event.assoc].admission, event)

    def _asked_to_commit(self, event: Event) -> Answer:
        return commitment.asked(self._visits[event.assoc].admission, event)

    def _told_of_commitment(self, event: Event) -> Answer:
        return commitment.told(self._visits[event.assoc].admission, event)


def _keep_file(visit: Visit, message: DIMSEMessage | None) -> None:
    file = None if message is None else message._data_set_file
    if file is not None:
        visit.files[:] = [one for one in visit.files if not one.closed]
        visit.files.append(cast("IO[bytes]", file))


def _reject(association: Association, result: int, source: int, reason: int) -> None:
    association.acse.send_reject(result, source, reason)
    association.kill()
