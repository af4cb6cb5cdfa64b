"""`rinkaku dicom`: the process that listens for DICOM associations.

Each association has a thread of its own.  Told to stop, the process takes no new ones and gives those under
way a few seconds to end.
"""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
import time
from contextlib import suppress
from socketserver import BaseServer
from ssl import SSLContext
from types import FrameType
from typing import Any

import structlog
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from backend.config import Settings
from backend.dimse.network import ACSE_S, MAX_CONNECTIONS, bound, contexts, entity
from backend.dimse.reception import Reception
from backend.dimse.tls import listening_context
from backend.kit.errors import Conflict

NAME = "RINKAKU"
"""Of the process itself; peers call the titles of projects."""
ADMISSION_S = 20.0
"""How long a connection may take to become an association."""
GRACE_S = 5.0
"""How long associations under way may take to end when the process is told to stop."""
log = structlog.get_logger()


class _Connection(RequestHandler):
    """A connection, in a thread of its own from its beginning to its end."""

    server: DicomServer

    def handle(self) -> None:
        if not self._secured():
            return
        association = self._create_association()
        bound(association)
        self.server.reception.welcome(association)
        association.start()
        association.join(ADMISSION_S)
        if association.is_alive() and not association.is_established:
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)  # its bytes trickle, or they are none of DICOM's
        association.join()
        self.request.close()  # pynetdicom leaves it open where the peer was faster
        self.server.reception.farewell(association)

    def _secured(self) -> bool:
        """Whether the caller is who it has to be, where the port asks for TLS: `request` speaks it then."""
        if self.server.tls is None:
            return True
        self.request.settimeout(ACSE_S)  # of the whole handshake
        try:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        except OSError as error:
            log.info(
                "dimse.tls.refused", address=self.client_address[0], reason=getattr(error, "reason", None)
            )
            return False
        return True


class DicomServer(ThreadedAssociationServer):
    """Takes connections until it is stopped."""

    daemon_threads = True

    def __init__(self, host: str, port: int, tls: SSLContext | None = None) -> None:
        """Bound to its port, but not yet serving; Conflict when the port cannot be had.

        The handshake is the connection's own affair: in pynetdicom's place all others would wait for it.
        """
        self.reception = Reception()
        self.tls = tls
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__(
                entity(NAME), (host, port), NAME, contexts(allow_query=True),
                evt_handlers=self.reception.handlers(), request_handler=_Connection,
            )  # fmt: skip
        except OSError as error:
            raise Conflict(f"{host}:{port} cannot be listened on; set {_setting(tls)} to another") from error

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection."""
        return self._places.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """A connection from its first byte to its last."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what a connection's thread ended with."""
        log.exception("dimse.connection.failed")

    def stop(self) -> None:
        """Let `serve_forever` return; not from the thread that serves."""
        BaseServer.shutdown(self)  # pynetdicom's own expects a server that its AE has started

    def close(self) -> None:
        """Take no more connections, and end those that do not end by themselves."""
        self.server_close()
        until = time.monotonic() + GRACE_S
        while not self.reception.wait_until_empty(until - time.monotonic()) and self.active_associations:
            for association in self.active_associations:
                association.abort()
            until = time.monotonic() + GRACE_S


def _setting(tls: SSLContext | None) -> str:
    return "RINKAKU_DICOM_PORT" if tls is None else "RINKAKU_DICOM_TLS_PORT"


def servers(settings: Settings) -> list[DicomServer]:
    """Those that the settings ask for: without TLS, by TLS, or one of each."""
    tls = listening_context(settings) if settings.dicom_tls_certificate is not None else None
    made = []
    if settings.dicom_plain:
        made.append(DicomServer(settings.dicom_host, settings.dicom_port))
    if tls is not None:
        made.append(DicomServer(settings.dicom_host, settings.dicom_tls_port, tls))
    return made


def run(settings: Settings) -> int:
    """Listen until told to stop; the exit status."""
    scratch = settings.data / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)  # where data sets are written while they arrive
    listening = servers(settings)

    def stop(_: int, __: FrameType | None) -> None:
        for server in listening:
            threading.Thread(target=server.stop).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    serving = [threading.Thread(target=one.serve_forever, args=(0.2,)) for one in listening]
    for server, thread in zip(listening, serving, strict=True):
        thread.start()
        log.info("dimse.started", port=server.server_address[1], tls=server.tls is not None)
    for thread in serving:
        thread.join()
    for server in listening:
        server.close()
    return 0
