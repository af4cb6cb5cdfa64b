"""Asking for what is derived from doses, when a dose has other voxels or lies elsewhere by a registration.

The derivations belong to `labels`, which this feature does not know: it names their tables and the job.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, column, select, table
from sqlalchemy.orm import Session

from backend.jobs.service import JobRequest, enqueue
from backend.studies.tables import Study

DERIVATION_DELAY_S = 1.0
"""What changes within it is followed once."""
_SETS = table("structure_sets", column("id"), column("study_row_id"))
_STRUCTURES = table("structures", column("id"), column("structure_set_id"))
_DERIVATIONS = table("derivations", column("structure_id"), column("expression"))
_EXPRESSION = cast(_DERIVATIONS.c.expression, Text)


def request_derivation(session: Session, study: Study, user_id: str | None = None) -> None:
    """Ask for the derived structures of a study to be computed again where their sources have changed."""
    enqueue(
        session,
        JobRequest(
            "derive",
            {"study_id": study.id},
            study.project_id,
            study_id=study.id,
            created_by=user_id,
            coalesce_key=f"derive:{study.id}",
            delay_s=DERIVATION_DELAY_S,
        ),
    )


def follow_dose(session: Session, study: Study, series_id: str) -> None:
    """Ask for what is derived from a dose of this study's patient, whose voxels have changed."""
    _follow(session, study.patient_row_id, _EXPRESSION.contains(series_id))


def follow_registration(session: Session, study: Study) -> None:
    """Ask for what is derived from doses of this study's patient: a registration may move them."""
    _follow(session, study.patient_row_id, _EXPRESSION.contains("isodose"))


def _follow(session: Session, patient_row_id: str, wanted: ColumnElement[bool]) -> None:
    derived = (
        select(_SETS.c.study_row_id)
        .join(_STRUCTURES, _STRUCTURES.c.structure_set_id == _SETS.c.id)
        .join(_DERIVATIONS, _DERIVATIONS.c.structure_id == _STRUCTURES.c.id)
        .where(wanted)
    )
    theirs = select(Study).where(Study.patient_row_id == patient_row_id, Study.id.in_(derived))
    for study in session.scalars(theirs.order_by(Study.id)).all():
        request_derivation(session, study)
