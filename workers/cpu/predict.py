"""Say of a new patient what an analysis without torch has learnt to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from backend.analyses.tables import Analysis, Prediction
from backend.jobs import service as jobs
from models.statistics import outcomes_apply, subtypes, survival_model
from workers.cpu.measured import measured
from workers.runtime import JobContext, job

Predict = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def _outcome(model: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Of the one patient with these values."""
    return outcomes_apply.predict(model, {name: [value] for name, value in values.items()})[0]


KINDS: dict[str, Predict] = {
    "subtypes": subtypes.predict,
    "survival": survival_model.predict,
    "outcome": _outcome,
}
"""From a model and a patient's values to what is predicted."""


@job("predict", queue="cpu")
def predict(context: JobContext) -> dict[str, Any]:
    """The prediction, or a problem of `models.statistics` or of the contour by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(Prediction, context.parameters["prediction_id"])
        analysis = session.get_one(Analysis, row.analysis_id)
    model = json.loads(context.storage.get(analysis.files["model"]))
    more = measured(context, analysis, row)
    value = KINDS[analysis.kind](model, more.values | row.inputs["values"])
    known = {name: one for name, one in more.values.items() if one is not None}
    result = {"analysis_id": analysis.id, "prediction_id": row.id}
    with context.finishing(result) as session:
        done = session.get_one(Prediction, row.id)
        done.value, done.inputs = value, row.inputs | {"measured": known, "revisions": more.contours}
        jobs.announce(session, "prediction", row.id, analysis.project_id)
    return result
