"""Feature sets: asked for, computed again where contours changed, and what is said of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.cohorts import repository
from backend.cohorts.errors import BadFeatureSettings, CohortNameTaken, EmptyCohort, FeatureSetBusy
from backend.cohorts.schemas_features import FeatureSetIn, StaleReason
from backend.cohorts.service.choosing import Choice, choose
from backend.cohorts.service.cohorts import find
from backend.cohorts.service.engine import engine_version
from backend.cohorts.tables import Cohort, FeatureRow, FeatureSet
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.states import FINAL
from backend.jobs.tables import Job
from backend.kit.errors import NotFound
from backend.kit.pagination import Part
from backend.projects.service import Permission
from rt.errors import RadiomicsSettingsError
from rt.radiomics import Settings, presets

SHARES = 4
"""Jobs that share one request: so many workers compute at once."""


@dataclass(frozen=True)
class Stale:
    """A patient whose features are not those of what is there now."""

    row: FeatureRow | None
    patient_id: str
    reason: StaleReason
    head: int | None


def start(session: Session, actor: Actor, place: tuple[str, str], body: FeatureSetIn) -> FeatureSet:
    """Choose a contour for each patient of the cohort, and queue the extraction."""
    cohort = find(session, actor, place, Permission.IMPORT, lock=True)
    if repository.feature_set_named(session, cohort.id, body.name) is not None:
        raise CohortNameTaken("another feature set of the cohort has this name", field="name")
    settings = _settings(body)
    row = FeatureSet(
        cohort_id=cohort.id,
        settings=settings.to_json(),
        settings_digest=digest_of(settings.to_json()),
        engine=engine_version(),
        created_by=actor.user_id,
        **body.model_dump(exclude={"settings"}),
    )
    session.add(row)
    session.flush()
    if not _renew(session, cohort, row):
        raise EmptyCohort("the cohort has no patients yet")
    _queue(session, actor, cohort, row)
    changes = {"structure": row.structure, "modality": row.modality}
    audit.record(
        session,
        actor.user_id,
        "cohorts.features.requested",
        "feature-set",
        row.id,
        cohort.project_id,
        changes,
    )
    return row


def _settings(body: FeatureSetIn) -> Settings:
    if body.preset is not None:
        if body.preset not in presets():
            raise BadFeatureSettings(f"there is no preset {body.preset!r}", field="preset")
        return presets()[body.preset]
    try:
        return Settings.from_json(body.settings or {})
    except RadiomicsSettingsError as error:
        raise BadFeatureSettings(str(error), field="settings") from error


def digest_of(settings: dict[str, Any]) -> str:
    """Names settings by their content."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def find_set(
    session: Session, actor: Actor, place: tuple[str, str], set_id: str, permission: Permission
) -> tuple[Cohort, FeatureSet]:
    """The cohort and its feature set; NotFound when it is another's."""
    lock = permission is not Permission.READ
    cohort = find(session, actor, place, permission, lock=lock)
    row = session.get(FeatureSet, set_id, with_for_update=lock or None)
    if row is None or row.cohort_id != cohort.id:
        raise NotFound("there is no such feature set")
    return cohort, row


def recent_sets(session: Session, actor: Actor, place: tuple[str, str], part: Part) -> Sequence[FeatureSet]:
    """Feature sets of a cohort, newest first."""
    return repository.feature_sets(session, find(session, actor, place, Permission.READ).id, part)


def recompute(session: Session, actor: Actor, place: tuple[str, str], set_id: str) -> FeatureSet:
    """Compute again what is stale or failed, and nothing else; FeatureSetBusy while it is computed."""
    cohort, row = find_set(session, actor, place, set_id, Permission.IMPORT)
    if any(job.state not in FINAL for job in jobs_of(session, row)):
        raise FeatureSetBusy("it is being computed")
    changes = {"patients": _renew(session, cohort, row, everybody=row.engine != engine_version())}
    row.engine = engine_version()
    if changes["patients"]:
        _queue(session, actor, cohort, row)
    audit.record(
        session,
        actor.user_id,
        "cohorts.features.recomputed",
        "feature-set",
        row.id,
        cohort.project_id,
        changes,
    )
    return row


