"""Who is in a cohort: the filter, and what is known of each patient."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.errors import NoSuchColumn
from backend.cohorts.schemas import (
    CohortPatientOut,
    Condition,
    ConditionOut,
    EndpointValue,
    LeftOut,
    PatientStudy,
)
from backend.cohorts.tables import Cohort, CohortColumn, CohortEndpoint, CohortPatient

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda value, wanted: value in wanted,
}
_PRESENCE = ("missing", "present")


@dataclass
class Members:
    """A cohort with its rows."""

    cohort: Cohort
    patients: Sequence[CohortPatient]
    columns: Sequence[CohortColumn]
    endpoints: Sequence[CohortEndpoint]
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    """By PatientID, of those whom the filter leaves out: the first condition that does not hold."""
    conditions: list[ConditionOut] = field(default_factory=list)
    """The filter, with whom each condition leaves out that those before it left in."""

    def included(self) -> list[CohortPatient]:
        """Patients that the filter leaves, in their order."""
        return [one for one in self.patients if one.patient_id not in self.left_out]


def load_members(session: Session, cohort: Cohort) -> Members:
    """The cohort's patients and values, the filter applied."""
    members = Members(
        cohort,
        repository.patients(session, cohort.id),
        repository.columns(session, cohort.id),
        repository.endpoints(session, cohort.id),
    )
    for condition in conditions_of(cohort):
        _apply(members, condition)
    return members


def conditions_of(cohort: Cohort) -> list[Condition]:
    """The filter."""
    return [Condition.model_validate(one) for one in cohort.conditions]


def check_condition(members: Members, condition: Condition) -> None:
    """NoSuchColumn where the cohort has no such column, or its kind cannot be compared so."""
    endpoints = {one.name for one in members.endpoints}
    if condition.op in _PRESENCE and condition.column in endpoints:
        return
    kinds = {one.name: one.kind for one in members.columns}
    if condition.column not in kinds:
        raise NoSuchColumn(f"the cohort has no variable {condition.column!r}", field="conditions")
    wanted = condition.value if isinstance(condition.value, list) else [condition.value]
    fitting = str if kinds[condition.column] == "category" else (int, float)
    if condition.op not in _PRESENCE and not all(isinstance(one, fitting) for one in wanted):
        detail = f"{condition.column} is a {kinds[condition.column]}, and is compared with one"
        raise NoSuchColumn(detail, field="conditions")
    if kinds[condition.column] == "category" and condition.op in ("<", "<=", ">", ">="):
        raise NoSuchColumn(f"{condition.column} is a category, which has no order", field="conditions")


def _apply(members: Members, condition: Condition) -> None:
    values = _values(members, condition.column)
    counts = {"value": 0, "missing": 0}
    for patient in members.included():
        reason = _reason(condition, values.get(patient.patient_id))
        if reason is not None:
            members.left_out[patient.patient_id] = LeftOut(column=condition.column, reason=reason)
            counts[reason] += 1
    shown = ConditionOut(**condition.model_dump(), left_out=counts["value"], missing=counts["missing"])
    members.conditions.append(shown)


def _values(members: Members, name: str) -> dict[str, Any]:
    """Values by PatientID; a column that was replaced by a file without it has none any more."""
    for column in members.columns:
        if column.name == name:
            return column.values
    return next((one.events for one in members.endpoints if one.name == name), {})


def _reason(condition: Condition, value: Any) -> Literal["value", "missing"] | None:
    if condition.op in _PRESENCE:
        if (value is None) == (condition.op == "missing"):
            return None
        return "missing" if value is None else "value"
    if value is None:
        return "missing"
    return None if _COMPARED[condition.op](value, condition.value) else "value"


def shown_patients(
    session: Session, members: Members, patients: Sequence[CohortPatient]
) -> list[CohortPatientOut]:
    """Some of the cohort's patients on the wire."""
    studies: dict[str, list[PatientStudy]] = defaultdict(list)
    ids = [one.patient_id for one in patients]
    for patient_id, study_id, uid, date in repository.studies_of(session, members.cohort.project_id, ids):
        studies[patient_id].append(PatientStudy(id=study_id, study_instance_uid=uid, study_date=date))
    return [
        CohortPatientOut.model_validate(
            {
                "patient_id": one.patient_id,
                "in_store": one.patient_id in studies,
                "studies": studies.get(one.patient_id, []),
                "role": one.role,
                "left_out": members.left_out.get(one.patient_id),
                "values": {column.name: column.values.get(one.patient_id) for column in members.columns},
                "endpoints": {
                    end.name: EndpointValue(
                        event=end.events.get(one.patient_id), time=end.times.get(one.patient_id)
                    )
                    for end in members.endpoints
                },
            }
        )
        for one in patients
    ]
