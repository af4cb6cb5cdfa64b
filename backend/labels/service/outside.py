"""What of a contour that a person saved lies in air, outside the body of its CT: a doubt, found by a job.

The body's outline takes seconds to find, which no save waits for; the doubt is there when the job has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.labels import repository
from backend.labels.service.sets import set_grid
from backend.labels.tables import Revision, Structure, StructureSet
from backend.studies.tables import Series, Study
from rt.geometry import Grid
from rt.regions import OUTSIDE_MM

SLUG = "outside-body"
BELONG_OUTSIDE = frozenset({"BOLUS", "SUPPORT", "FIXATION", "DOSE_REGION", "DOSE_MEASUREMENT", "MARKER"})
"""RT ROI interpreted types (PS3.3 C.8.8.8.1) of what may lie outside the body."""


@dataclass(frozen=True)
class Saved:
    """A person's newest contour, and the images that it was drawn on."""

    revision: Revision
    series: Series
    grid: Grid


def request_outside_check(session: Session, owner: StructureSet, revision: Revision, study: Study) -> None:
    """Ask for a look at a person's contour on a CT; saves that follow one another are looked at once."""
    if revision.author_id is None or revision.derived_from is not None or revision.slices == 0:
        return
    if session.get_one(Series, owner.series_row_id).modality != "CT":
        return
    jobs.enqueue(
        session,
        jobs.JobRequest(
            "check-outside",
            {"structure_id": revision.structure_id},
            study.project_id,
            study_id=study.id,
            created_by=revision.author_id,
            coalesce_key=f"check-outside:{revision.structure_id}",
        ),
    )


def find_saved(session: Session, structure_id: str) -> Saved | None:
    """What to look at; None where the newest contour is none of a person's, or may lie where it likes."""
    structure = repository.structure(session, structure_id)
    owner = repository.structure_set(session, structure.structure_set_id) if structure else None
    if structure is None or owner is None or structure.kind in BELONG_OUTSIDE:
        return None
    head = repository.revision(session, structure_id, structure.head)
    series = session.get_one(Series, owner.series_row_id)
    if head is None or head.author_id is None or series.volume is None:
        return None
    return Saved(head, series, set_grid(session, owner))


def doubt_outside(session: Session, saved: Saved, outside_cc: float) -> bool:
    """Say of a structure what was found, if it has no newer contour by now; whether it was said."""
    if repository.structure(session, saved.revision.structure_id) is None:
        return False
    structure = repository.lock_structure(session, saved.revision.structure_id)
    if structure.head != saved.revision.number:
        return False
    others = [one for one in structure.plausibility if one["slug"] != SLUG]
    said = [*others, _warning(outside_cc)] if outside_cc > 0 else others
    if said != structure.plausibility:
        structure.plausibility = said
        _tell(session, structure)
    return True


def _warning(outside_cc: float) -> dict[str, Any]:
    values = {"cc": round(outside_cc, 2), "mm": round(OUTSIDE_MM)}
    detail = f"{values['cc']} cc lie {values['mm']} mm or more outside the body"
    return {"slug": SLUG, "detail": detail, "severity": "warning", "values": values}


def _tell(session: Session, structure: Structure) -> None:
    owner = session.get_one(StructureSet, structure.structure_set_id)
    study = session.get_one(Study, owner.study_row_id)
    jobs.announce(session, "structure-set", owner.id, study.project_id)
