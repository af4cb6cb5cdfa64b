"""A Rinkaku of the bench's own: its data folder, its processes, and a token to talk to it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from scripts.bench_figures import stopwatch

POLL_S = 0.02
PATIENCE_S = 300.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_answer(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    """Until a GET is answered with 200; TimeoutError when it is not, or the process has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(POLL_S)
        finally:
            connection.close()
    raise TimeoutError(f"no answer from {path}; exit code {process.poll()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    process.terminate()
    process.wait(60)


def seconds_until_answer(command: list[str], port: int, path: str) -> float:
    """From the start of a server until it answers; then it is stopped."""
    with stopwatch() as elapsed:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_answer(port, path, process)
            return elapsed()
        finally:
            stop(process)


class Installation:
    """Migrated, with the shipped network; `api` and `workers` run while wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.token = ""

    def __enter__(self) -> Self:
        os.environ |= {"RINKAKU_PORT": str(self.port), "RINKAKU_DATA": str(self.folder / "data")}
        subprocess.run([*self.command("migrate")], check=True, stdout=subprocess.DEVNULL)
        made = subprocess.run([*self.command("token", "create")], check=True, capture_output=True, text=True)
        self.token = made.stdout.strip()
        self.start("api", self.command("serve"))
        wait_for_answer(self.port, "/health", self._running["api"])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def command(self, *words: str) -> list[str]:
        """A command line of `rinkaku`."""
        return [sys.executable, "-m", "backend.cli", *words]

    def start(self, name: str, command: list[str]) -> int:
        """Start a process that ends with the bench; its id."""
        if name not in self._running:
            log = (self.folder / f"{name}.log").open("ab")
            with log:
                self._running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        return self._running[name].pid

    def start_workers(self) -> int:
        """The workers of the laptop form; the id of their first process."""
        return self.start("workers", [sys.executable, "-m", "workers", "--tied"])

    def stop_all(self) -> None:
        """End the processes that run."""
        while self._running:
            stop(self._running.popitem()[1])


def descendants(pid: int) -> list[int]:
    """Processes below a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _read(entry / "stat").rpartition(")")[2].split()):
            parents[int(entry.name)] = int(fields[1])
    found, layer = [], [pid]
    while layer:
        layer = [child for child, parent in parents.items() if parent in layer]
        found += layer
    return found


def resources(pid: int) -> tuple[float, float] | None:
    """A process's peak resident memory (GiB) and processor time (s); None when it is gone."""
    marks = [line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("VmHWM")]
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    if not marks or not fields:
        return None
    return int(marks[0].split()[1]) / 1024**2, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
