"""Who is no longer as an analysis saw him: the cohort frozen anew beside the one that it had."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.analyses.schemas import AnalysisWarning, ChangedPatient
from backend.analyses.tables import Analysis
from backend.cohorts import service as cohorts
from backend.cohorts.errors import EmptyCohort
from backend.cohorts.tables import Cohort, FeatureSet
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from rt.cohort import CohortTable


def table_of(row: Analysis) -> CohortTable:
    """The cohort as the analysis saw it."""
    return CohortTable.from_json(storage().get(row.table_sha256).decode())


def stale_of(session: Session, row: Analysis) -> list[ChangedPatient]:
    """Patients whose values, endpoints or part in the split are others now, who came and who left."""
    then = table_of(row)
    try:
        now = cohorts.frozen(session, row.cohort_id, row.feature_sets)
    except (EmptyCohort, NotFound):  # nobody is left, or a feature set was deleted
        return [ChangedPatient(patient_id=one, reason="left") for one in then.patients]
    redrawn = _redrawn(session, row, set(then.patients))
    if now.digest() == row.table_sha256:
        return redrawn
    before, after = _by_patient(then), _by_patient(now)
    found = redrawn + [
        ChangedPatient(patient_id=one, reason="left") for one in then.patients if one not in after
    ]
    for patient, (role, values) in after.items():
        if patient not in before:
            found.append(ChangedPatient(patient_id=patient, reason="joined"))
        elif values != before[patient][1]:
            found.append(ChangedPatient(patient_id=patient, reason="values-changed"))
        elif role != before[patient][0]:
            found.append(ChangedPatient(patient_id=patient, reason="role-changed"))
    return found


def _redrawn(session: Session, row: Analysis, patients: set[str]) -> list[ChangedPatient]:
    """Patients whose features are not of the contour that is there now."""
    cohort = session.get_one(Cohort, row.cohort_id)
    return [
        ChangedPatient(
            patient_id=one.patient_id,
            reason="contour-changed",
            structure_set_id=one.structure_set_id,
            structure_id=one.structure_id,
            revision=one.revision,
            head=one.head,
        )
        for set_id in row.feature_sets
        for one in cohorts.stale(session, cohort, session.get_one(FeatureSet, set_id))
        if one.patient_id in patients
    ]


def warnings_now(row: Analysis, stale: list[ChangedPatient]) -> list[AnalysisWarning]:
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
