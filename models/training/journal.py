"""What a training on the command line leaves behind as it goes on: a line a stretch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from models.training.loop import Progress

LOG = "log.jsonl"


def journal(folder: Path) -> Callable[[Progress], None]:
    """A reporter that appends to `folder/log.jsonl` and says the same on standard error."""

    def report(progress: Progress) -> None:
        with (folder / LOG).open("a") as log:
            log.write(json.dumps(asdict(progress)) + "\n")
        sys.stderr.write(f"{progress}\n")

    return report
