"""Measure what a correction cost."""

from __future__ import annotations

from typing import Any

from backend.labels.service.measuring import find_correction, measure
from backend.training import drift, gains
from workers.runtime import JobContext, job


@job("measure", queue="cpu")
def measure_correction(context: JobContext) -> dict[str, Any]:
    """One row of effort for a person's revision of a network's contour; drift watch and worklist follow."""
    structure_id, number = context.parameters["structure_id"], context.parameters["revision"]
    with context.session(read_only=True) as session:
        correction = find_correction(session, structure_id, number)
    if correction is None:
        return {"measured": False}
    effort = measure(correction)
    result: dict[str, Any] = {"measured": True}
    with context.finishing(result) as session:
        if find_correction(session, structure_id, number) is not None:
            session.add(effort)
            session.flush()
            if context.claim.project_id is not None:
                drift.watch(session, context.claim.project_id)
                gains.rank(session, context.claim.project_id)
    return result
