"""Where a study stands, derived from its structures and kept on its row for the worklist."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.kit.clock import now
from backend.labels import repository
from backend.labels.states import State, study_state
from backend.labels.tables import Structure, StructureSet


def refresh_study(session: Session, study_id: str) -> None:
    """Recompute a study's state, one transaction at a time, and say so when it changed."""
    session.flush()
    study = repository.lock_study(session, study_id)
    sets = {row.id: row for row in repository.sets_of_study(session, study_id)}
    rows = repository.structures_of_sets(session, sets)
    drawn = [row for row in rows if row.head and row.assessment != "rejected"]
    counted = [row for row in drawn if not _as_imported(row, sets[row.structure_set_id])] or drawn
    state = study_state(State(row.state) for row in counted)
    if study.state != state:
        study.state, study.updated_at = state, now()
        jobs.announce(session, "study", study.id, study.project_id)


def _as_imported(structure: Structure, owner: StructureSet) -> bool:
    """True while nobody worked on what came from outside: it does not hold up the study's approval."""
    return owner.origin == "import" and structure.head == 1 and structure.state == State.DRAFT