def judge_again(session: Session, actor: Actor, cohort: Cohort) -> None:
    """Tell anew how reliable features are, since the split is fixed: patients that test have no part in it.

    Until the job is done a set has no ICC, so that nothing is chosen by the old one.
    """
    for row in repository.feature_sets(session, cohort.id):
        if row.icc and all(job.state in FINAL for job in jobs_of(session, row)):
            row.icc = {}
            parameters = {"feature_set_id": row.id}
            request = JobRequest("radiomics", parameters, cohort.project_id, created_by=actor.user_id)
            row.job_ids = [jobs.enqueue(session, request).id]


def delete_set(session: Session, actor: Actor, place: tuple[str, str], set_id: str) -> None:
    """Forget a feature set that is not being computed; extractions stay for the next one."""
    cohort, row = find_set(session, actor, place, set_id, Permission.IMPORT)
    if any(job.state not in FINAL for job in jobs_of(session, row)):
        raise FeatureSetBusy("it is being computed: cancel its job first")
    audit.record(session, actor.user_id, "cohorts.features.deleted", "feature-set", row.id, cohort.project_id)
    session.delete(row)


def jobs_of(session: Session, row: FeatureSet) -> list[Job]:
    """The jobs of the newest request, in the order of asking."""
    return repository.jobs(session, row.job_ids)


def stale_rows(session: Session, cohort: Cohort, row: FeatureSet) -> list[Stale]:
    """Patients for whom computing again would give something else than what is there."""
    rows = {one.patient_id: one for one in repository.feature_rows(session, row.id)}
    patients = [one.patient_id for one in repository.patients(session, cohort.id)]
    choices = choose(session, cohort.project_id, row, patients)
    changed_engine = row.engine != engine_version()
    found: list[Stale] = []
    for patient in patients:
        one, choice = rows.get(patient), choices[patient]
        reason = "engine" if changed_engine and one and one.state == "done" else _changed(one, choice)
        if reason is not None:
            head = choice.chosen["revision"] if choice.chosen else None
            found.append(Stale(one, patient, reason, head))
    return found


def _changed(row: FeatureRow | None, choice: Choice) -> StaleReason | None:
    if row is None:
        return "new-patient"
    if row.state == "waiting":
        return None
    if row.state == "failed":
        same = row.slug == choice.slug if row.chosen is None else _same(row.chosen, choice.chosen)
        return None if same else "there-now"
    if choice.chosen is None:
        return "gone"
    return None if _same(row.chosen, choice.chosen) else "contour"


def _same(before: dict[str, Any] | None, now: dict[str, Any] | None) -> bool:
    """Whether the same mask on the same images is meant; another revision with the same mask is the same."""
    kept = ("series_id", "structure_id", "mask")
    return before is not None and now is not None and all(before[key] == now[key] for key in kept)


def _renew(session: Session, cohort: Cohort, row: FeatureSet, *, everybody: bool = False) -> int:
    """Choose again; how many patients are begun anew: those stale, failed or new, or all of them.

    One engine makes all of a set: numbers of two are never mixed.
    """
    rows = {one.patient_id: one for one in repository.feature_rows(session, row.id)}
    patients = [one.patient_id for one in repository.patients(session, cohort.id)]
    choices = choose(session, cohort.project_id, row, patients)
    for patient, old in rows.items():
        if patient not in choices:
            session.delete(old)
    renewed = 0
    for position, patient in enumerate(patients):
        one = rows.get(patient)
        if one is None:
            one = FeatureRow(feature_set_id=row.id, patient_id=patient, position=position)
            session.add(one)
        one.position = position
        same = one.state == "done" and _same(one.chosen, choices[patient].chosen)
        if same and not everybody:
            continue
        renewed += 1
        _wait(one, choices[patient])
    session.flush()
    return renewed


def _wait(one: FeatureRow, choice: Choice) -> None:
    one.state = "waiting" if choice.chosen else "failed"
    one.chosen, one.slug, one.detail = choice.chosen, choice.slug, choice.detail
    one.extraction_id, one.others, one.claimed_by, one.computed_at = None, {}, None, None


def _queue(session: Session, actor: Actor, cohort: Cohort, row: FeatureSet) -> None:
    waiting = sum(one.state == "waiting" for one in repository.feature_rows(session, row.id))
    row.icc = {}
    parameters = {"feature_set_id": row.id}
    request = JobRequest("radiomics", parameters, cohort.project_id, created_by=actor.user_id)
    row.job_ids = [jobs.enqueue(session, request).id for _ in range(min(SHARES, max(1, waiting)))]
