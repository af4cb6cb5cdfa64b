"""A derived contour as the newest revision of its structure, and what is kept of the derivation."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.derivations import repository
from backend.derivations.service.computing import Computed
from backend.labels import service as labels
from backend.labels.expressions import structure_ids
from backend.labels.schemas import DerivedFrom
from backend.labels.tables import Derivation, Structure

REASON_LENGTH = 255
"""Of `revisions.reason`."""


@dataclass(frozen=True)
class Cause:
    """Why a contour is computed: who asked or made the change, and what is said besides the derivation."""

    author_id: str | None
    said: str = ""


def keep(session: Session, structure: Structure, row: Derivation, made: Computed, cause: Cause) -> None:
    """Append what was computed, unless it is the contour that is there already."""
    head = repository.head(session, structure)
    number = structure.head
    if head is None or head.sha256 != made.mask.sha256:
        said = f" ({cause.said})" if cause.said else ""
        new = labels.NewRevision(
            made.mask,
            structure.head,
            author_id=cause.author_id,
            reason=made.words[: REASON_LENGTH - len(said)] + said,
            tool=labels.DERIVE,
            plausibility=list(made.doubts),
            derived_from=made.used,
        )
        number = labels.append_revision(session, structure, new).number
    row.used, row.computed, row.problem = made.used, number, None
    session.flush()


def relink(session: Session, row: Derivation) -> None:
    """Keep of which structures the derivation has to hear."""
    expression = DerivedFrom.model_validate(row.used).expression
    repository.replace_sources(session, row.structure_id, structure_ids(expression))
