"""Reader studies designed, opened, closed and deleted, by who administers the project."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.kit import clock
from backend.kit.pagination import Part
from backend.projects import service as projects
from backend.projects.service import PERMISSIONS, Permission
from backend.projects.tables import Role
from backend.readings import repository
from backend.readings.errors import DesignFixed, DesignIncomplete, StudyNotOpen, WrongDesign
from backend.readings.ordering import plan
from backend.readings.schemas import CaseIn, CasesIn, ReaderIn, ReaderStudyIn
from backend.readings.service.finding import Place, as_owner
from backend.readings.tables import CaseReading, ReaderStudy, StudyCase, StudyReader

HEADER = ["study_id", "x_mm", "y_mm", "z_mm", "confidence"]


def recent(session: Session, actor: Actor, project_id: str, part: Part) -> Sequence[ReaderStudy]:
    """Reader studies of a project, newest first."""
    projects.require(session, actor, project_id, Permission.READ)
    return repository.studies(session, project_id, part)


def create(session: Session, actor: Actor, project_id: str, body: ReaderStudyIn) -> ReaderStudy:
    """A draft; WrongDesign names a reader who cannot be one."""
    projects.require(session, actor, project_id, Permission.ADMINISTER)
    row = ReaderStudy(project_id=project_id, created_by=actor.user_id)
    _fill(row, body)
    session.add(row)
    session.flush()
    _set_readers(session, row, body.readers)
    audit.record(session, actor.user_id, "readings.study.created", "reader-study", row.id, project_id)
    return row


def change(session: Session, actor: Actor, place: Place, body: ReaderStudyIn) -> ReaderStudy:
    """Another design of a draft, its cases stay; DesignFixed once it was opened."""
    row = _draft(session, actor, place)
    _fill(row, body)
    repository.clear_readers(session, row.id)
    _set_readers(session, row, body.readers)
    audit.record(session, actor.user_id, "readings.study.changed", "reader-study", row.id, row.project_id)
    return row


def _fill(row: ReaderStudy, body: ReaderStudyIn) -> None:
    row.name, row.description = body.name, body.description
    row.conditions = [one.model_dump() for one in body.conditions]
    row.washout_days, row.seed = body.washout_days, body.seed


def _draft(session: Session, actor: Actor, place: Place) -> ReaderStudy:
    row = as_owner(session, actor, place, lock=True)
    if row.state != "draft":
        raise DesignFixed(f"the study is {row.state}: its design no longer changes")
    return row


def _set_readers(session: Session, row: ReaderStudy, readers: Sequence[ReaderIn]) -> None:
    """Members who may not administer the project: who may would see the truth."""
    _check_roles(session, row.project_id, [one.user_id for one in readers])
    for position, one in enumerate(readers):
        session.add(
            StudyReader(
                reader_study_id=row.id, user_id=one.user_id, code=f"R{position + 1}", level=one.level,
                position=position,
            )
        )  # fmt: skip
    session.flush()


def _check_roles(session: Session, project_id: str, user_ids: Sequence[str]) -> None:
    roles = repository.roles(session, project_id, user_ids)
    for position, user_id in enumerate(user_ids):
        role = roles.get(user_id)
        if role is None:
            raise WrongDesign("a reader is not a member of the project", field=f"readers.{position}")
        if Permission.ADMINISTER in PERMISSIONS[Role(role)]:
            raise WrongDesign(
                "who administers the project sees the truth and cannot read", field=f"readers.{position}"
            )


def set_cases(session: Session, actor: Actor, place: Place, body: CasesIn) -> ReaderStudy:
    """The cases of a draft with their truth; WrongDesign names the first that cannot be one."""
    row = _draft(session, actor, place)
    images = repository.images(session, row.project_id, [one.study_id for one in body.cases])
    marked = {one.study_row_id: one.candidates for one in repository.cases(session, row.id)}
    repository.clear_cases(session, row.id)
    seen: set[str] = set()
    for position, one in enumerate(body.cases):
        field = f"cases.{position}"
        if one.study_id in seen:
            raise WrongDesign("this study is there twice", field=field)
        seen.add(one.study_id)
        session.add(
            StudyCase(
                reader_study_id=row.id, study_row_id=one.study_id, series_id=_series(one, images, field),
                code=f"C{position + 1:03d}", position=position, positive=one.positive,
                lesions=_lesions(one, field),
                candidates=marked.get(one.study_id, [])
                if one.candidates is None
                else [mark.model_dump() for mark in one.candidates],
            )
        )  # fmt: skip
    session.flush()
    changes = {"cases": len(body.cases)}
    audit.record(
        session, actor.user_id, "readings.study.cases_set", "reader-study", row.id, row.project_id, changes
    )
    return row


def _series(one: CaseIn, images: dict[str, list[str]], field: str) -> str:
    there = images.get(one.study_id)
    if there is None:
        raise WrongDesign("the project has no such study", field=field)
    if one.series_id is not None and one.series_id not in there:
        raise WrongDesign("the study has no such series with a volume", field=field)
    if one.series_id is None and len(there) != 1:
        raise WrongDesign(f"the study has {len(there)} series with a volume: name one", field=field)
    return one.series_id or there[0]


def _lesions(one: CaseIn, field: str) -> list[dict[str, object]] | None:
    if one.lesions is None:
        return None
    if bool(one.lesions) != one.positive:
        raise WrongDesign("positive cases have lesions and negative ones have none", field=field)
    return [lesion.model_dump() for lesion in one.lesions]


def set_candidates(session: Session, actor: Actor, place: Place, text: str) -> ReaderStudy:
    """The AI's marks of all cases from a table; those of cases that it does not name are none."""
    row = _draft(session, actor, place)
    cases = {one.study_row_id: one for one in repository.cases(session, row.id)}
    found: dict[str, list[dict[str, object]]] = {}
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    if [cell.strip() for cell in next(reader, [])] != HEADER:
        raise WrongDesign(f"line 1: the header is {','.join(HEADER)}", line=1)
    for line, cells in enumerate(reader, 2):
        if not cells:
            continue
        if len(cells) != len(HEADER) or cells[0].strip() not in cases:
            raise WrongDesign(f"line {line}: not a study of this design and four numbers", line=line)
        *position, confidence = _numbers(cells[1:], line)
        found.setdefault(cells[0].strip(), []).append({"position_mm": position, "confidence": confidence})
    for study_id, case in cases.items():
        case.candidates = found.get(study_id, [])
    session.flush()
    changes = {"marks": sum(map(len, found.values()))}
    audit.record(
        session,
        actor.user_id,
        "readings.study.candidates_set",
        "reader-study",
        row.id,
        row.project_id,
        changes,
    )
    return row


