"""Fine-tune a network on a frozen dataset and measure it on the locked test patients.

A killed run goes on from its newest checkpoint: the one in the job's workspace, or the one in the blob store
when another machine takes over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.kit.storage import storage
from backend.studies.tables import Series
from backend.training import networks
from backend.training.tables import NetworkPicture, NetworkVersion, Run, Snapshot
from models.data import Sample, load_samples
from models.evaluation import Score, draw_case, summarise
from models.preprocessing import CtWindow
from models.registry.card import CardText, render_card
from models.registry.network import (
    Network,
    NetworkManifest,
    Provenance,
    load_network,
    load_weights,
)
from models.registry.package import pack_weights, with_weights
from models.registry.pictures import CasePicture, picture_cases
from models.registry.provenance import code_sha256
from models.training.ct_lessons import CtLessons
from models.training.loop import Hooks, Progress, TrainingConfig
from models.training.together import train_together
from rt.errors import RtError
from rt.manifest import DatasetManifest, Split
from workers.runtime import JobCancelled, JobContext, job
from workers.training.dataset import case_number, materialise
from workers.training.measuring import Measuring, loaded, rows_against

CHECKPOINT_EVERY_S = 120.0
ALIVE_S = 20.0
"""A training says at least this often that it goes on: a slow machine is no hung one."""
SPLITS: tuple[Split, Split] = ("train", "validation")
POINTS = 40
"""Points on the curves of a short run; long runs report at most every 50 iterations."""


@job("train", queue="training")
def fine_tune(context: JobContext) -> dict[str, Any]:
    """Train, evaluate base and new version on the test patients, store the new version."""
    with context.session(read_only=True) as session:
        run = session.get_one(Run, context.parameters["run_id"])
        snapshot = session.get_one(Snapshot, run.snapshot_id)
        base = session.get_one(NetworkVersion, run.base_version_id)
    manifest = NetworkManifest.from_json(base.manifest)
    dataset = materialise(context, snapshot, manifest.structures, run.config.get("uncorrected", []))
    weights = _train(context, run, manifest, storage().get(base.weights_sha256), dataset)
    context.check_cancelled()
    packed = pack_weights(weights)
    origin = Provenance(snapshot.name, snapshot.hash, base.weights_sha256, code_sha256())
    new = load_network(with_weights(replace(manifest, provenance=origin), packed), packed)
    after, rows = _evaluate(context, run, base, new, dataset)
    stored = storage().put(packed)
    pictures = picture_cases(dataset, after, lambda case: draw_case(new, dataset, case))
    shown = [(picture, storage().put(picture.png)) for picture in pictures]
    result: dict[str, Any] = {"evaluation": rows}
    with context.finishing(result) as session:
        figures = summarise(after) | {"evaluated_on": snapshot.hash}
        version = _add_version(session, run, new.manifest, (stored, figures), snapshot)
        for picture, sha256 in shown:
            _add_picture(session, version, snapshot, picture, sha256)
        result["version_id"] = version.id
        row = session.get_one(Run, run.id)
        row.version_id, row.evaluation = version.id, rows
        row.checkpoint_sha256 = None  # its blob is for the sweep: this transaction may still fail
        jobs.announce(session, "run", run.id, run.project_id)
    return result


class NotTrainable(RtError):
    """A network that does not learn from a project's corrections."""

    slug = "not-trainable"


@dataclass
class _Voice:
    """What a running training says, and what it keeps in case it is killed."""

    context: JobContext
    run_id: str
    checkpoint: Path
    last: Progress | None = None
    told_at: float = 0.0
    saved_at: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        """How far it is."""
        self.told_at = time.monotonic()
        if self.last is None:
            self.context.progress(0.1, "first-iterations")
        else:
            fraction, loss = 0.1 + 0.7 * self.last.fraction, round(self.last.loss, 3)
            self.context.progress(fraction, "iteration", n=self.last.iteration, loss=loss)

    def stop(self) -> bool:
        """Asked at every iteration."""
        if time.monotonic() - self.told_at > ALIVE_S:
            self.tell()
        return self.context.cancelled()

    def report(self, progress: Progress) -> None:
        """A stretch of iterations is done."""
        self.last = progress
        self.tell()
        _keep_point(self.context, self.run_id, progress)
        if time.monotonic() - self.saved_at > CHECKPOINT_EVERY_S:
            _keep_checkpoint(self.context, self.run_id, self.checkpoint)
            self.saved_at = time.monotonic()


def _train(
    context: JobContext, run: Run, manifest: NetworkManifest, weights: bytes, dataset: DatasetManifest
) -> dict[str, Any]:
    config = _config(manifest, run.config)
    seen, watched = (_samples(context, dataset, name, manifest.spacing_mm) for name in SPLITS)
    train_samples, uncorrected = [s for s in seen if s.known.any()], [s for s in seen if not s.known.any()]
    context.log("training", train=len(train_samples), watched=len(watched), iterations=config.iterations)
    if config.rehearsal > 0:
        context.log("rehearsing", n=len(uncorrected))
    if not watched:
        context.log("unwatched")
    checkpoint = context.workspace / "checkpoint.safetensors"
    if not checkpoint.exists() and run.checkpoint_sha256 is not None:
        checkpoint.write_bytes(storage().get(run.checkpoint_sha256))
    voice = _Voice(context, run.id, checkpoint)
    voice.tell()
    if manifest.practice is not None or manifest.architecture == "totalsegmentator":
        raise NotTrainable("networks from elsewhere are used as they came", where=manifest.name)
    if not isinstance(manifest.window, CtWindow):
        raise NotTrainable(
            "networks for MR learn from drawn heads, not yet from corrections", where=manifest.name
        )
    lessons = CtLessons(manifest.structures, train_samples, watched, manifest.window, manifest.patch)
    lessons.uncorrected = uncorrected
    trained = train_together(
        config, lessons, checkpoint, Hooks(voice.report, voice.stop), load_weights(manifest, weights)
    )
    if context.cancelled():
        raise JobCancelled
    return trained


