"""Write a project's training set as one zip in the blob store."""

from __future__ import annotations

from typing import Any

from backend.exports import service as exports
from backend.exports.schemas import TrainingSetIn
from backend.exports.writing import choose, told, write
from workers.runtime import JobContext, job


@job("export", queue="cpu")
def export_training_set(context: JobContext) -> dict[str, Any]:
    """The zip's name in the blob store and what is in it."""
    parameters = dict(context.parameters)
    project_id = parameters.pop("project_id")
    wanted = TrainingSetIn.model_validate(parameters)
    with context.session(read_only=True) as session:
        cases = exports.training_cases(session, project_id, wanted)
        cases, wanted, deidentified = exports.leaving_names(session, project_id, cases, wanted)
    chosen = choose(cases, wanted, deidentified)
    chosen, path = write(chosen, wanted, context.scratch, context.progress)
    context.check_cancelled()
    return told(chosen, path) | {"sha256": context.storage.put_file(path)}
