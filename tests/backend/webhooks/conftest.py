"""A receiver that listens on this machine, and a project's administrator."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase

import pytest

from tests.conftest import forget_caches


@dataclass
class Receiver:
    """Keeps what it is sent; `answers` are its next statuses, 204 when there are none."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    endless: bool = False
    """Whether the body of an answer never ends."""


def hung_up(line: BufferedIOBase) -> bool:
    """Whether the other side has gone, found out by a byte to it."""
    try:
        line.write(b" ")
    except OSError:
        return True
    return False


@pytest.fixture
def receiver(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """It listens on the loopback, which has to be allowed."""
    monkeypatch.setenv("RINKAKU_WEBHOOK_LOOPBACK", "1")
    forget_caches()
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            status = made.answers.pop(0) if made.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", made.url + "elsewhere")
            self.send_header("Content-Length", "1000000" if made.endless else "0")
            self.end_headers()
            while made.endless and not hung_up(self.wfile):
                time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
