"""Comparisons of architectures on a project's own frozen datasets; `workers/training/compare.py` makes them.

What a dataset cannot give is refused before anything is queued.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.comparisons import repository
from backend.comparisons.errors import NotContoured, NothingToLearn, NothingToMeasure
from backend.comparisons.presets import presets
from backend.comparisons.schemas import ComparisonIn
from backend.comparisons.tables import Comparison
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.ids import new_id
from backend.kit.pagination import Part
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.training.service import whole_snapshot
from backend.training.tables import Snapshot


@dataclass(frozen=True)
class ComparisonRows:
    """A comparison with the rows it refers to."""

    comparison: Comparison
    job: Job
    snapshot: Snapshot


def start(session: Session, actor: Actor, project_id: str, body: ComparisonIn) -> ComparisonRows:
    """Queue a comparison; NothingToLearn, NothingToMeasure or NotContoured where data are too few."""
    projects.require(session, actor, project_id, Permission.TRAIN)
    snapshot = whole_snapshot(session, project_id, body.snapshot_id)
    config = _config(body)
    _check(snapshot, body)
    comparison_id = new_id()
    parameters = {"comparison_id": comparison_id}
    job = jobs.enqueue(session, JobRequest("compare", parameters, project_id, created_by=actor.user_id))
    row = Comparison(
        id=comparison_id,
        project_id=project_id,
        snapshot_id=snapshot.id,
        job_id=job.id,
        config=config,
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor.user_id, "training.comparison.started", "comparison", row.id, project_id)
    return ComparisonRows(row, job, snapshot)


def _config(body: ComparisonIn) -> dict[str, Any]:
    """The presets written out; InvalidInput names those that there are not, and what is named twice."""
    unknown = [name for name in body.entries if name not in presets()]
    if unknown:
        raise InvalidInput(f"there is no such preset: {', '.join(unknown)}", field="entries")
    for field, names in (("entries", body.entries), ("structures", body.structures)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise InvalidInput(f"named twice: {', '.join(twice)}", field=field)
    entries = [presets()[name].model_dump() for name in body.entries]
    return body.model_dump(include={"structures", "minutes", "evaluate"}) | {"entries": entries}


def _check(snapshot: Snapshot, body: ComparisonIn) -> None:
    wanted = set(body.structures)
    found: dict[str, set[str]] = {"train": set(), body.evaluate: set()}
    for case in snapshot.cases:
        if case["split"] in found:
            found[case["split"]] |= wanted & set(case["revisions"])
    if not found["train"]:
        raise NothingToLearn("no patient of the dataset trains with one of the structures")
    if not found[body.evaluate]:
        raise NothingToMeasure(f"no patient of the {body.evaluate} split has one of the structures")
    for names in found.values():
        missing = sorted(wanted - names)
        if missing:
            raise NotContoured(", ".join(missing), structures=", ".join(missing))


def recent(session: Session, actor: Actor, project_id: str, part: Part) -> Sequence[ComparisonRows]:
    """Comparisons of the project, newest first."""
    projects.require(session, actor, project_id, Permission.READ)
    return [_with_rows(session, row) for row in repository.comparisons(session, project_id, part)]


def get(session: Session, actor: Actor, project_id: str, comparison_id: str) -> ComparisonRows:
    """One comparison; NotFound when it is another project's."""
    projects.require(session, actor, project_id, Permission.READ)
    row = repository.comparison(session, comparison_id)
    if row is None or row.project_id != project_id:
        raise NotFound("no such comparison")
    return _with_rows(session, row)


def _with_rows(session: Session, row: Comparison) -> ComparisonRows:
    return ComparisonRows(row, session.get_one(Job, row.job_id), session.get_one(Snapshot, row.snapshot_id))
