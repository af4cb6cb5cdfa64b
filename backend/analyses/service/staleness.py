"""Who is no longer as an analysis saw him: the cohort frozen anew beside the one that it had."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.analyses.schemas import AnalysisWarning, StalePatient
from backend.analyses.tables import Analysis
from backend.cohorts import service as cohorts
from backend.cohorts.errors import EmptyCohort
from backend.kit.storage import storage
from rt.cohort import CohortTable


def table_of(row: Analysis) -> CohortTable:
    """The cohort as the analysis saw it."""
    return CohortTable.from_json(storage().get(row.table_sha256).decode())


def stale_of(session: Session, row: Analysis) -> list[StalePatient]:
    """Patients whose values, endpoints or part in the split are others now, who came and who left."""
    then = table_of(row)
    try:
        now = cohorts.frozen(session, row.cohort_id)
    except EmptyCohort:
        return [StalePatient(patient_id=one, reason="left") for one in then.patients]
    if now.digest() == row.table_sha256:
        return []
    before, after = _by_patient(then), _by_patient(now)
    found = [StalePatient(patient_id=one, reason="left") for one in then.patients if one not in after]
    for patient, (role, values) in after.items():
        if patient not in before:
            found.append(StalePatient(patient_id=patient, reason="joined"))
        elif values != before[patient][1]:
            found.append(StalePatient(patient_id=patient, reason="values-changed"))
        elif role != before[patient][0]:
            found.append(StalePatient(patient_id=patient, reason="role-changed"))
    return found


def warnings_now(row: Analysis, stale: list[StalePatient]) -> list[AnalysisWarning]:
    """What was doubted when it began, and a split that was fixed after it had learnt from everybody."""
    known = [AnalysisWarning.model_validate(one) for one in row.warnings]
    changed = [one.patient_id for one in stale if one.reason == "role-changed"]
    if not changed:
        return known
    detail = "the split was fixed after this analysis had learnt from patients who test now"
    return [*known, AnalysisWarning(slug="split-later", detail=detail, patients=changed)]


def _by_patient(table: CohortTable) -> dict[str, tuple[str, dict[str, Any]]]:
    """{patient: (role, what is known of him)}, without what is not known."""
    held: dict[str, dict[str, Any]] = {patient: {} for patient in table.patients}
    for column in (*table.clinical, *table.features):
        for patient, value in zip(table.patients, column.values, strict=True):
            if value is not None:
                held[patient][f"column {column.name}"] = (value, column.unit)
    for one in table.endpoints:
        times = one.times or (None,) * len(one.events)
        for patient, event, time in zip(table.patients, one.events, times, strict=True):
            if event is not None:
                held[patient][f"endpoint {one.name}"] = (event, time, one.unit)
    return {patient: (role, held[patient]) for patient, role in zip(table.patients, table.roles, strict=True)}
