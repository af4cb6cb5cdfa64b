"""Body outline, lungs and bones of a CT by rule, as a first proposal in the working structure set."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.labels import service as labels
from backend.labels.tables import Structure
from backend.studies import service as studies
from backend.studies.tables import Series
from rt.errors import RtError
from rt.masks import Mask
from rt.regions import find_body, find_bones, find_lungs
from workers.arriving import WAIT_S, is_unchanged, wait_for_volume
from workers.runtime import JobContext, job


class NotCt(RtError):
    """The rules are about Hounsfield units."""

    slug = "not-a-ct"


@job("regions", queue="cpu")
def find_regions(context: JobContext) -> dict[str, Any]:
    """Append a revision to each region that nobody has touched, if it is another one than before."""
    with context.session(read_only=True) as session:
        series = session.get_one(Series, context.parameters["series_id"])
        if series.modality != "CT":
            raise NotCt("body, lungs and bones are found on CT only")
    if series.volume is None:
        return wait_for_volume(context, series)
    hu, grid = studies.load_volume(series)
    context.progress(0.1, "body")
    body = find_body(hu, grid)
    context.progress(0.4, "lungs")
    regions: dict[str, Mask] = {"External": body, **find_lungs(hu, grid, body)}
    context.progress(0.7, "bones")
    regions["Bones"] = find_bones(hu, body, grid)
    drawn = labels.store_drawn(series, {name: mask for name, mask in regions.items() if mask.any()})
    result: dict[str, Any] = {}
    with context.finishing(result) as session:
        if not is_unchanged(session, series):
            result |= {"drawn": [], "reason": "images-changed"}
            context.again(session, WAIT_S)
            return result
        structure_set = labels.working_set(session, series)
        for name, region in drawn.items():
            structure = labels.ensure_structure(session, structure_set, labels.NewStructure(name))
            if _is_new(session, structure, region):
                mask = region.on(structure.head)
                new = labels.NewRevision(mask, structure.head, reason="found by rule", tool="rule")
                labels.append_revision(session, structure, new)
                result.setdefault("drawn", []).append(name)
        labels.refresh_study(session, series.study_row_id)
    return result


def _is_new(session: Session, structure: Structure, region: labels.Drawn) -> bool:
    if structure.head == 0:
        return True
    head = labels.get_revision(session, structure.id, structure.head)
    return not labels.is_touched(session, structure) and head.sha256 != region.stored.sha256
