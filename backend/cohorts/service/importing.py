"""A CSV file into a cohort: looked at, or taken whole, or refused whole.

A file is known by its name: the same name again replaces what it brought before.  Its bytes are not kept,
their SHA-256 is.  Once the split is fixed nobody joins or leaves: who is new is named, not taken in silence,
because a person who sees the results could otherwise choose his part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.cohorts import repository
from backend.cohorts.errors import TableRefused
from backend.cohorts.reading.checking import Checked
from backend.cohorts.reading.decoding import Sheet, read_sheet
from backend.cohorts.reading.guessing import guess
from backend.cohorts.reading.table import read_table
from backend.cohorts.schemas import DictionaryColumn, TableIn, TableOut
from backend.cohorts.service.cohorts import find
from backend.cohorts.tables import Cohort, CohortColumn, CohortEndpoint, CohortPatient, CohortTable
from backend.kit.ids import new_id
from backend.projects.deidentification import deidentifier
from backend.projects.service import Permission
from backend.projects.tables import DeidentificationMode

SAMPLED = 20
"""Rows that a preview shows."""


@dataclass(frozen=True)
class _Read:
    """A file as it was read, for one cohort."""

    body: TableIn
    sheet: Sheet
    dictionary: list[DictionaryColumn]
    checked: Checked
    absent: list[str]


def preview(session: Session, actor: Actor, place: tuple[str, str], body: TableIn) -> TableOut:
    """What a file says by its dictionary, or a guessed one, with all its issues; nothing is kept."""
    cohort = find(session, actor, place, Permission.IMPORT)
    return _shown(_read(session, cohort, body))


def take(session: Session, actor: Actor, place: tuple[str, str], body: TableIn) -> TableOut:
    """Take a file into the cohort; TableRefused with its issues where it has any."""
    cohort = find(session, actor, place, Permission.IMPORT, lock=True)
    read = _read(session, cohort, body)
    issues = read.checked.issues
    if issues.count:
        listed = [one.model_dump() for one in issues.listed[:200]]
        raise TableRefused(f"{issues.count} issues", issues=listed, issue_count=issues.count)
    _replace(session, actor, cohort, read)
    changes = {"columns": len(read.checked.variables), "endpoints": len(read.checked.endpoints)}
    audit.record(
        session, actor.user_id, "cohorts.table.imported", "cohort", cohort.id, cohort.project_id, changes
    )
    return _shown(read)


def _read(session: Session, cohort: Cohort, body: TableIn) -> _Read:
    sheet = read_sheet(body.csv, body.encoding)
    dictionary = guess(sheet) if body.dictionary is None else body.dictionary
    checked = _as_stored(session, cohort, read_table(sheet, dictionary))
    others = [one for one in repository.tables(session, cohort.id) if one.file_name != body.file_name]
    _check_names(session, cohort, checked, others)
    absent: list[str] = []
    if cohort.split is not None:
        absent = _check_patients(session, cohort, checked, dictionary)
    return _Read(body, sheet, dictionary, checked, absent)


def _as_stored(session: Session, cohort: Cohort, checked: Checked) -> Checked:
    """With the patients' pseudonyms where the project keeps no other names; those that are here stay."""
    pseudonymous = deidentifier(session, cohort.project_id, DeidentificationMode.IMPORT)
    if pseudonymous is None:
        return checked
    here = repository.ids_in_store(session, cohort.project_id, checked.patients)
    names = {one: one if one in here else pseudonymous.patient(one, "") for one in checked.patients}
    for variable in checked.variables:
        _rename(variable.values, names)
    for endpoint in checked.endpoints:
        _rename(endpoint.events, names)
        _rename(endpoint.times, names)
    checked.patients = [names[one] for one in checked.patients]
    checked.row_of = {names[one]: row for one, row in checked.row_of.items()}
    return checked


def _rename(
    values: dict[str, float | str] | dict[str, int] | dict[str, float], names: dict[str, str]
) -> None:
    renamed = {names[patient]: value for patient, value in values.items()}
    values.clear()
    values.update(renamed)  # type: ignore[arg-type]


