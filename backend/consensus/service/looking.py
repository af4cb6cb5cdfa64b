"""What the readers drew and how far they agree: shown after the end; before, it is refused and recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.consensus import repository
from backend.consensus.schemas import MapKind
from backend.consensus.service.computing import inputs_of
from backend.consensus.service.finding import at_stage, open_task
from backend.consensus.tables import Consensus
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.projects.service import Permission
from rt.consensus import entropy_bits, share


def reading_mask(session: Session, actor: Actor, consensus_id: str, reader_id: str) -> bytes:
    """Wire form of what a reader handed in: one's own always, the others' after the end."""
    task = open_task(session, actor, consensus_id, Permission.READ)
    if task.state == "open" and reader_id != actor.user_id:
        labels.refuse_look(actor, task.project_id, task.id, "reading")
    found = repository.reading(session, task.id, reader_id)
    if found is None or found.sha256 is None:
        raise NotFound("this reader has handed nothing in")
    return storage().get(found.sha256)


def results(session: Session, actor: Actor, consensus_id: str) -> dict[str, Any]:
    """Agreement and regions with what was decided on each."""
    task = seen(session, actor, consensus_id, "results")
    at_stage(task, "ready")
    found = dict(task.results or {})
    found["regions"] = [
        region | {"take": task.decisions.get(str(region["number"]))} for region in found["regions"]
    ]
    return found


def map_voxels(session: Session, actor: Actor, consensus_id: str, kind: MapKind) -> bytes:
    """Little-endian float32 (k, j, i): share of the readers who drew a voxel, or its entropy in bits."""
    task = seen(session, actor, consensus_id, "map")
    inputs = inputs_of(session, task)
    of = share if kind == "share" else entropy_bits
    return of(list(inputs.masks.values()), inputs.grid).astype(np.dtype("<f4")).tobytes()


def seen(session: Session, actor: Actor, consensus_id: str, door: str) -> Consensus:
    """A task that is closed; before, the attempt is refused and recorded."""
    task = open_task(session, actor, consensus_id, Permission.READ)
    if task.state == "open":
        labels.refuse_look(actor, task.project_id, task.id, door)
    return task
