"""A senior reader decides regions one by one; the consensus becomes a revision that names its parents."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.consensus import repository
from backend.consensus.schemas import Method
from backend.consensus.service.finding import at_stage, open_task
from backend.consensus.service.looking import seen
from backend.consensus.tables import Consensus
from backend.jobs import service as jobs
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.labels.tables import Revision
from backend.projects.service import Permission
from rt.geometry import Grid
from rt.masks import Mask, decode_mask, encode_mask

TOOL = "consensus"


def decide(session: Session, actor: Actor, consensus_id: str, number: int, take: bool | None) -> Consensus:
    """Take a region in, leave it out, or take the decision back."""
    open_task(session, actor, consensus_id, Permission.REVIEW)
    task = repository.lock_task(session, consensus_id)
    at_stage(task, "ready")
    _check_region(task, number)
    decisions = {key: value for key, value in task.decisions.items() if key != str(number)}
    task.decisions = decisions if take is None else decisions | {str(number): take}
    audit.record(
        session, actor.user_id, "consensus.region.decided", "consensus", task.id,
        project_id=task.project_id, changes={"region": number, "take": take},
    )  # fmt: skip
    return task


def preview(session: Session, actor: Actor, consensus_id: str, method: Method) -> bytes:
    """Wire form of the consensus as it would be adopted now."""
    task = seen(session, actor, consensus_id, "consensus")
    at_stage(task, "ready")
    return encode_mask(_decided(session, task, method))


def region_mask(session: Session, actor: Actor, consensus_id: str, number: int) -> bytes:
    """Wire form of one region of disagreement."""
    task = seen(session, actor, consensus_id, "region")
    at_stage(task, "ready")
    _check_region(task, number)
    return encode_mask(_regions(task, _grid(session, task)) == number)


def adopt(session: Session, actor: Actor, consensus_id: str, method: Method, base: int) -> Revision:
    """The consensus as the structure's newest revision; StaleRevision when `base` is not the head."""
    open_task(session, actor, consensus_id, Permission.REVIEW)
    task = repository.lock_task(session, consensus_id)
    at_stage(task, "ready")
    structure = repository.structures(session, [task.structure_id]).get(task.structure_id)
    if structure is None:
        raise NotFound("the structure of this consensus was deleted")
    new = labels.NewRevision(
        _decided(session, task, method),
        base,
        author_id=actor.user_id,
        reason=f"consensus of readers ({method})",
        tool=TOOL,
        consensus=_provenance(session, task, method),
    )
    revision = labels.append_revision(session, structure, new)
    task.adopted = revision.number
    audit.record(
        session, actor.user_id, "consensus.adopted", "consensus", task.id, project_id=task.project_id,
        changes={"revision": revision.number, "sha256": revision.sha256, "method": method},
    )  # fmt: skip
    jobs.announce(session, "structure-set", task.structure_set_id, task.project_id)
    return revision


def _provenance(session: Session, task: Consensus, method: Method) -> dict[str, Any]:
    readings = repository.readings(session, task.id)
    rows = repository.structures(session, [one.structure_id for one in readings if one.structure_id])
    decided = {int(key): value for key, value in task.decisions.items()}
    regions = (task.results or {})["regions"]
    return {
        "consensus_id": task.id,
        "method": method,
        "readings": [
            {
                "id": one.structure_id,
                "name": rows[one.structure_id].name if one.structure_id in rows else f"R{one.position}",
                "number": 1,
                "reader_id": one.reader_id,
            }
            for one in readings
            if one.structure_id
        ],
        "missing": [one.reader_id for one in readings if one.structure_id is None],
        "taken": sorted(number for number, take in decided.items() if take),
        "left": sorted(number for number, take in decided.items() if not take),
        "undecided": len(regions) - len(decided),
    }


def _decided(session: Session, task: Consensus, method: Method) -> Mask:
    """What the method gives, with the regions that were decided in or out."""
    grid = _grid(session, task)
    mask = decode_mask(storage().get(task.files[method]), grid.shape_kji)
    if task.decisions:
        numbers = _regions(task, grid)
        said = np.full(int(numbers.max()) + 1, -1, dtype=np.int8)
        for key, take in task.decisions.items():
            said[int(key)] = take
        decided = said[numbers]
        mask = np.where(decided >= 0, decided == 1, mask)
    return mask


def _regions(task: Consensus, grid: Grid) -> npt.NDArray[np.int32]:
    """Number of the region of each voxel (k, j, i)."""
    data = zlib.decompress(storage().get(task.files["regions"]))
    return np.frombuffer(data, dtype="<i4").reshape(grid.shape_kji)


def _grid(session: Session, task: Consensus) -> Grid:
    return labels.set_grid(session, repository.owner(session, task.structure_set_id))


def _check_region(task: Consensus, number: int) -> None:
    if number not in {region["number"] for region in (task.results or {})["regions"]}:
        raise NotFound(f"there is no region {number}")
