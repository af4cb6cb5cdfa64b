"""Features of a patient whom an analysis has not seen, measured as those that it learnt from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend.analyses.service import inputs_of
from backend.analyses.service.staleness import table_of
from backend.analyses.tables import Analysis, Prediction
from backend.cohorts.service import computing
from backend.cohorts.service.engine import engine_version
from rt.cohort import Column
from rt.errors import RtError
from workers.cpu.radiomics import measure
from workers.runtime import JobContext


class NoFeatures(RtError):
    """Features that the model needs were not given, and cannot be measured of the patient."""

    slug = "no-features"


@dataclass
class Measured:
    """What was measured, and of which contours."""

    values: dict[str, float | None] = field(default_factory=dict)
    contours: list[dict[str, Any]] = field(default_factory=list)
    """`{structure, structure_id, revision}`."""


def measured(context: JobContext, analysis: Analysis, asked: Prediction) -> Measured:
    """Features that the model reads and that were not given, of the newest approved contour of each set.

    NoFeatures where there is no such contour, or another version of the engine made those learnt from.
    """
    given = asked.inputs["values"]
    lacking = {one.name for one in inputs_of(analysis) if one.source == "feature" and one.name not in given}
    columns = [one for one in table_of(analysis).features if one.name in lacking]
    found = Measured()
    for set_id in dict.fromkeys(one.source["feature_set"] for one in columns):
        own = [one for one in columns if one.source["feature_set"] == set_id]
        _measure(context, asked.patient_id, own, found)
    return found


def _measure(context: JobContext, patient_id: str, columns: list[Column], found: Measured) -> None:
    source = columns[0].source
    if source["engine"] != engine_version():
        raise NoFeatures(
            "another version measured those learnt from: compute the features again, and analyse again",
            where=source["name"],
        )
    with context.session(read_only=True) as session:
        task = computing.task_for(session, source["feature_set"], patient_id)
    if isinstance(task, tuple):
        raise NoFeatures(task[1], where=task[0])
    made = measure(context, task)
    with context.session(read_only=True) as session:
        values = computing.values_of(session, made.extraction_id)
    found.values |= {one.name: values.get(one.source["feature"]) for one in columns}
    said = {key: task.chosen[key] for key in ("structure_id", "revision")}
    found.contours.append({"structure": source["structure"], **said})
