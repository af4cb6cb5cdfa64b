"""Suspected lesions: asked for, listed, and judged by readers; `workers/gpu/detect.py` finds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.detections import repository
from backend.detections.errors import NoDetector
from backend.detections.schemas import DetectionIn
from backend.detections.states import CandidateState
from backend.detections.tables import Candidate, Detection
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.kit.pagination import Part
from backend.projects.service import Permission
from backend.readings.service import finding as reader_studies
from backend.studies import service as studies
from backend.studies.errors import NoVolume
from backend.studies.tables import Series
from backend.training import networks
from backend.training.tables import NetworkVersion

SAME_PLACE_MM = 5.0
"""A candidate this near to one that was judged before is the same, and is judged already."""

SAID = {
    CandidateState.OPEN: "detections.candidate.opened",
    CandidateState.ACCEPTED: "detections.candidate.accepted",
    CandidateState.DISMISSED: "detections.candidate.dismissed",
}


@dataclass(frozen=True)
class DetectionRows:
    """A detection with the rows it refers to."""

    detection: Detection
    job: Job
    version: NetworkVersion
    candidates: Sequence[Candidate]


def start(session: Session, actor: Actor, study_id: str, body: DetectionIn) -> DetectionRows:
    """Let a detector look at a series; NoVolume, NoDetector where there is none."""
    study = studies.get_study(session, actor, study_id, Permission.ANNOTATE)
    version = networks.version_in_use(session, study.project_id, body.network)
    if version is None or not networks.detects(version):
        raise NoDetector(f"{body.network} is no detector that is installed here")
    series = _to_look_at(session, study.id, body.series_id, networks.modality_of(version))
    detection_id = new_id()
    job = jobs.enqueue(
        session,
        JobRequest(
            "detect", {"detection_id": detection_id}, study.project_id, study.id, created_by=actor.user_id
        ),
    )
    row = Detection(
        id=detection_id,
        project_id=study.project_id,
        study_row_id=study.id,
        series_row_id=series.id,
        network_version_id=version.id,
        job_id=job.id,
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor.user_id, "detections.detection.started", "detection", row.id, study.project_id
    )
    return DetectionRows(row, job, version, [])


def _to_look_at(session: Session, study_id: str, series_id: str | None, modality: str) -> Series:
    if series_id is None:
        found = studies.series_to_draw(session, study_id, modality)
    else:
        own = studies.series_of(session, study_id)
        found = next((one for one in own if one.id == series_id and one.modality == modality), None)
    if found is None or found.volume is None:
        raise NoVolume(f"the study has no such {modality} series with enough slices and a sound geometry")
    return found


def recent(session: Session, actor: Actor, study_id: str, part: Part) -> Sequence[DetectionRows]:
    """Detections of the study, newest first; Blinded for who reads it in an open reader study."""
    study = studies.get_study(session, actor, study_id, Permission.READ)
    rows = repository.detections(session, study.id, part)
    if rows:
        reader_studies.keep_ai_from_readers(session, actor, study.id)
    found: dict[str, list[Candidate]] = {row.id: [] for row in rows}
    for candidate in repository.candidates(session, found):
        found[candidate.detection_id].append(candidate)
    return [_with_rows(session, row, found[row.id]) for row in rows]


def judge(session: Session, actor: Actor, candidate_id: str, state: CandidateState) -> Candidate:
    """Accept, dismiss or open a candidate again; NotFound of another project's; Blinded as `recent`."""
    candidate = repository.candidate(session, candidate_id)
    if candidate is None:
        raise NotFound("there is no such candidate")
    detection = session.get_one(Detection, candidate.detection_id)
    studies.get_study(session, actor, detection.study_row_id, Permission.ANNOTATE)
    reader_studies.keep_ai_from_readers(session, actor, detection.study_row_id)
    if candidate.state != state:
        candidate.state = state
        candidate.decided_by, candidate.decided_at = actor.user_id, now()
        audit.record(session, actor.user_id, SAID[state], "candidate", candidate.id, detection.project_id)
        jobs.announce(session, "detection", detection.study_row_id, detection.project_id)
    return candidate


def keep(session: Session, detection_id: str, threshold: float, found: Sequence[dict[str, Any]]) -> None:
    """Store what a detector suspects, the most suspicious place first.

    `found` have `position_mm`, `score`, `volume_cc`, `box_mm` of `models.detection`.  What a reader said of a
    place that this detector pointed at before is said of the new candidate there; the newest word counts.
    """
    row = session.get_one(Detection, detection_id)
    row.threshold = threshold
    detector = repository.version(session, row.network_version_id).name
    judged = repository.decided(session, row.series_row_id, detector)
    for number, one in enumerate(found, start=1):
        candidate = Candidate(detection_id=row.id, number=number, state=CandidateState.OPEN, **one)
        for before in judged:
            if math.dist(before.position_mm, candidate.position_mm) <= SAME_PLACE_MM:
                candidate.state = before.state
                candidate.decided_by, candidate.decided_at = before.decided_by, before.decided_at
        session.add(candidate)
    jobs.announce(session, "detection", row.study_row_id, row.project_id)


def _with_rows(session: Session, row: Detection, candidates: Sequence[Candidate]) -> DetectionRows:
    job, version = repository.job(session, row.job_id), repository.version(session, row.network_version_id)
    return DetectionRows(row, job, version, candidates)
