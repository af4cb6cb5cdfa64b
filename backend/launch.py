"""`rinkaku run`: the API and the workers as child processes of one terminal, stopped together.

The parent only watches: it forwards Ctrl-C and SIGTERM, and when one child dies it stops the other.
"""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from backend import bootstrap
from backend.bootstrap import Say
from backend.config import Settings, get_settings
from backend.kit.errors import AppError, Conflict

POLL_S = 0.1
STOP_S = 15.0
"""How long a child may take to stop before it is killed."""


@dataclass(frozen=True)
class Child:
    """A process of ours and where it writes its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run(say: Say) -> int:
    """Prepare, start, print the address, and stay until told to stop; the exit status.

    The workers begin when the page is there: they load for longer, and nobody waits for them first.
    """
    settings = get_settings()
    _refuse_taken_port(settings)
    stopping = _stop_on_signal()
    bootstrap.prepare(say)
    children = [_start("api", "backend.cli", "serve")]
    try:
        if _wait_until_up(settings, children, stopping):
            children.append(_start("workers", "workers", "--tied"))
            say(f"Rinkaku is at {settings.public_url or _address(settings)}")
            say(f"Logs are in {children[0].log.parent}; Ctrl-C stops it.")
            _demonstrate(say)
        while not stopping.wait(POLL_S) and not _dead(children):
            pass
        return _report(_dead(children), say)
    finally:
        _stop(children)


def _demonstrate(say: Say) -> None:
    """The patient to look at; without it the platform still runs."""
    try:
        bootstrap.demonstration_patient(say)
    except AppError as refused:
        say(f"No demonstration patient: {refused.detail}")


def _address(settings: Settings) -> str:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::") else settings.host
    return f"http://{host}:{settings.port}"


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as taken:
            raise Conflict(f"port {settings.port} is in use; set RINKAKU_PORT to another") from taken


def _stop_on_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _start(name: str, module: str, *arguments: str) -> Child:
    """A child in a session of its own, so that Ctrl-C reaches it through us, once."""
    log = get_settings().data / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True,
        )  # fmt: skip
    return Child(name, process, log)


def _wait_until_up(settings: Settings, children: list[Child], stopping: threading.Event) -> bool:
    while not stopping.wait(POLL_S) and not _dead(children):
        if _answers(settings):
            return True
    return False


def _answers(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _dead(children: list[Child]) -> list[Child]:
    return [child for child in children if child.process.poll() is not None]


def _report(dead: list[Child], say: Say) -> int:
    for child in dead:
        say(f"The {child.name} process ended by itself ({child.process.returncode}); see {child.log}")
    return 1 if dead else 0


def _stop(children: list[Child]) -> None:
    for child in children:
        child.process.terminate()
    for child in children:
        try:
            child.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
