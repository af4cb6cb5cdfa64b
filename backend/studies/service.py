"""Studies, series and volumes as other features and the browser see them.

`import_path`, `settle`, `assemble_series` and `with_volume` open transactions of their own, because they
parse and write blobs in between; everything else works in the caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.schemas import UserOut
from backend.audit.service import record
from backend.jobs.service import announce
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.pagination import Page, decode_cursor, encode_cursor
from backend.projects.service import Permission, require
from backend.studies import repository
from backend.studies.choosing import says_another_region, series_to_draw
from backend.studies.derived import reference_of, replace_derived_instance, store_derived_object
from backend.studies.errors import NoVolume
from backend.studies.imports import import_path
from backend.studies.registrations import Link, link, of_patient, registered_doses
from backend.studies.repository import Cursor
from backend.studies.schemas import (
    SeriesOut,
    StructureCounts,
    StructureSetRow,
    StudyDetail,
    StudyQuery,
    StudyRow,
    StudySort,
)
from backend.studies.settling import FORGOTTEN, WITH_VOLUME, assemble_series, settle, settle_forgotten
from backend.studies.tables import Patient, Series, Study
from backend.studies.volumes import load_volume
from rt.geometry import Grid

__all__ = [
    "assemble_series",
    "delete_study",
    "get_series",
    "get_study",
    "import_path",
    "load_volume",
    "reference_of",
    "registration_between",
    "replace_derived_instance",
    "says_another_region",
    "series_of",
    "series_to_draw",
    "settle",
    "settle_forgotten",
    "store_derived_object",
    "study_detail",
    "update_study",
    "with_volume",
    "worklist",
]


def get_study(session: Session, actor: Actor, study_id: str, permission: Permission) -> Study:
    """A study, when the actor may do this in its project; NotFound also when it is not theirs."""
    found = repository.study(session, study_id)
    if found is None:
        raise NotFound("there is no such study")
    _require(session, actor, found[0], permission, "study")
    return found[0]


def get_series(session: Session, actor: Actor, series_id: str, permission: Permission) -> Series:
    """A series, when the actor may do this in its project; NotFound also when it is not theirs."""
    found = repository.series_with_study(session, series_id)
    if found is None:
        raise NotFound("there is no such series")
    _require(session, actor, found[1], permission, "series")
    return found[0]


def _require(session: Session, actor: Actor, study: Study, permission: Permission, kind: str) -> None:
    try:
        require(session, actor, study.project_id, permission)
    except NotFound as missing:
        raise NotFound(f"there is no such {kind}") from missing


def series_of(session: Session, study_id: str) -> Sequence[Series]:
    """All series of a study, in the order of their numbers."""
    return repository.series_of(session, [study_id])


def registration_between(
    session: Session, patient_row_id: str, frames: tuple[str, str], grid: Grid
) -> Link | None:
    """The registration that brings a patient's first frame of reference to the second, where a grid lies."""
    return link(of_patient(session, patient_row_id), *frames, grid)


def with_volume(series: Series) -> Series:
    """The series with its voxels assembled, now if they were not; NoVolume when its geometry was refused."""
    if series.volume is None:
        assemble_series(series.id)
        with session_scope(read_only=True) as session:
            series = session.get_one(Series, series.id)
    if series.volume is None:
        refusals = [w["detail"] for w in series.warnings if w["severity"] == "refusal"]
        raise NoVolume("; ".join(refusals) or "it holds no images")
    return series


def worklist(session: Session, actor: Actor, project_id: str, query: StudyQuery) -> Page[StudyRow]:
    """A page of the project's studies."""
    require(session, actor, project_id, Permission.READ)
    limit = query.limit
    found = repository.worklist(session, project_id, query, _decoded(query), limit + 1)
    rows = _rows(session, found[:limit])
    if len(found) <= limit:
        return Page(items=rows)
    return Page(items=rows, next_cursor=_encoded(query, *found[limit - 1]))


def _decoded(query: StudyQuery) -> Cursor | None:
    if query.cursor is None:
        return None
    if query.sort in (StudySort.GAIN_DOWN, StudySort.GAIN_UP):
        gain, last_id = decode_cursor(query.cursor, (float, str))
        return Cursor(gain, str(last_id))
    value, last_id = decode_cursor(query.cursor, (str, str))
    if not query.sort.value.endswith("ed_at"):
        return Cursor(value, str(last_id))
    try:
        return Cursor(datetime.fromisoformat(str(value)).astimezone(UTC), str(last_id))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("the cursor is not one that this list gave", field="cursor") from error


def _encoded(query: StudyQuery, study: Study, patient: Patient) -> str:
    key, _ = repository.sort_key(query.sort)
    value = getattr(study if key.class_ is Study else patient, key.key)
    return encode_cursor(value.isoformat() if isinstance(value, datetime) else value, study.id)


