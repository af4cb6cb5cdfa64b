"""People with the client, against a server on a real port, and a line to it that breaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from rinkaku_client import Client, transport
from tests.backend.dose.conftest import dosed  # noqa: F401
from tests.backend.labels.conftest import Drawn, drawn, scene  # noqa: F401

Connect = Callable[..., Client]


@pytest.fixture
def connect(live_server, login) -> Iterator[Connect]:
    """`connect(role)`: a client of a new person with that role; `url` where the line is another one."""
    opened: list[Client] = []

    def client(role: str | None, url: str = live_server) -> Client:
        token = login(role)["Authorization"].removeprefix("Bearer ")
        opened.append(Client(url, token))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


@dataclass
class Line:
    """A line to the server that breaks; it ends whole connections, as a network does."""

    url: str
    """Where clients connect."""
    break_before: bytes = b""
    """Requests that hold this text never reach the server …"""
    break_after_bytes: int | None = None
    """… and answers end after so many bytes …"""
    times: int = 1
    """… so often."""
    broken: int = 0
    connections: list[socket.socket] = field(default_factory=list)

    def breaks_request(self, data: bytes) -> bool:
        """True if the line breaks here."""
        return self._count(bool(self.break_before) and self.break_before in data)

    def breaks_answer(self, received: int) -> bool:
        """True if the line breaks here."""
        return self._count(self.break_after_bytes is not None and received > self.break_after_bytes)

    def _count(self, breaks: bool) -> bool:
        if not breaks or self.broken >= self.times:
            return False
        self.broken += 1
        return True


@pytest.fixture
def line(live_server, monkeypatch) -> Iterator[Line]:
    """A line that breaks as its attributes say; clients wait for it only a moment."""
    monkeypatch.setattr(transport, "FIRST_WAIT_S", 0.01)
    address = (str(urlsplit(live_server).hostname), int(urlsplit(live_server).port or 0))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Line(f"http://127.0.0.1:{listening.getsockname()[1]}")
        threads = [threading.Thread(target=_accept, args=(listening, address, made))]
        threads[0].start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
        for connection in made.connections:
            _end(connection)
        threads[0].join()


def _accept(listening: socket.socket, address: tuple[str, int], line: Line) -> None:
    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        far = socket.create_connection(address)
        line.connections += [near, far]
        threading.Thread(target=_requests, args=(near, far, line)).start()
        threading.Thread(target=_answers, args=(near, far, line)).start()


def _requests(near: socket.socket, far: socket.socket, line: Line) -> None:
    with closing(near), closing(far):
        try:
            while (data := near.recv(1 << 16)) and not line.breaks_request(data):
                far.sendall(data)
        except OSError:
            pass
        _end(near)
        _end(far)


def _answers(near: socket.socket, far: socket.socket, line: Line) -> None:
    received = 0
    try:
        while data := far.recv(1024):
            received += len(data)
            if line.breaks_answer(received):
                break
            near.sendall(data)
    except OSError:
        pass
    _end(near)
    _end(far)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
