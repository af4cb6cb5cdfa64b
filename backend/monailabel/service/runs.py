"""Trainings as MONAI Label's tasks: what is approved is frozen, the version in use goes on from there."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.jobs import board
from backend.jobs.states import FINAL
from backend.kit.clock import now
from backend.kit.errors import InvalidInput
from backend.kit.pagination import Part
from backend.monailabel.errors import TrainingBusy
from backend.monailabel.service.scope import Scope, network_of, networks_in_use, project_of
from backend.projects.service import Permission
from backend.projects.tables import Project
from backend.training import service as training
from backend.training.schemas import RunIn, SnapshotIn
from backend.training.service import RunDetail

STATUSES = {
    "queued": "SUBMITTED", "running": "RUNNING", "succeeded": "DONE", "failed": "ERROR",
    "cancelled": "STOPPED",
}  # fmt: skip
"""State of a job → what MONAI Label calls it."""
LATEST = Part(limit=50, before=None)


def newest_training(session: Session, scope: Scope) -> dict[str, Any] | None:
    """The project's last training as MONAI Label's task; None when there was none."""
    project = project_of(session, scope, Permission.READ)
    runs = training.list_runs(session, scope.actor, project.id, Part(limit=1, before=None))
    return _task(runs[0]) if runs else None


def start_training(
    session: Session, scope: Scope, model: str | None, config: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Freeze what is approved and train the version in use on it; the network's name and the task.

    Without a name it is the only network there is.

    Raises
    ------
    TrainingBusy
        While another training of the project waits or runs.
    TooFewPatients, NoTestPatients, NothingInCommon
        As when a training is started at a page.
    """
    project = project_of(session, scope, Permission.TRAIN)
    version = network_of(session, scope.actor, project, model or _only(session, scope, project))
    if _unfinished(session, scope, project):
        raise TrainingBusy("a training of this project waits or runs; stop it first or wait for it")
    name = f"MONAI Label {now():%Y-%m-%d %H:%M:%S}"
    snapshot = training.freeze_snapshot(session, scope.actor, project.id, SnapshotIn(name=name))
    wanted = {key: config[key] for key in ("iterations", "learning_rate") if key in config}
    try:
        body = RunIn(snapshot_id=snapshot.id, base_version_id=version.id, **wanted)
    except ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(str(part) for part in wrong["loc"])
        raise InvalidInput(f"{field}: {wrong['msg']}", field=field) from error
    run = training.start_run(session, scope.actor, project.id, body)
    return version.name, _task(training.get_run(session, scope.actor, run.id))


def _only(session: Session, scope: Scope, project: Project) -> str:
    names = [one.name for one in networks_in_use(session, scope.actor, project)]
    if len(names) != 1:
        raise InvalidInput(
            f"say which network to train: {', '.join(names) or 'there is none'}", field="model"
        )
    return names[0]


def stop_training(session: Session, scope: Scope) -> dict[str, Any] | None:
    """Stop what trains or waits to; the task that was stopped last, None when there was none."""
    project = project_of(session, scope, Permission.TRAIN)
    stopped = _unfinished(session, scope, project)
    for one in stopped:
        board.cancel(session, scope.actor, one.job.id)
    return _task(stopped[0]) if stopped else None


def _unfinished(session: Session, scope: Scope, project: Project) -> list[RunDetail]:
    runs = training.list_runs(session, scope.actor, project.id, LATEST)
    return [run for run in runs if run.job.state not in FINAL]


def _task(run: RunDetail) -> dict[str, Any]:
    """`details` is never empty: Slicer reads its last line."""
    job = run.job
    return {
        "id": job.id,
        "status": STATUSES[job.state],
        "request": {"model": run.base.name, **run.run.config},
        "start_ts": int((job.started_at or job.created_at).timestamp()),
        "end_ts": int(job.finished_at.timestamp()) if job.finished_at else None,
        "details": [job.error_detail or job.message or STATUSES[job.state]],
    }


def train_stats(session: Session, scope: Scope, project: Project) -> dict[str, dict[str, Any]]:
    """The newest training of each network; iterations stand for epochs, `total_time` only when it ended."""
    stats: dict[str, dict[str, Any]] = {}
    for run in training.list_runs(session, scope.actor, project.id, LATEST):
        stats.setdefault(run.base.name, _stats(run))
    return stats


def _stats(run: RunDetail) -> dict[str, Any]:
    curves, job = run.run.curves or [], run.job
    dice = [list(point["dice"].values()) for point in curves if point.get("dice")]
    means = [sum(values) / len(values) for values in dice if values]
    stats: dict[str, Any] = {
        "epoch": curves[-1]["iteration"] if curves else 0,
        "total_epochs": run.run.config["iterations"],
        "best_metric": max(means, default=0.0),
    }
    if job.finished_at is not None:
        seconds = int((job.finished_at - (job.started_at or job.created_at)).total_seconds())
        stats["total_time"] = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return stats
