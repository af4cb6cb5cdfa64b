"""The clinical table of a cohort as a file, as it was read and with what was decided since."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.cohorts.service.members import load_members
from backend.cohorts.tables import Cohort
from backend.kit.spreadsheets import Cell, csv_bytes
from backend.projects.deidentification import deidentifier
from backend.projects.tables import DeidentificationMode


def clinical_csv(session: Session, cohort: Cohort) -> bytes:
    """CSV with a row a patient: PatientID, part in the split, whether the filter leaves him, what is known.

    Units stand in the header in brackets; a missing value is an empty cell; no cell is a formula.  Where a
    project exports without names the patients are called by their pseudonyms.
    """
    pseudonymous = deidentifier(session, cohort.project_id, DeidentificationMode.EXPORT)
    members = load_members(session, cohort)
    header = ["patient_id", "role", "left_out_by"]
    header += [_titled(one.name, one.unit) for one in members.columns]
    for end in members.endpoints:
        header.append(end.name)
        if end.kind == "survival":
            header.append(_titled(f"{end.name}: time", end.unit))
    rows: list[list[Cell]] = []
    for one in members.patients:
        patient = one.patient_id
        left_out = members.left_out.get(patient)
        row: list[Cell] = [
            pseudonymous.patient(patient, "") if pseudonymous else patient,
            one.role,
            left_out.column if left_out else None,
        ]
        row += [column.values.get(patient) for column in members.columns]
        for end in members.endpoints:
            row.append(end.events.get(patient))
            if end.kind == "survival":
                row.append(end.times.get(patient))
        rows.append(row)
    return csv_bytes(header, rows)


def _titled(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
