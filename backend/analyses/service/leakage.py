"""What may let an analysis see more than it should, said with the patients concerned."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy.orm import Session

from backend.analyses import repository
from backend.analyses.schemas import AnalysisWarning
from backend.cohorts.tables import Cohort
from rt.cohort import CohortTable


def doubts(session: Session, cohort: Cohort, table: CohortTable) -> list[AnalysisWarning]:
    """What is known before the analysis."""
    return [*_same_persons(session, cohort, table), *_filters_by_outcome(cohort, table)]


def _same_persons(session: Session, cohort: Cohort, table: CohortTable) -> list[AnalysisWarning]:
    """Patients under several PatientIDs: equal name and birth date."""
    people: dict[tuple[str, str], list[str]] = defaultdict(list)
    roles = dict(zip(table.patients, table.roles, strict=True))
    for patient_id, name, birth_date in repository.persons(session, cohort.project_id, table.patients):
        people[name, birth_date].append(patient_id)
    found = []
    for patient_ids in people.values():
        if len(patient_ids) > 1:
            both = len({roles[one] for one in patient_ids}) > 1
            detail = "one name and birth date under several PatientIDs" + (
                ", which train and test" if both else ""
            )
            found.append(AnalysisWarning(slug="same-person", detail=detail, patients=sorted(patient_ids)))
    return found


def _filters_by_outcome(cohort: Cohort, table: CohortTable) -> list[AnalysisWarning]:
    """Conditions on what an endpoint was made from; that an endpoint is known may be asked for."""
    ends = {one.name for one in table.endpoints}
    sources = {
        (one.source["file_name"], column) for one in table.endpoints for column in one.source["columns"]
    }
    told = {
        one.name
        for one in table.clinical
        if any((one.source["file_name"], column) in sources for column in one.source["columns"])
    } | ends
    by = [one["column"] for one in cohort.conditions if one["column"] in told and one["op"] != "present"]
    detail = "the filter chooses patients by what happened to them: "
    return [
        AnalysisWarning(slug="filter-uses-outcome", detail=detail + name, patients=[])
        for name in dict.fromkeys(by)
    ]
