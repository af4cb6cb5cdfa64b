"""`python -m workers` runs everything on one machine; `relay` and `worker --queue gpu` run one part each.

Job processes import this module again, so it imports little at its top.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

import structlog

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the part that the arguments name."""
    from backend.jobs.service import QUEUES
    from backend.training.commands import add_network_commands

    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--tied", action="store_true", help="stop when the starting process is gone")
    parts = parser.add_subparsers(dest="part")
    parts.add_parser("relay", help="announce due jobs, reap silent workers")
    worker = parts.add_parser("worker", help="do the jobs of some queues, one at a time")
    worker.add_argument("--queue", action="append", choices=QUEUES, required=True)
    add_network_commands(parts.add_parser("network", help="networks from and for elsewhere"))
    chosen = parser.parse_args(arguments)
    if chosen.tied:
        threading.Thread(target=_stop_with_parent, args=(os.getppid(),), daemon=True).start()
    from backend.kit import logging

    logging.configure()
    if chosen.part == "worker":
        from workers.worker import run_worker

        run_worker(chosen.queue)
    elif chosen.part == "relay":
        from workers.relay import Relay

        Relay().run(_stop_on_signal())
    elif chosen.part == "network":
        from workers.exchange import run_network

        return run_network(chosen)
    else:
        _run_all()
    return 0


def _stop_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop_on_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _run_all() -> None:
    """The relay here and a worker process for each queue; a worker that dies is started again."""
    from backend.jobs.service import QUEUES
    from workers.relay import Relay

    stopping = _stop_on_signal()
    relay = threading.Thread(target=Relay().run, args=(stopping,))
    relay.start()
    workers = {queue: _start_worker(queue) for queue in QUEUES}
    while not stopping.wait(1.0):
        for queue, process in workers.items():
            if process.poll() is not None:
                log.warning("workers.restarted", queue=queue, code=process.returncode)
                workers[queue] = _start_worker(queue)
    for process in workers.values():
        process.terminate()
    for process in workers.values():
        process.wait()
    relay.join()


def _start_worker(queue: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "workers", "--tied", "worker", "--queue", queue], start_new_session=True
    )


if __name__ == "__main__":
    sys.exit(main())
