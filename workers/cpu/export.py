"""Write a project's training set as one zip in the blob store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.exports import service as exports
from backend.exports.schemas import TrainingSetIn
from backend.exports.training_set import complete_set, partial_set, write_monai, write_nnunet
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
    if wanted.format == "nnunet":
        chosen = replace(complete_set(cases, wanted.structures), deidentified=deidentified)
        path = write_nnunet(chosen, context.scratch, context.progress)
    else:
        chosen = replace(partial_set(cases, wanted.structures), deidentified=deidentified)
        path = write_monai(chosen, context.scratch, context.progress)
    context.check_cancelled()
    return {
        "cases": len(chosen.cases),
        "structures": list(chosen.structures),
        "left_out": len(chosen.left_out),
        "structures_left_out": list(chosen.structures_left_out),
        "bytes": path.stat().st_size,
        "sha256": context.storage.put_file(path),
    }
