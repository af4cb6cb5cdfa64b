"""Tasks that the actor may see, and how they are shown; never what anybody drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.tables import User
from backend.consensus import repository
from backend.consensus.errors import WrongStage
from backend.consensus.tables import Consensus, Reading
from backend.jobs.tables import Job
from backend.kit.errors import NotFound
from backend.projects import service as projects
from backend.projects.service import Permission


@dataclass(frozen=True)
class TaskRows:
    """A task with the rows it is shown with."""

    task: Consensus
    readings: Sequence[Reading]
    series_id: str
    job: Job | None
    names: dict[str, User]
    """People by id."""


def open_task(session: Session, actor: Actor, consensus_id: str, permission: Permission) -> Consensus:
    """The task, if the actor may do this with it; what is not his is not there."""
    found = repository.task(session, consensus_id)
    if found is None:
        raise NotFound("there is no such consensus")
    try:
        projects.require(session, actor, found.project_id, permission)
    except NotFound as hidden:
        raise NotFound("there is no such consensus") from hidden
    return found


def at_stage(task: Consensus, *states: str) -> None:
    """Raise WrongStage unless the task is at one of these."""
    if task.state not in states:
        raise WrongStage(
            f"it is {task.state}; this needs a consensus that is {' or '.join(states)}", state=task.state
        )


def describe(session: Session, task: Consensus) -> TaskRows:
    """What a task is shown with."""
    readings = repository.readings(session, task.id)
    people = [task.created_by, task.closed_by, *(one.reader_id for one in readings)]
    return TaskRows(
        task,
        readings,
        repository.owner(session, task.structure_set_id).series_row_id,
        session.get(Job, task.job_id) if task.job_id else None,
        repository.users(session, people),
    )
