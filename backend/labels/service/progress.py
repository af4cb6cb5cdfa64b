"""Where a study stands, derived from its structures and kept on its row for the worklist."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.kit.clock import now
from backend.labels import repository
from backend.labels.service.involvement import reviewed_here
from backend.labels.states import State, study_state


def refresh_study(session: Session, study_id: str) -> None:
    """Recompute a study's state, one transaction at a time, and say so when it changed."""
    session.flush()
    study = repository.lock_study(session, study_id)
    sets = repository.sets_of_study(session, study_id)
    rows = repository.structures_of_sets(session, [row.id for row in sets])
    heads = repository.heads(session, rows)
    imported = {row.id for row in sets if row.origin == "import"}
    state = study_state(State(row.state) for row in reviewed_here(rows, heads, imported))
    if study.state != state:
        study.state, study.updated_at = state, now()
        jobs.announce(session, "study", study.id, study.project_id)
