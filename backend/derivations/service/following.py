"""What the job `derive` does with each derived structure of a study, in order of dependency.

Each is computed from what is there then and kept in a transaction of its own, so that one that is derived
from another finds the other's new contour, and a job that is killed goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.derivations import repository
from backend.derivations.service.computing import Computed, compute
from backend.derivations.service.inputs import Inputs, gather, newest_change
from backend.derivations.service.keeping import Cause, keep
from backend.jobs import service as jobs
from backend.kit.errors import AppError, Conflict, InvalidInput
from backend.labels import service as labels
from backend.labels.expressions import Expression
from backend.labels.schemas import DerivedFrom
from backend.labels.tables import Derivation
from rt.masks import Mask


@dataclass(frozen=True)
class Due:
    """A derived structure to compute; `problem` says why it cannot be."""

    structure_id: str
    name: str
    head: int
    expression: dict[str, Any]
    inputs: Inputs | None
    before_kji: Mask | None
    cause: Cause
    problem: AppError | None = None


def find_due(session: Session, structure_id: str) -> Due | None:
    """What to compute; None where a person's contour stands, or nothing changed.

    A structure that could not follow is looked at each time, because the reason may be gone.
    """
    structure, row = repository.structure(session, structure_id), repository.derivation(session, structure_id)
    if structure is None or row is None or structure.head != row.computed:
        return None
    owner = repository.structure_set(session, structure.structure_set_id)
    used = DerivedFrom.model_validate(row.used)
    name, head, expression = structure.name, structure.head, row.expression
    try:
        inputs = gather(session, owner, Expression.model_validate(expression), used)
    except (Conflict, InvalidInput) as problem:
        return Due(structure_id, name, head, expression, None, None, Cause(None), problem)
    rows = {key: source for key, (source, _) in inputs.structures.items()}
    if not row.problem and labels.is_current(used, rows, inputs.dose_sources()):
        return None
    before = labels.mask_before(session, structure_id, head, inputs.grid)
    return Due(structure_id, name, head, expression, inputs, before, _cause(inputs, row))


def _cause(inputs: Inputs, row: Derivation) -> Cause:
    """Whoever made the newest change of a source has changed this structure with it."""
    revision = newest_change(inputs, row)
    if revision is None:
        return Cause(None, "computed again")
    source, _ = inputs.structures[revision.structure_id]
    return Cause(revision.author_id, f"follows revision {revision.number} of {source.name}")


def settle(due: Due) -> Computed | AppError:
    """The contour, or why there is none."""
    if due.inputs is None or due.before_kji is None:
        return due.problem or Conflict("nothing to compute from")
    try:
        return compute(due.inputs, due.before_kji)
    except (Conflict, InvalidInput) as problem:
        return problem


def write(session: Session, due: Due, outcome: Computed | AppError) -> bool:
    """Keep the contour, or say on the structure why it is stale; False when it changed in between."""
    structure = repository.structure(session, due.structure_id)
    if structure is None:
        return False
    repository.lock_set(session, structure.structure_set_id)
    row = repository.derivation(session, due.structure_id)
    if row is None or structure.head != due.head or row.expression != due.expression:
        return False
    owner = repository.structure_set(session, structure.structure_set_id)
    if isinstance(outcome, Computed):
        keep(session, structure, row, outcome, due.cause)
    else:
        row.problem = _told(outcome)
    study = repository.study(session, owner.study_row_id)
    jobs.announce(session, "structure-set", owner.id, study.project_id)
    return True


def _told(problem: AppError) -> dict[str, Any]:
    values = {key: value for key, value in problem.extensions.items() if isinstance(value, str | int | float)}
    return {"slug": problem.slug, "detail": problem.detail, "values": values}
