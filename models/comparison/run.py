"""Runs the entries of a comparison one after the other and keeps what each came to.

An entry that is done is not done again, one that was killed goes on, one that fails is put down with its
reason and the others still run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.comparison.config import Comparison, ComparisonError, Entry
from models.comparison.measuring import write_course
from models.comparison.methods import OUTCOME, Course, claim, method_of
from models.comparison.results import markdown, tabulate
from models.training.loop import Hooks, Progress
from rt.errors import RtError

RESULTS, TABLE = "results.json", "table.md"
TRAINING_SHARE = 0.7
"""Of an entry's progress; the rest is predicting."""


class Stopped(Exception):
    """Someone asked to stop; what is done is kept."""


@dataclass(frozen=True)
class Step:
    """What an entry is at."""

    doing: Literal["training", "iteration", "measuring", "failed"]
    n: int = 0
    """Iterations, or patients that are measured."""
    total: int = 0
    """Patients to measure."""
    loss: float = 0.0
    problem: str = ""

    def __str__(self) -> str:
        match self.doing:
            case "iteration":
                return f"iteration {self.n}, loss {self.loss:.3f}"
            case "measuring":
                return f"{self.n} of {self.total} patients"
            case "failed":
                return f"failed: {self.problem}"
        return self.doing


@dataclass(frozen=True)
class Watcher:
    """Whom a comparison tells how far it is."""

    tell: Callable[[str, float, Step], None] = lambda entry, fraction, step: None
    """Entry, share of the whole comparison that is done, and what happens."""
    stop: Callable[[], bool] = lambda: False
    results: Callable[[dict[str, Any]], None] = lambda results: None
    """The table so far, after every entry."""


def run_comparison(comparison: Comparison, out: Path, watcher: Watcher = Watcher()) -> dict[str, Any]:
    """The table of all entries; also `results.json` and `table.md` in `out`.  Raises Stopped."""
    out.mkdir(parents=True, exist_ok=True)
    folders = [entry_folder(out, entry) for entry in comparison.entries]
    if len(set(folders)) < len(folders):
        raise ComparisonError("two entries have names that differ in signs only")
    outcomes: list[dict[str, Any]] = []
    results = tabulate(comparison, outcomes)
    for number, (entry, folder) in enumerate(zip(comparison.entries, folders, strict=True)):
        course = Course(comparison, entry, folder, out / "cache")
        part = _Part(watcher, entry.name, number, len(folders))
        outcomes.append(_outcome(course, part))
        results = tabulate(comparison, outcomes)
        (out / RESULTS).write_text(json.dumps(results, indent=1) + "\n")
        (out / TABLE).write_text(markdown(results))
        watcher.results(results)
    return results


def entry_folder(out: Path, entry: Entry) -> Path:
    """Where an entry keeps its checkpoint and outcome."""
    return out / (re.sub(r"[^a-z0-9]+", "-", entry.name.lower()).strip("-") or "entry")


@dataclass
class _Part:
    """The share of one entry in the whole."""

    watcher: Watcher
    name: str
    number: int
    total: int

    def tell(self, fraction: float, step: Step) -> None:
        self.watcher.tell(self.name, (self.number + fraction) / self.total, step)

    def check(self) -> None:
        if self.watcher.stop():
            raise Stopped


def _outcome(course: Course, part: _Part) -> dict[str, Any]:
    """What came of one entry; a failure is an outcome too, and is tried again the next time."""
    try:
        claim(course)
        stored = course.folder / OUTCOME
        if stored.exists():
            found: dict[str, Any] = json.loads(stored.read_text())
            return found
        found = {"problem": None, **_learn(course, part), **_measure(course, part)}
        stored.write_text(json.dumps(found, indent=1) + "\n")
        return found
    except RtError as error:
        part.tell(0.0, Step("failed", problem=str(error)))
        return {"problem": {"slug": error.slug, "detail": str(error)}}
    except (RuntimeError, OSError, ValueError, TypeError, KeyError) as error:
        part.tell(0.0, Step("failed", problem=str(error)))
        return {"problem": {"slug": "failed", "detail": f"{type(error).__name__}: {error}"[:500]}}


def _learn(course: Course, part: _Part) -> dict[str, Any]:
    def report(progress: Progress) -> None:
        step = Step("iteration", progress.iteration, loss=progress.loss)
        part.tell(TRAINING_SHARE * progress.fraction, step)

    part.tell(0.0, Step("training"))
    learnt = method_of(course.entry).learn(course, Hooks(report, part.watcher.stop))
    part.check()
    return {"training": learnt}


class PredictingFailed(RtError):
    """The process that predicts ended badly."""

    slug = "predicting-failed"


def _measure(course: Course, part: _Part) -> dict[str, Any]:
    path, total = course.folder / "course.json", len(course.comparison.measured)
    write_course(course, path)
    rows = []
    with (course.folder / "predicting.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "models.comparison.measuring", str(path)],
            stdout=subprocess.PIPE, stderr=log, text=True, env=_environment(),
        )  # fmt: skip
        with process:
            try:
                for line in process.stdout or ():
                    rows.append(json.loads(line))
                    done = TRAINING_SHARE + (1 - TRAINING_SHARE) * len(rows) / total
                    part.tell(done, Step("measuring", len(rows), total))
                    part.check()
            finally:
                if process.poll() is None and len(rows) < total:
                    process.kill()
        if process.returncode != 0 or len(rows) < total:
            log.seek(0)
            last = (log.read().strip().splitlines() or [f"exit status {process.returncode}"])[-1]
            raise PredictingFailed(last[:500], where=course.entry.name)
    return {"predicting": rows}


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": root if not known else f"{root}{os.pathsep}{known}"}
