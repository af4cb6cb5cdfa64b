"""Predictions of patients from whom an analysis has not learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.analyses import repository
from backend.analyses.errors import AnalysisNotDone, NothingToPredict, PatientWasLearntFrom, WrongValue
from backend.analyses.schemas import PredictionIn, Value
from backend.analyses.service.reading import Place, find
from backend.analyses.service.staleness import table_of
from backend.analyses.tables import Analysis, Prediction
from backend.audit import service as audit
from backend.cohorts.errors import NoSuchColumn
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.ids import new_id
from backend.kit.pagination import Part
from backend.projects.service import Permission
from rt.cohort import CohortTable


@dataclass(frozen=True)
class PredictionRows:
    """A prediction with its job."""

    prediction: Prediction
    job: Job


def predict(
    session: Session, actor: Actor, place: Place, analysis_id: str, body: PredictionIn
) -> PredictionRows:
    """Queue a prediction.

    AnalysisNotDone, NothingToPredict, PatientWasLearntFrom, NoSuchColumn, WrongValue.
    """
    row = find(session, actor, place, analysis_id, Permission.IMPORT).analysis
    _check_predicts(row)
    table = table_of(row)
    roles = dict(zip(table.patients, table.roles, strict=True))
    if roles.get(body.patient_id) in _learnt_from(row):
        raise PatientWasLearntFrom(f"the analysis has learnt from {body.patient_id}", field="patient_id")
    _check_values(table, body.values)
    prediction_id = new_id()
    parameters = {"prediction_id": prediction_id}
    kind = "predict-outcome" if row.kind == "outcome-network" else "predict"
    job = jobs.enqueue(session, JobRequest(kind, parameters, row.project_id, created_by=actor.user_id))
    made = Prediction(
        id=prediction_id,
        analysis_id=row.id,
        job_id=job.id,
        patient_id=body.patient_id,
        inputs={"values": body.values},
        created_by=actor.user_id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor.user_id, "analyses.prediction.started", "prediction", made.id, row.project_id)
    return PredictionRows(made, job)


def predictions(
    session: Session, actor: Actor, place: Place, analysis_id: str, part: Part
) -> Sequence[PredictionRows]:
    """Predictions by an analysis, newest first."""
    row = find(session, actor, place, analysis_id).analysis
    found = repository.predictions(session, row.id, part)
    return [PredictionRows(one, session.get_one(Job, one.job_id)) for one in found]


def _learnt_from(row: Analysis) -> tuple[str, ...]:
    """Parts of the split that the analysis has learnt from."""
    asked = row.config.get("patients", "train") if row.kind == "survival" else "train"
    return ("train", "test") if asked == "all" else (asked,)


def _check_predicts(row: Analysis) -> None:
    if "results" not in row.files:
        raise AnalysisNotDone("its results are not there yet, or it failed")
    if "model" not in row.files:
        raise NothingToPredict("nothing in this analysis tells patients apart, so it predicts nothing")


def _check_values(table: CohortTable, values: dict[str, Value]) -> None:
    kinds = {one.name: one.kind for one in (*table.clinical, *table.features)}
    for name, value in values.items():
        if name not in kinds:
            raise NoSuchColumn(f"the analysis saw no column {name}", field="values")
        if value is not None and isinstance(value, str) != (kinds[name] == "category"):
            raise WrongValue(f"{name} is a {kinds[name]}", field="values")
