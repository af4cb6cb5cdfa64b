"""A training over all GPUs of a machine, started from one process that reports and may be killed.

The others are programs of their own, as a job's process may have no children of multiprocessing's kind.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import torch
import torch.distributed as dist

from models.training.lessons import Lessons
from models.training.loop import Hooks, TrainingConfig, train
from models.training.parallel import PATIENCE, Team

Weights = dict[str, torch.Tensor]
KEY = "RINKAKU_TEAM_KEY"
"""Variable that holds the key of the line to the first process."""


@dataclass(frozen=True)
class _Share:
    """What another process needs to train along."""

    config: TrainingConfig
    lessons: Lessons
    checkpoint: Path
    start: Weights | None
    meeting: str


def train_together(
    config: TrainingConfig,
    lessons: Lessons,
    checkpoint: Path,
    hooks: Hooks,
    start: Weights | None = None,
) -> Weights:
    """As `models.training.loop.train`, over one process a GPU, or as many as `hooks.team` has.

    The caller's own is the first; each has the config's batch.  The others end when the first one does.
    """
    count = max(hooks.team.size, torch.cuda.device_count())
    if count == 1:
        return train(config, lessons, checkpoint, hooks, start)
    meeting = checkpoint.with_suffix(".meeting")
    meeting.unlink(missing_ok=True)
    share = _Share(config, lessons, checkpoint, start, meeting.resolve().as_uri())
    key = secrets.token_bytes(16)
    with Listener(authkey=key) as listener, ExitStack() as others:
        for rank in range(1, count):
            child = subprocess.Popen(
                [sys.executable, "-m", __name__, str(listener.address), str(rank), str(count)],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), KEY: key.hex()},
            )
            others.callback(_end, child)
            others.enter_context(listener.accept()).send(share)
        return _train(0, count, share, hooks)


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        child.wait(10)
    child.kill()
    child.wait()


def _along(address: str, rank: int, count: int) -> None:
    """What another process does: it gets its share from the first one, and ends when that one is gone."""
    torch.set_num_threads(1)
    with Client(address, authkey=bytes.fromhex(os.environ[KEY])) as line:
        share = line.recv()
        threading.Thread(target=_end_with, args=(line,), daemon=True).start()
        _train(rank, count, share, Hooks(lambda progress: None))
        os._exit(0)  # not through the thread that waits at the line


def _end_with(line: Connection) -> None:
    with suppress(EOFError, OSError):
        line.recv()
    time.sleep(10)
    os._exit(1)


def _train(rank: int, count: int, share: _Share, hooks: Hooks) -> Weights:
    kind = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(kind, init_method=share.meeting, rank=rank, world_size=count, timeout=PATIENCE)
    try:
        hooks = replace(hooks, team=Team(rank, count))
        return train(share.config, share.lessons, share.checkpoint, hooks, share.start)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    _along(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
