"""Architectures side by side on a frozen dataset of a project; the engine is `models.comparison`.

A killed comparison goes on: entries that are done are not done again, the one that learnt goes on from its
newest checkpoint; both are in the job's workspace, and with the row in case another machine takes over.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.comparisons.tables import Comparison as Row
from backend.jobs import service as jobs
from backend.kit.storage import storage
from backend.training.tables import Snapshot
from models.comparison.config import Comparison, comparison, only
from models.comparison.methods import OUTCOME
from models.comparison.run import Step, Stopped, Watcher, entry_folder, run_comparison
from models.data import load_samples
from models.registry.members import CHECKPOINT
from rt.errors import RtError
from rt.manifest import Split
from workers.runtime import JobCancelled, JobContext, job
from workers.training.dataset import materialise
from workers.training.train import ALIVE_S, CHECKPOINT_EVERY_S

PREPARED = 0.1
"""Of the job's progress, when the first entry begins."""


class EveryEntryFailed(RtError):
    """A comparison of which nothing came."""

    slug = "every-entry-failed"


@job("compare", queue="training")
def compare_architectures(context: JobContext) -> dict[str, Any]:
    """Train and measure the entries one after the other; the table grows with each."""
    with context.session(read_only=True) as session:
        row = session.get_one(Row, context.parameters["comparison_id"])
        snapshot = session.get_one(Snapshot, row.snapshot_id)
    structures = tuple(row.config["structures"])
    measures: Split = row.config["evaluate"]
    dataset = materialise(context, snapshot, structures, splits=("train", measures))
    asked = comparison(
        only(dataset, structures), {name: row.config[name] for name in ("entries", "evaluate", "minutes")}
    )
    train, measured = len(asked.manifest.split("train")), len(asked.measured)
    context.log("comparing", entries=len(asked.entries), train=train, measured=measured)
    voice = _Voice(context, row.id, asked, context.workspace / "comparison")
    _restore(voice, row)
    _prepare(context, asked, voice.out / "cache")
    try:
        results = run_comparison(asked, voice.out, Watcher(voice.tell, voice.stop, voice.keep))
    except Stopped as stopped:
        raise JobCancelled from stopped
    best = next((entry for entry in results["entries"] if entry["problem"] is None), None)
    if best is None:
        first = results["entries"][0]
        raise EveryEntryFailed(first["problem"]["detail"], where=first["name"])
    result = {"best": best["name"], "mean_dice": best["mean_dice"]}
    with context.finishing(result) as session:
        done = session.get_one(Row, row.id)
        done.results, done.outcomes = results, {}
        done.checkpoint_entry = done.checkpoint_sha256 = None  # the blob is for the sweep
        jobs.announce(session, "comparison", row.id, row.project_id)
    return result


@dataclass
class _Voice:
    """What a running comparison says, and what it keeps in case it is killed."""

    context: JobContext
    row_id: str
    asked: Comparison
    out: Path
    kept: set[str] = field(default_factory=set)
    """Entries that an earlier attempt did."""
    last: tuple[str, float, Step] | None = None
    told_at: float = 0.0
    saved_at: float = field(default_factory=time.monotonic)

    def tell(self, entry: str, fraction: float, step: Step) -> None:
        """How far it is."""
        self.last, self.told_at = (entry, fraction, step), time.monotonic()
        share = PREPARED + (1 - PREPARED) * fraction
        match step.doing:
            case "training":
                self.context.progress(share, "entry", entry=entry)
            case "iteration":
                if time.monotonic() - self.saved_at > CHECKPOINT_EVERY_S:
                    self._keep_checkpoint(entry)
                loss = round(step.loss, 3)
                self.context.progress(share, "entry-iteration", entry=entry, n=step.n, loss=loss)
            case "measuring":
                self.context.progress(share, "entry-measuring", entry=entry, n=step.n, total=step.total)
            case "failed":
                self.context.log("entry-failed", entry=entry, problem=step.problem)

    def stop(self) -> bool:
        """Asked at every iteration and after every patient; a slow machine is no hung one."""
        if self.last is not None and time.monotonic() - self.told_at > ALIVE_S:
            self.tell(*self.last)
        return self.context.cancelled()

    def keep(self, results: dict[str, Any]) -> None:
        """Store the table so far, and the outcomes from which another worker goes on."""
        newest = self.asked.entries[len(self.asked.entries) - len(results["missing"]) - 1].name
        row = next(entry for entry in results["entries"] if entry["name"] == newest)
        if newest not in self.kept and row["problem"] is None:
            self.context.log("entry-done", entry=newest, dice=round(row["mean_dice"], 3))
        outcomes = {
            entry.name: json.loads(path.read_text())
            for entry in self.asked.entries
            if (path := entry_folder(self.out, entry) / OUTCOME).exists()
        }
        with self.context.session() as session:
            stored = session.get_one(Row, self.row_id)
            stored.results, stored.outcomes = results, outcomes
            jobs.announce(session, "comparison", self.row_id, stored.project_id)

    def _keep_checkpoint(self, name: str) -> None:
        entry = next(entry for entry in self.asked.entries if entry.name == name)
        stored = storage().put_file(entry_folder(self.out, entry) / CHECKPOINT)
        with self.context.session() as session:
            row = session.get_one(Row, self.row_id)
            older = row.checkpoint_sha256
            row.checkpoint_entry, row.checkpoint_sha256 = name, stored
        if older is not None and older != stored:
            storage().delete(older)
        self.saved_at = time.monotonic()


def _restore(voice: _Voice, row: Row) -> None:
    """Put what another worker did into the workspace, where this machine has not done as much."""
    for entry in voice.asked.entries:
        folder = entry_folder(voice.out, entry)
        folder.mkdir(parents=True, exist_ok=True)
        if entry.name in row.outcomes and not (folder / OUTCOME).exists():
            (folder / OUTCOME).write_text(json.dumps(row.outcomes[entry.name]))
        learnt = row.checkpoint_sha256 if row.checkpoint_entry == entry.name else None
        if learnt is not None and not (folder / CHECKPOINT).exists():
            (folder / CHECKPOINT).write_bytes(storage().get(learnt))
        if (folder / OUTCOME).exists():
            voice.kept.add(entry.name)
            voice.context.log("entry-kept", entry=entry.name)


def _prepare(context: JobContext, asked: Comparison, cache: Path) -> None:
    """Bring the training cases to the networks' spacing, once for all entries."""
    cases = asked.manifest.split("train")
    for number, case in enumerate(cases, start=1):
        context.check_cancelled()
        context.progress(PREPARED, "loading", n=number, total=len(cases))
        load_samples(asked.manifest, (case,), asked.spacing_mm, cache)