def _numbers(cells: Sequence[str], line: int) -> list[float]:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)) or not 0 <= numbers[-1] <= 100:
        raise WrongDesign(f"line {line}: positions in mm and a confidence from 0 to 100", line=line)
    return numbers


def open_study(session: Session, actor: Actor, place: Place) -> ReaderStudy:
    """Fix the design and deal out every reading; DesignIncomplete says what lacks.

    WrongDesign names a reader who can no longer be one.
    """
    row = _draft(session, actor, place)
    readers, cases = repository.readers(session, row.id), repository.cases(session, row.id)
    if not readers:
        raise DesignIncomplete("nobody reads it")
    _check_roles(session, row.project_id, [one.user_id for one in readers])
    if len({one.positive for one in cases}) < 2:
        raise DesignIncomplete("it needs positive and negative cases")
    for one in plan(len(readers), [case.positive for case in cases], len(row.conditions), row.seed):
        session.add(
            CaseReading(
                reader_study_id=row.id, case_id=cases[one.case].id, user_id=readers[one.reader].user_id,
                condition=one.condition, session=one.session, position=one.position,
            )
        )  # fmt: skip
    row.state, row.opened_at = "open", clock.now()
    audit.record(session, actor.user_id, "readings.study.opened", "reader-study", row.id, row.project_id)
    return row


def close_study(session: Session, actor: Actor, place: Place) -> ReaderStudy:
    """End reading; what is not finished stays unfinished.  StudyNotOpen."""
    row = as_owner(session, actor, place, lock=True)
    if row.state != "open":
        raise StudyNotOpen(f"the study is {row.state}")
    row.state, row.closed_at = "closed", clock.now()
    audit.record(session, actor.user_id, "readings.study.closed", "reader-study", row.id, row.project_id)
    return row


def delete(session: Session, actor: Actor, place: Place) -> None:
    """Forget a study with all its readings and analyses."""
    row = as_owner(session, actor, place, lock=True)
    audit.record(session, actor.user_id, "readings.study.deleted", "reader-study", row.id, row.project_id)
    session.delete(row)
