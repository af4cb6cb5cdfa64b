"""Run a command with a PostgreSQL and a Redis of its own, which are stopped whatever happens.

    python scripts/with_services.py pytest tests

The command finds them in RINKAKU_TEST_POSTGRES_URL and RINKAKU_TEST_REDIS_URL.  Only the standard library is
used.  PostgreSQL refuses to run as root, so root starts it as the user `postgres`.
"""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

START_S = 60
"""How long a server may take to answer."""


def main(command: list[str]) -> int:
    """Exit status of the command."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as services:
        folder = Path(services.enter_context(tempfile.TemporaryDirectory(prefix="rinkaku-services-")))
        folder.chmod(0o755)
        environment = dict(os.environ)
        environment["RINKAKU_TEST_POSTGRES_URL"] = services.enter_context(postgres(folder / "postgres"))
        environment["RINKAKU_TEST_REDIS_URL"] = services.enter_context(redis(folder / "redis"))
        return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """URL of a fresh cluster; speed before durability, as it is thrown away."""
    programs = postgres_programs()
    folder.mkdir()
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        shutil.chown(folder, user, user)
    data, port = folder / "data", free_port()
    initdb = ["-D", str(data), "-U", "rinkaku", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(
        [programs / "initdb", *initdb],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        user=user,
        group=user,
    )
    options = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder),
        "max_connections": 400, "fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB",
    }  # fmt: skip
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    log = (folder.parent / "postgres.log").open("wb")
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, *settings],
        cwd=folder, stdout=log, stderr=log, user=user, group=user,
    )  # fmt: skip
    with stopping(process, log.name, signal.SIGINT):
        wait_for(lambda: answers(programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)), process)
        yield f"postgresql://rinkaku@127.0.0.1:{port}/postgres"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """URL of a fresh Redis that writes nothing to disk."""
    folder.mkdir()
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    log = (folder / "redis.log").open("wb")
    process = subprocess.Popen(["redis-server", *options], cwd=folder, stdout=log, stderr=log)
    with stopping(process, log.name, signal.SIGTERM):
        wait_for(lambda: listens(port), process)
        yield f"redis://127.0.0.1:{port}/0"


def postgres_programs() -> Path:
    """Folder of the newest installed server; Debian keeps it out of PATH."""
    installed = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if installed:
        return Path(max(installed, key=lambda path: int(Path(path).parts[-3]))).parent
    found = shutil.which("postgres")
    if found is None:
        sys.exit("PostgreSQL is not installed: scripts/system_packages.sh installs it")
    return Path(found).resolve().parent


@contextmanager
def stopping(process: subprocess.Popen[bytes], log: str, polite: signal.Signals) -> Iterator[None]:
    """Stop the server in the end; show its log when it died by itself."""
    try:
        yield
    finally:
        if process.poll() is not None:
            sys.stderr.write(Path(log).read_text(errors="replace")[-2000:])
        process.send_signal(polite)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit("a server that the tests need did not start")
        time.sleep(0.05)


def answers(*command: str | Path) -> bool:
    """Whether the command succeeds."""
    return subprocess.run(command, check=False).returncode == 0


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