def study_detail(session: Session, actor: Actor, study_id: str) -> StudyDetail:
    """A study with its series and structure sets."""
    found = repository.study(session, study_id)
    if found is None:
        raise NotFound("there is no such study")
    _require(session, actor, found[0], Permission.READ, "study")
    row = _rows(session, [found])[0]
    series = repository.series_of(session, [study_id])
    counts = repository.instance_counts(session, [s.id for s in series])
    by_set = repository.structure_counts(session, [study_id])
    by_rule = repository.sets_by_rule(session, study_id)
    return StudyDetail(
        **row.model_dump(),
        series=[_series_out(s, counts.get(s.id, 0)) for s in series],
        structure_sets=[
            StructureSetRow(
                id=found_set.id,
                series_id=found_set.series_row_id,
                label=found_set.label,
                origin=found_set.origin,
                structures=_counts([by_set.get(found_set.id, {})]),
                by_rule=found_set.id in by_rule,
                created_at=found_set.created_at,
            )
            for found_set in repository.structure_sets(session, [study_id])
        ],
        registered_doses=registered_doses(session, found[0], series),
    )


def _series_out(series: Series, count: int) -> SeriesOut:
    return SeriesOut.model_validate(
        {
            "id": series.id,
            "series_instance_uid": series.series_instance_uid,
            "modality": series.modality,
            "description": series.description,
            "number": series.number,
            "body_part": series.body_part,
            "instance_count": count,
            "warnings": series.warnings,
            "volume": series.volume,
            "derived": series.structure_set_id is not None,
        }
    )


def _rows(session: Session, found: Sequence[tuple[Study, Patient]]) -> list[StudyRow]:
    """Worklist lines, with one question to the database for each kind of detail."""
    ids = [study.id for study, _ in found]
    series = repository.series_of(session, ids)
    instances = repository.instance_counts(session, [s.id for s in series])
    ai = repository.ai_states(session, ids)
    sets = repository.structure_sets(session, ids)
    by_set = repository.structure_counts(session, ids)
    users = repository.users(session, {study.assignee_id for study, _ in found if study.assignee_id})
    rows = []
    for study, patient in found:
        own = [s for s in series if s.study_row_id == study.id]
        counts = _counts([by_set.get(s.id, {}) for s in sets if s.study_row_id == study.id])
        assignee = users.get(study.assignee_id or "")
        rows.append(
            StudyRow.model_validate(
                {
                    **_columns(study, patient),
                    "modalities": sorted({s.modality for s in own}),
                    "series_count": len(own),
                    "instance_count": sum(instances.get(s.id, 0) for s in own),
                    "arriving": _is_arriving(study, own),
                    "assignee": UserOut.model_validate(assignee) if assignee else None,
                    "ai": ai.get(study.id, "none"),
                    "structures": counts,
                    "warnings": [warning for s in own for warning in s.warnings],
                }
            )
        )
    return rows


def _is_arriving(study: Study, series: Sequence[Series]) -> bool:
    """True while an image series waits for its volume; a sender that fell silent is not waited for."""
    unsettled = any(s.modality in WITH_VOLUME and s.volume is None and not s.warnings for s in series)
    return unsettled and now() - study.updated_at < FORGOTTEN


def _columns(study: Study, patient: Patient) -> dict[str, Any]:
    return {
        "id": study.id,
        "project_id": study.project_id,
        "study_instance_uid": study.study_instance_uid,
        "patient_id": patient.patient_id,
        "patient_name": patient.name,
        "birth_date": patient.birth_date,
        "sex": patient.sex,
        "study_date": study.study_date,
        "description": study.description,
        "state": study.state,
        "expected_gain": study.expected_gain if study.expected_gain >= 0 else None,
        "gain_reason": study.gain_reason,
        "imported_at": study.imported_at,
        "updated_at": study.updated_at,
    }


def _counts(states: Sequence[dict[str, int]]) -> StructureCounts:
    """What is reviewed here, as `labels.service.involvement.reviewed_here` says it for a study's state."""
    total: Counter[str] = Counter()
    for counted in states:
        total.update(counted)
    imported = total.pop(repository.UNTOUCHED, 0)
    worked_on = total.total()
    return StructureCounts(
        total=worked_on or imported,
        approved=total["approved"],
        submitted=total["submitted"],
        returned=total["returned"],
        imported=imported if worked_on else 0,
    )


def update_study(session: Session, actor: Actor, study_id: str, assignee_id: str | None) -> StudyDetail:
    """Give a study to a member of its project, or to nobody."""
    study = get_study(session, actor, study_id, Permission.ANNOTATE)
    if assignee_id is not None and not repository.is_member(session, study.project_id, assignee_id):
        raise InvalidInput("this user is not a member of the project", field="assignee_id")
    study.assignee_id = assignee_id
    study.updated_at = now()
    record(
        session, actor.user_id, "studies.study.assigned", "study", study.id,
        project_id=study.project_id, changes={"assignee_id": assignee_id},
    )  # fmt: skip
    announce(session, "study", study.id, study.project_id)
    session.flush()
    return study_detail(session, actor, study_id)


def delete_study(session: Session, actor: Actor, study_id: str) -> None:
    """Delete a study with all that was drawn on it; its blobs are left to the sweep of unnamed ones."""
    study = get_study(session, actor, study_id, Permission.ADMINISTER)
    record(
        session, actor.user_id, "studies.study.deleted", "study", study.id,
        project_id=study.project_id, changes={"study_instance_uid": study.study_instance_uid},
    )  # fmt: skip
    announce(session, "study", study.id, study.project_id)
    repository.delete_study(session, study)
