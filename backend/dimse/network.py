"""pynetdicom as it is used here: limits for hostile peers, and what is offered to whom.

pynetdicom reads a PDU of any announced length into memory and waits for its bytes for ever, so every
connection gets a smaller ear: `bound`.  Its own log quotes identifiers of patients and is silenced.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pynetdicom import AE, _config
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

from backend.config import get_settings
from backend.version import VERSION
from rt.dicom.kinds import (
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    MODALITIES,
    TRANSFER_SYNTAXES,
)
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID

_config.STORE_RECV_CHUNKED_DATASET = True
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)

VERIFICATION = "1.2.840.10008.1.1"
FINDING = {
    "1.2.840.10008.5.1.4.1.2.1.1": "patient",
    "1.2.840.10008.5.1.4.1.2.2.1": "study",
}
"""SOP classes of C-FIND, with the root of their information model (PS3.4 C.6)."""
RETRIEVING = {
    "1.2.840.10008.5.1.4.1.2.1.2": "patient",
    "1.2.840.10008.5.1.4.1.2.2.2": "study",
    "1.2.840.10008.5.1.4.1.2.1.3": "patient",
    "1.2.840.10008.5.1.4.1.2.2.3": "study",
}
"""SOP classes of C-MOVE and C-GET."""
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
"""Storage Commitment Push Model: its SOP class and well-known instance."""
NATIVE = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN]
"""Transfer syntaxes of everything but objects that come in, in the order of preference."""
MAX_ASSOCIATIONS = 16
MAX_CONNECTIONS = 2 * MAX_ASSOCIATIONS
"""Also those that have not said yet what they want."""
MAX_PDU_BYTES = 1 << 16
"""Largest PDU that peers are told they may send (PS3.8 D.1)."""
MAX_READ_BYTES = 1 << 20
"""Largest PDU that is read; an association request has no limit of its own."""
MAX_MESSAGE_BYTES = 16 << 20
"""Largest message that is no object to store: identifiers and lists of references are kept in memory."""
ACSE_S, DIMSE_S, IDLE_S = 15.0, 60.0, 60.0
"""How long to wait for an association's words, for a message's answer, and for any word at all."""
STALL_S = 15.0
"""How long to wait for the rest of a PDU that has begun."""


def entity(title: str) -> AE:
    """An application entity with our limits."""
    made = AE(ae_title=title)
    made.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    made.implementation_version_name = f"RINKAKU_{VERSION}"[:16]
    made.maximum_associations = MAX_ASSOCIATIONS
    made.maximum_pdu_size = MAX_PDU_BYTES
    made.acse_timeout, made.dimse_timeout, made.network_timeout = ACSE_S, DIMSE_S, IDLE_S
    made.connection_timeout = ACSE_S
    return made


def contexts(
    *, allow_query: bool, first: Mapping[str, Sequence[str]] | None = None
) -> list[PresentationContext]:
    """What a caller may ask for: verification and storage, and queries where they are allowed.

    Objects may be sent to us in every transfer syntax that the door reads, and by us to who asks by C-GET.
    Where a caller proposes several syntaxes at once, those of `first` are taken before others.
    """
    return list(_offered(first or {}, allow_query=allow_query).supported_contexts)


def _offered(first: Mapping[str, Sequence[str]], *, allow_query: bool) -> AE:
    offered = entity("RINKAKU")
    offered.add_supported_context(VERIFICATION, NATIVE)
    offered.add_supported_context(COMMITMENT, NATIVE, scu_role=True, scp_role=True)
    read = [*NATIVE, *sorted(TRANSFER_SYNTAXES - set(NATIVE))]
    for sop_class in MODALITIES:
        roles: dict[str, Any] = {"scu_role": True, "scp_role": True} if allow_query else {}
        syntaxes = list(dict.fromkeys([*first.get(sop_class, ()), *read]))
        offered.add_supported_context(sop_class, syntaxes, **roles)
    for sop_class in (*FINDING, *RETRIEVING) if allow_query else ():
        offered.add_supported_context(sop_class, NATIVE)
    return offered


def bound(association: Association) -> None:
    """Let the association read no more than it must: see `_read`."""
    heard = association.dul.socket
    if heard is not None and heard.socket is not None:
        heard.socket.settimeout(STALL_S)
        heard.recv = partial(_read, heard, heard.recv, Meter())  # type: ignore[method-assign]


class Meter:
    """Bytes read since the last complete message."""

    def __init__(self) -> None:
        self.read = 0


def _read(heard: AssociationSocket, whole: Any, meter: Meter, count: int) -> bytearray:
    """Bytes of the connection; OSError, which ends it, for a PDU or a message beyond the limits."""
    message = heard.assoc.dimse.message
    if message is None:
        meter.read = 0
    meter.read += count
    in_file = message is not None and message._data_set_file is not None
    limit = get_settings().upload_bytes if in_file else MAX_MESSAGE_BYTES
    if count > MAX_READ_BYTES or meter.read > limit:
        heard.close()
        raise OSError("a PDU or a data set is larger than is taken")
    read: bytearray = whole(count)
    return read
