"""A run's new version beside the version in use: how they stand, and the comparison asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.errors import NotFound
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.training import networks, repository
from backend.training.errors import NothingToCompare
from backend.training.gate import Standing, stand
from backend.training.tables import NetworkVersion, Run

KIND = "compare-versions"


@dataclass(frozen=True)
class Beside:
    """How the version of a run stands beside the one in use now."""

    in_use: NetworkVersion | None
    standing: Standing
    job: Job | None
    """The newest comparison that was asked for."""


def beside_in_use(session: Session, run: Run, network: str) -> Beside:
    """Now: what is in use may be another version than when the run was measured."""
    in_use = networks.version_in_use(session, run.project_id, network)
    asked = repository.jobs_of_kind(session, run.project_id, KIND)
    job = next((job for job in asked if job.parameters["run_id"] == run.id), None)
    return Beside(in_use, stand(run, in_use), job)


def request_comparison(session: Session, actor: Actor, run_id: str) -> Job:
    """Queue the measuring of the version in use on the run's locked patients.

    NothingToCompare where no version came of the run, it is in use itself, or the two are compared.
    """
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound("no such run")
    projects.require(session, actor, run.project_id, Permission.TRAIN)
    made = repository.version(session, run.version_id) if run.version_id else None
    if made is None:
        raise NothingToCompare("no version came of this training")
    in_use = networks.version_in_use(session, run.project_id, made.name)
    comparison = stand(run, in_use).comparison
    if in_use is None or comparison != "not-compared":
        raise NothingToCompare(f"{made.name} v{made.version}: {comparison}", comparison=comparison)
    return jobs.enqueue(
        session,
        JobRequest(
            kind=KIND,
            parameters={"run_id": run.id, "against": in_use.id},
            project_id=run.project_id,
            created_by=actor.user_id,
            coalesce_key=f"{KIND}:{run.id}:{in_use.id}",
        ),
    )
