"""A table read by a dictionary, all parts together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backend.cohorts.reading.checking import (
    Checked,
    cells_of,
    check_rows,
    find_patients,
    layout,
    read_variable,
)
from backend.cohorts.reading.decoding import Sheet
from backend.cohorts.reading.endpoints import read_endpoints
from backend.cohorts.reading.issues import Issues
from backend.cohorts.schemas import DictionaryColumn


def read_table(sheet: Sheet, dictionary: Sequence[DictionaryColumn]) -> Checked:
    """Patients, variables and endpoints of a table, and all its issues."""
    issues = Issues()
    columns = layout(sheet, dictionary, issues)
    check_rows(sheet, issues)
    patients = find_patients(sheet, columns, issues)
    cells = cells_of(sheet, columns, patients)
    rows = {patient: row for row, patient in patients.items()}
    checked = Checked(issues, list(patients.values()), rows)
    if not patients:
        return checked
    checked.variables = [read_variable(one, issues) for one in cells if one.described.role == "variable"]
    checked.endpoints = read_endpoints(cells, issues)
    names = Counter([one.name for one in checked.variables] + [one.name for one in checked.endpoints])
    for one in checked.variables:
        if names[one.name] > 1:
            issues.add("column-name-twice", f"{one.name} is the name of another one", None, one.header, None)
    return checked
