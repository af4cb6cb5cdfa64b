"""Readers hand in their drafts; whoever leads the consensus closes it, and the readings become revisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.consensus import repository
from backend.consensus.errors import NotReader, ReadersUnfinished, TooFewReadings
from backend.consensus.service.computing import handed_in
from backend.consensus.service.finding import at_stage, open_task
from backend.consensus.tables import Consensus, Reading
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.labels import service as labels
from backend.labels.errors import UndeclaredEmpty
from backend.labels.tables import Structure
from backend.projects.service import Permission
from rt.geometry import Grid
from rt.masks import Mask, decode_mask

TOOL = "blind-reading"
"""Tool of the revisions that readings become."""


def finish(session: Session, actor: Actor, consensus_id: str, *, empty: bool) -> Consensus:
    """Hand in one's draft as it is now; handing in again before the end replaces it.

    Raises
    ------
    NotReader
        Somebody else.
    UndeclaredEmpty
        Nothing is drawn, and it was not said that this is meant.
    """
    open_task(session, actor, consensus_id, Permission.ANNOTATE)
    task = repository.lock_task(session, consensus_id)
    at_stage(task, "open")
    reading = repository.reading(session, task.id, actor.user_id)
    if reading is None:
        raise NotReader("only its readers hand in")
    grid = labels.set_grid(session, repository.owner(session, task.structure_set_id))
    moment = now()  # what is saved from here on is not handed in
    mask, seconds = np.zeros(grid.shape_kji, dtype=np.bool_), 0.0
    try:
        draft, _ = labels.get_draft(session, actor, task.structure_id)
        mask, seconds = decode_mask(draft.mask, grid.shape_kji), draft.seconds
    except NotFound:
        pass  # nothing drawn, which has to be said
    if not mask.any() and not empty:
        raise UndeclaredEmpty("nothing is drawn: say `empty: true` when that is meant", field="empty")
    stored = labels.store_mask(mask, np.zeros_like(mask), grid)
    reading.sha256, reading.seconds, reading.finished_at = stored.sha256, seconds, moment
    audit.record(
        session, actor.user_id, "consensus.reading.finished", "consensus", task.id,
        project_id=task.project_id, changes={"sha256": stored.sha256},
    )  # fmt: skip
    jobs.announce(session, "structure-set", task.structure_set_id, task.project_id)
    return task


def close(session: Session, actor: Actor, consensus_id: str, without: Sequence[str]) -> Consensus:
    """End the blindness: every reading becomes a revision, and a job measures how far they agree.

    Raises
    ------
    ReadersUnfinished
        Unless exactly those who have not handed in are named in `without`.
    TooFewReadings
        Fewer than two, or nothing drawn in any.
    """
    open_task(session, actor, consensus_id, Permission.REVIEW)
    task = repository.lock_task(session, consensus_id)
    at_stage(task, "open")
    readings = repository.readings(session, task.id)
    _check_missing(session, readings, without)
    finished = [one for one in readings if one.finished_at]
    if len(finished) < 2:
        raise TooFewReadings(f"{len(finished)} of {len(readings)} readers have handed in; it takes two")
    structure = repository.structures(session, [task.structure_id])[task.structure_id]
    structure.consensus_id = None
    session.flush()
    _reveal(session, task, structure, finished)
    for one in finished:
        repository.forget_draft(session, task.structure_id, one)
    task.state, task.closed_by, task.closed_at = "closed", actor.user_id, now()
    request = JobRequest(
        "consensus", {"consensus_id": task.id}, task.project_id, task.study_row_id, actor.user_id
    )
    task.job_id = jobs.enqueue(session, request).id
    audit.record(
        session, actor.user_id, "consensus.closed", "consensus", task.id, project_id=task.project_id,
        changes={"finished": [one.reader_id for one in finished], "missing": list(without)},
    )  # fmt: skip
    return task


def _check_missing(session: Session, readings: Sequence[Reading], without: Sequence[str]) -> None:
    missing = [one.reader_id for one in readings if one.finished_at is None]
    if set(missing) == set(without):
        return
    people = repository.users(session, missing)
    names = ", ".join(people[one].display_name for one in missing) or "nobody"
    raise ReadersUnfinished(
        f"not finished: {names}; close without exactly these, or wait", readers=names, reader_ids=missing
    )


def _reveal(session: Session, task: Consensus, structure: Structure, finished: Sequence[Reading]) -> None:
    """A structure for each reading, beside the one that they drew."""
    owner = repository.owner(session, task.structure_set_id)
    grid = labels.set_grid(session, owner)
    masks = {one.reader_id: handed_in(one, grid) for one in finished}
    if not any(mask.any() for mask in masks.values()):
        raise TooFewReadings("nobody drew anything")
    for one in finished:
        new = labels.NewStructure(f"{task.name}_R{one.position}", kind=structure.kind)
        made = labels.add_structure(session, owner, new)
        labels.append_revision(session, made, _revision(one, masks[one.reader_id], grid))
        one.structure_id = made.id


def _revision(reading: Reading, mask: Mask, grid: Grid) -> labels.NewRevision:
    return labels.NewRevision(
        labels.store_mask(mask, np.zeros(grid.shape_kji, dtype=np.bool_), grid),
        0,
        author_id=reading.reader_id,
        reason="read blindly for a consensus",
        tool=TOOL,
        seconds=reading.seconds,
    )
