"""What the job that measures agreement reads, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.consensus import repository
from backend.consensus.tables import Consensus, Reading
from backend.jobs import service as jobs
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.labels import service as labels
from rt.geometry import Grid
from rt.masks import Mask, decode_mask


@dataclass(frozen=True)
class Inputs:
    """The readings of a task that is closed."""

    masks: dict[str, Mask]
    """(k, j, i) by the reader's id, in the order of the readers."""
    grid: Grid
    tolerance_mm: float


def gather(session: Session, consensus_id: str) -> Inputs | None:
    """The readings as they were handed in; None when the task is gone."""
    task = repository.task(session, consensus_id)
    return None if task is None else inputs_of(session, task)


def inputs_of(session: Session, task: Consensus) -> Inputs:
    """The readings of a task as they were handed in, whatever became of the structures that show them."""
    grid = labels.set_grid(session, repository.owner(session, task.structure_set_id))
    finished = [one for one in repository.readings(session, task.id) if one.structure_id]
    masks = {one.reader_id: handed_in(one, grid) for one in finished}
    return Inputs(masks, grid, task.tolerance_mm)


def handed_in(reading: Reading, grid: Grid) -> Mask:
    """The mask (k, j, i) that a reader handed in; NotFound before."""
    if reading.sha256 is None:
        raise NotFound("this reader has handed nothing in")
    return decode_mask(storage().get(reading.sha256), grid.shape_kji)


def keep(session: Session, consensus_id: str, results: dict[str, Any], files: dict[str, Any]) -> None:
    """Store what was computed, if the task is still there."""
    if repository.task(session, consensus_id) is None:
        return
    task = repository.lock_task(session, consensus_id)
    task.results, task.files, task.state = results, files, "ready"
    jobs.announce(session, "structure-set", task.structure_set_id, task.project_id)
