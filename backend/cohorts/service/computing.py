"""What the jobs of a feature set do with its rows: take a patient, keep what was computed, end together.

Several jobs share a set: each takes the next patient who waits.  A patient whose job died is free again, and
what was extracted of him is found by its content.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.service.choosing import choose
from backend.cohorts.service.engine import engine_version
from backend.cohorts.service.robustness import agreement
from backend.cohorts.tables import Cohort, Extraction, FeatureRow, FeatureSet
from backend.jobs.states import JobState
from backend.jobs.tables import Job
from backend.kit.clock import now
from backend.kit.db import session_scope
from rt.radiomics import Extraction as Extracted
from rt.radiomics import Settings


@dataclass(frozen=True)
class Task:
    """One patient to compute."""

    row_id: str
    project_id: str
    modality: str
    chosen: dict[str, Any]
    settings: Settings
    settings_digest: str
    engine: str
    perturbations: int
    position: int
    """Patients of the set who are settled."""
    total: int


@dataclass(frozen=True)
class Measured:
    """What came of a patient: the extractions by their ids."""

    extraction_id: str
    others: dict[str, list[str]]
    facts: dict[str, Any]
    """Added to what was chosen: the image that was measured."""


def take_row(session: Session, set_id: str, job_id: str) -> Task | None:
    """The next patient, claimed by this job; None when nobody waits who is not another job's."""
    row = repository.free_row(session, set_id, job_id)
    if row is None or row.chosen is None:
        return None
    row.claimed_by = job_id
    owner = session.get_one(FeatureSet, set_id)
    states = repository.states(session, set_id)
    return Task(
        row_id=row.id,
        project_id=session.get_one(Cohort, owner.cohort_id).project_id,
        modality=owner.modality,
        chosen=row.chosen,
        settings=Settings.from_json(owner.settings),
        settings_digest=owner.settings_digest,
        engine=owner.engine,
        perturbations=owner.perturbations,
        position=states.get("done", 0) + states.get("failed", 0),
        total=sum(states.values()),
    )


def task_for(session: Session, set_id: str, patient_id: str) -> Task | tuple[str, str]:
    """What is measured of one patient, in the set or not: by its settings, the newest approved contour.

    Slug and words where there is none, or the set was deleted.
    """
    owner = session.get(FeatureSet, set_id)
    if owner is None:
        return "not-found", "the feature set was deleted"
    project_id = session.get_one(Cohort, owner.cohort_id).project_id
    wanted = FeatureSet(structure=owner.structure, modality=owner.modality, source="approved")
    choice = choose(session, project_id, wanted, [patient_id])[patient_id]
    if choice.chosen is None:
        return choice.slug or "no-such-structure", choice.detail or owner.structure
    return Task(
        row_id="",
        project_id=project_id,
        modality=owner.modality,
        chosen=choice.chosen | {"ai": None, "readers": []},
        settings=Settings.from_json(owner.settings),
        settings_digest=owner.settings_digest,
        engine=engine_version(),
        perturbations=0,
        position=0,
        total=1,
    )


def values_of(session: Session, extraction_id: str) -> dict[str, float]:
    """The features of an extraction that have a value."""
    values: dict[str, float] = session.get_one(Extraction, extraction_id).values
    return values


def is_called_off(session: Session, set_id: str, job_id: str) -> bool:
    """Whether another of the jobs that share the set was cancelled since this one began."""
    mine, owner = session.get_one(Job, job_id), session.get(FeatureSet, set_id)
    if owner is None:
        return True
    return any(
        job.cancel_requested or (job.state == JobState.CANCELLED and _since(job, mine))
        for job in repository.jobs(session, [one for one in owner.job_ids if one != job_id])
    )


def _since(job: Job, mine: Job) -> bool:
    return None not in (job.finished_at, mine.started_at) and job.finished_at > mine.started_at  # type: ignore[operator]


def key_of(task: Task, image: str, mask: str, variant: str = "") -> str:
    """Names an extraction by its content; `variant` tells a disturbed contour from its mask."""
    content = [image, mask, variant, task.settings_digest, task.engine]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def find_extraction(session: Session, task: Task, key: str) -> str | None:
    """Id of the extraction of this content, where it was made before."""
    found = repository.extraction(session, task.project_id, key)
    return found.id if found else None


def keep_extraction(task: Task, key: str, made: Extracted) -> str:
    """Keep an extraction at once, so that a job that is killed goes on behind it; its id."""
    try:
        with session_scope() as session:
            row = Extraction(
                project_id=task.project_id, key=key, values=made.values, undefined=made.undefined
            )
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError:
        with session_scope(read_only=True) as session:
            found = repository.extraction(session, task.project_id, key)
        if found is None:
            raise
        return found.id


def settle(session: Session, row_id: str, outcome: Measured | tuple[str, str]) -> None:
    """What came of a patient: extractions, or slug and detail of why there are none."""
    row = session.get(FeatureRow, row_id)
    if row is None:
        return
    row.claimed_by, row.computed_at = None, now()
    if isinstance(outcome, Measured):
        row.state, row.extraction_id, row.others = "done", outcome.extraction_id, outcome.others
        row.chosen = {**(row.chosen or {}), **outcome.facts}
        row.slug = row.detail = None
    else:
        row.state, (row.slug, row.detail) = "failed", outcome


def finish_set(session: Session, set_id: str) -> dict[str, int]:
    """Tell how reliable the features are once nobody waits; how many are in each state.

    Patients that test have no part in it: features are chosen by it, and who tests must not choose.
    """
    states = repository.states(session, set_id)
    owner = session.get(FeatureSet, set_id)
    if owner is not None and not states.get("waiting"):
        members = repository.patients(session, owner.cohort_id)
        testing = {one.patient_id for one in members if one.role == "test"}
        rows = repository.feature_rows(session, set_id)
        owner.icc = agreement(session, [one for one in rows if one.patient_id not in testing])
    return states
