"""Compute the derived structures of a study again whose sources changed, in order of dependency."""

from __future__ import annotations

from typing import Any

from backend.derivations import service as derivations
from backend.kit.errors import AppError
from workers.runtime import JobContext, job


@job("derive", queue="cpu")
def derive(context: JobContext) -> dict[str, Any]:
    """Names of the structures that follow again, and of those that cannot."""
    with context.session(read_only=True) as session:
        order = derivations.in_order(session, context.parameters["study_id"])
    result: dict[str, list[str]] = {"drawn": [], "stale": []}
    for position, structure_id in enumerate(order):
        context.check_cancelled()
        with context.session(read_only=True) as session:
            due = derivations.find_due(session, structure_id)
        if due is None:
            continue
        context.progress(position / len(order), "structure", name=due.name)
        outcome = derivations.settle(due)
        with context.session() as session:
            if derivations.write(session, due, outcome):
                result["stale" if isinstance(outcome, AppError) else "drawn"].append(due.name)
    return result