def _check_names(session: Session, cohort: Cohort, checked: Checked, others: Sequence[CohortTable]) -> None:
    """Name the columns that another file of the cohort brought."""
    files = {one.id: one.file_name for one in others}
    owners = {one.name: one.table_id for one in repository.columns(session, cohort.id)}
    owners |= {one.name: one.table_id for one in repository.endpoints(session, cohort.id)}
    taken = {name: files[table_id] for name, table_id in owners.items() if table_id in files}
    headers = {one.name: one.header for one in checked.variables}
    headers |= {one.name: next(iter(one.headers.values())) for one in checked.endpoints}
    for name, header in headers.items():
        if name in taken:
            detail = f"{name} is in the cohort from {taken[name]}: give it another name, or ignore it"
            checked.issues.add("column-taken", detail, None, header, None)


def _check_patients(
    session: Session, cohort: Cohort, checked: Checked, dictionary: Sequence[DictionaryColumn]
) -> list[str]:
    """Name whoever would join after the split, and give those of the cohort who are not in the file."""
    known = {one.patient_id for one in repository.patients(session, cohort.id)}
    header = next((one.column for one in dictionary if one.role == "patient"), None)
    for patient in checked.patients:
        if patient not in known:
            detail = "the split is fixed, and this patient is in neither part: make another cohort"
            checked.issues.add("patient-after-split", detail, checked.row_of.get(patient), header, patient)
    return sorted(known - set(checked.patients))


def _replace(session: Session, actor: Actor, cohort: Cohort, read: _Read) -> None:
    for old in repository.tables(session, cohort.id):
        if old.file_name == read.body.file_name:
            session.delete(old)
    session.flush()
    table = CohortTable(
        id=new_id(),
        cohort_id=cohort.id,
        file_name=read.body.file_name,
        file_sha256=hashlib.sha256(read.body.csv).hexdigest(),
        encoding=read.sheet.encoding,
        separator=read.sheet.separator,
        dictionary=[one.model_dump() for one in read.dictionary],
        patients=read.checked.patients,
        created_by=actor.user_id,
        created_by_name=actor.display_name,
    )
    session.add(table)
    session.flush()
    _add_columns(session, cohort, table, read.checked)
    if cohort.split is None:
        _gather(session, cohort)


def _add_columns(session: Session, cohort: Cohort, table: CohortTable, checked: Checked) -> None:
    for position, one in enumerate(checked.variables):
        session.add(
            CohortColumn(
                cohort_id=cohort.id, table_id=table.id, position=position, name=one.name, kind=one.kind,
                unit=one.unit, header=one.header, values=one.values,
            )
        )  # fmt: skip
    for position, end in enumerate(checked.endpoints):
        session.add(
            CohortEndpoint(
                cohort_id=cohort.id, table_id=table.id, position=position, name=end.name, kind=end.kind,
                unit=end.unit, headers=end.headers, events=end.events, times=end.times,
            )
        )  # fmt: skip
    session.flush()


def _gather(session: Session, cohort: Cohort) -> None:
    """Let the patients be those of all files, in their order."""
    wanted = list(dict.fromkeys(p for table in repository.tables(session, cohort.id) for p in table.patients))
    here = {one.patient_id: one for one in repository.patients(session, cohort.id)}
    for patient_id, row in here.items():
        if patient_id not in wanted:
            session.delete(row)
    for position, patient_id in enumerate(wanted):
        if patient_id in here:
            here[patient_id].position = position
        else:
            session.add(CohortPatient(cohort_id=cohort.id, position=position, patient_id=patient_id))
    session.flush()


def _shown(read: _Read) -> TableOut:
    first = [list(row) for _, row in read.sheet.rows[:SAMPLED]]
    return TableOut(
        file_name=read.body.file_name,
        encoding=read.sheet.encoding,
        separator=read.sheet.separator,
        rows=len(read.sheet.rows),
        dictionary=read.dictionary,
        issues=read.checked.issues.listed,
        issue_count=read.checked.issues.count,
        sample=[list(read.sheet.header), *first],
        absent=read.absent,
    )