def _samples(context: JobContext, dataset: DatasetManifest, split: Split, spacing_mm: float) -> list[Sample]:
    cases, samples = dataset.split(split), []
    for number, case in enumerate(cases, start=1):
        context.check_cancelled()
        context.progress(0.1, "loading", n=number, total=len(cases))
        samples += load_samples(dataset, (case,), spacing_mm, context.workspace / "cache")
    return samples


def _config(manifest: NetworkManifest, wanted: dict[str, Any]) -> TrainingConfig:
    iterations = int(wanted["iterations"])
    every = max(1, min(50, iterations // POINTS))
    return replace(
        TrainingConfig(),
        network=manifest.architecture,
        options={k: tuple(v) if isinstance(v, list) else v for k, v in manifest.options.items()},
        patch=manifest.patch,
        iterations=iterations,
        learning_rate=float(wanted["learning_rate"]),
        positive_weight=(2.0, 1.5),
        average_decay=0.99,
        rehearsal=float(wanted.get("rehearsal", 0.0)),
        report_every=every,
        validate_every=every * max(1, iterations // (8 * every)),
    )


def _keep_point(context: JobContext, run_id: str, progress: Progress) -> None:
    point = {"iteration": progress.iteration, "loss": progress.loss, "dice": progress.dice}
    with context.session() as session:
        run = session.get_one(Run, run_id)
        run.curves = [p for p in run.curves if p["iteration"] < progress.iteration] + [point]
        jobs.announce(session, "run", run_id, run.project_id)


def _keep_checkpoint(context: JobContext, run_id: str, checkpoint: Path) -> None:
    stored = storage().put_file(checkpoint)
    with context.session() as session:
        run = session.get_one(Run, run_id)
        older, run.checkpoint_sha256 = run.checkpoint_sha256, stored
    if older is not None and older != stored:
        storage().delete(older)


def _evaluate(
    context: JobContext, run: Run, base: NetworkVersion, new: Network, dataset: DatasetManifest
) -> tuple[list[Score], list[dict[str, Any]]]:
    """Scores of the new version, and its rows against the base and, where another is in use, against that."""
    with context.session(read_only=True) as session:
        in_use = networks.version_in_use(session, run.project_id, base.name)
    rival = in_use if in_use is not None and in_use.id != base.id else None
    measuring = Measuring(context, dataset, networks=2 if rival is None else 3)
    context.log("evaluating", n=len(dataset.split("test")))
    before = measuring.scores(loaded(base))
    after = measuring.scores(new)
    rows = rows_against(base, before, after)
    if rival is not None:
        rows += _against_in_use(context, measuring, rival, after)
    return after, rows


def _against_in_use(
    context: JobContext, measuring: Measuring, rival: NetworkVersion, after: list[Score]
) -> list[dict[str, Any]]:
    """A version in use that cannot be measured costs no training: nothing is compared then, which is told."""
    try:
        return rows_against(rival, measuring.scores(loaded(rival)), after)
    except RtError as error:
        context.log("in-use-unmeasured", network=rival.name, version=rival.version, problem=str(error))
        return []


def _add_version(
    session: Session,
    run: Run,
    manifest: NetworkManifest,
    stored: tuple[str, dict[str, Any]],
    snapshot: Snapshot,
) -> NetworkVersion:
    sha256, metrics = stored
    number = networks.next_version_number(session, manifest.name)
    numbered = replace(manifest, version=number)
    version = NetworkVersion(
        name=numbered.name,
        version=number,
        title=numbered.title,
        origin="trained",
        project_id=run.project_id,
        manifest=numbered.to_json(),
        structures=list(numbered.structures),
        weights_sha256=sha256,
        card=render_card(numbered, metrics, _card_text(snapshot, run.config)),
        metrics=metrics,
        run_id=run.id,
    )
    session.add(version)
    session.flush()
    return version


def _add_picture(
    session: Session, version: NetworkVersion, snapshot: Snapshot, picture: CasePicture, sha256: str
) -> None:
    """With the study that it shows, so that it goes when the study goes."""
    entry = snapshot.cases[case_number(picture.case)]
    series = session.get(Series, entry["series_id"])
    if series is not None:
        session.add(
            NetworkPicture(
                version_id=version.id,
                rank=picture.rank,
                case_name=picture.case,
                dice=picture.dice,
                slice_number=picture.slice,
                study_id=series.study_row_id,
                sha256=sha256,
            )
        )


def _card_text(snapshot: Snapshot, config: dict[str, Any]) -> CardText:
    counts = {s: sum(c["split"] == s for c in snapshot.cases) for s in ("train", "validation", "test")}
    others = "were rehearsed on the version before" if config.get("rehearsal", 0.0) else "were not rehearsed"
    watched = f"{counts['validation']} were" if counts["validation"] else "none was"
    return CardText(
        data=f"Approved revisions of this project, snapshot “{snapshot.name}”, SHA-256 `{snapshot.hash}`.",
        split=f"{counts['train']} scans trained, {watched} watched during training, the figures are "
        f"of {counts['test']} locked test scans whose patients never trained a network here.",
        limits=f"Fine-tuned on few patients of one project. Structures without a correction {others}; they "
        "may have changed all the same: see the comparison with the version before, structure by structure, "
        "in the run.",
    )
