"""Look whether a contour that a person saved reaches into the air outside the body."""

from __future__ import annotations

from typing import Any

from backend.labels import service as labels
from backend.studies import service as studies
from rt.regions import outside_body_cc
from workers.runtime import JobContext, job


@job("check-outside", queue="cpu")
def check_outside(context: JobContext) -> dict[str, Any]:
    """How many cc lie outside; the structure shows it as a doubt."""
    structure_id = context.parameters["structure_id"]
    with context.session(read_only=True) as session:
        saved = labels.find_saved(session, structure_id)
    if saved is None:
        return {"outside_cc": None}
    mask = labels.load_mask(saved.revision, saved.grid)
    hu, grid = studies.load_volume(saved.series)
    if grid.shape_kji != mask.shape:
        return {"outside_cc": None}
    outside_cc = outside_body_cc(mask, hu, grid)
    result: dict[str, Any] = {"outside_cc": round(outside_cc, 3)}
    with context.finishing(result) as session:
        labels.doubt_outside(session, saved, outside_cc)
    return result
