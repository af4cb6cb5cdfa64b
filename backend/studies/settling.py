"""After files came in: check the geometry of each series, make its volume, and ask for the work that follows.

`settle` may run any number of times over the same studies and changes nothing the second time.  A series
that came in one piece is assembled at once; one that arrives instance by instance is left to the job
`assemble`, so that a slow sender does not have it assembled for every slice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import column, select, table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.jobs.service import JobRequest, announce, enqueue
from backend.jobs.tables import Job
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies import registrations, volumes
from backend.studies.choosing import series_to_draw
from backend.studies.following import follow_dose, follow_registration
from backend.studies.tables import Instance, Series, Study
from backend.webhooks import service as webhooks
from rt.dicom.series import GeometryFinding, check_geometry
from rt.errors import GeometryError, RtError

WITH_VOLUME = frozenset({"CT", "MR", "PT", "RTDOSE"})
STRUCTURE_MODALITIES = frozenset({"RTSTRUCT", "SEG"})
QUIET_S = 2.0
"""How long jobs wait for more instances of the same series."""
LATE = "late-images"
FORGOTTEN = timedelta(minutes=2)
"""A series without volume and warning is arriving until it was quiet this long: then its sender is gone."""
_SETS = table("structure_sets", column("id"), column("series_row_id"), column("source_instance_id"))
_STRUCTURES = table("structures", column("id"), column("structure_set_id"))
_REVISIONS = table("revisions", column("structure_id"), column("author_id"))

Outcome = tuple[list[dict[str, Any]], volumes.Built | None]
"""Findings as JSON, and the volume where there is one."""
log = structlog.get_logger()


def settle(
    study_ids: Collection[str], arrived: Mapping[str, int] | None = None, later: list[str] | None = None
) -> None:
    """Settle the studies; `arrived` counts what each series has just received while more may come.

    Without it the sender has said that all is there, and every series is assembled now.  `later` takes the
    new series whose volumes nobody waits for yet: the caller assembles them once it has answered.  If it
    dies before, `settle_forgotten` asks for them.
    """
    for study_id in sorted(set(study_ids)):
        with session_scope(read_only=True) as session:
            series = session.scalars(select(Series).where(Series.study_row_id == study_id)).all()
        images = [s for s in series if s.modality in WITH_VOLUME]
        for one in images:
            if arrived is None or one.id in arrived:
                _settle_series(one, arrived, later)
        _settle_registrations(study_id)
        with session_scope() as session:
            study = session.get(Study, study_id)
            if study is not None:
                _ask_for_structures(session, study, again=False)
                registrations.warn_of_unregistered(session, study.patient_row_id)


def _settle_registrations(study_id: str) -> None:
    """Keep the registrations that came, or whose images came, each with the asking for what it may move."""
    for instance, content in registrations.unread(study_id):
        with suppress(IntegrityError), session_scope() as session:  # another process may have been quicker
            series = session.get_one(Series, instance.series_row_id)
            study = session.get_one(Study, series.study_row_id)
            if registrations.keep(session, study, instance, content):
                _ask_for_structures(session, study, again=True)
                follow_registration(session, study)


def settle_forgotten(session: Session) -> int:
    """Ask once for the volume of every series whose sender never said that all is there; how many."""
    quiet = now() - FORGOTTEN
    recent = select(Series, Study).join(Study, Study.id == Series.study_row_id)
    recent = recent.where(Study.updated_at.between(quiet - timedelta(days=1), quiet))
    asked = 0
    for series, study in session.execute(recent.where(Series.modality.in_(WITH_VOLUME))).all():
        key = _assembling(series)
        known = select(Job.id).where(Job.study_id == study.id, Job.coalesce_key == key).limit(1)
        if series.volume is None and not series.warnings and session.scalar(known) is None:
            _ask_for_volume(session, series, study)
            asked += 1
    return asked


def _assembling(series: Series) -> str:
    """What its jobs `assemble` coalesce by."""
    return f"assemble:{series.id}"


def _ask_for_volume(session: Session, series: Series, study: Study) -> None:
    parameters, key = {"series_id": series.id}, _assembling(series)
    enqueue(session, JobRequest("assemble", parameters, study.project_id, study.id, None, key, QUIET_S))


def _settle_series(settled: Series, arrived: Mapping[str, int] | None, later: list[str] | None) -> None:
    """Assemble the series, or leave that to a job where more of it is on the way."""
    series_id = settled.id
    if arrived is None or 2 * arrived[series_id] >= volumes.count_of(series_id):
        if later is not None and settled.volume is None and not settled.warnings:
            later.append(series_id)
        else:
            assemble_series(series_id)
        return
    instances = volumes.instances_of(series_id)
    with session_scope() as session:
        series, study = _locked(session, series_id)
        stale = series.volume is None or series.volume["digest"] != volumes.digest_of(instances)
        if stale and not _kept_for_people(session, series, study):
            series.volume, series.volume_sha256 = None, None
            _ask_for_volume(session, series, study)
            announce(session, "study", study.id, study.project_id)


def assemble_series(series_id: str) -> bool:
    """Check the geometry of a series and make its volume; True when it has a new one."""
    instances = volumes.instances_of(series_id)
    if not instances:
        return False
    with session_scope(read_only=True) as session:
        series = session.get(Series, series_id)
    digest = volumes.digest_of(instances)
    if series is None or (series.volume is not None and series.volume["digest"] == digest):
        return False
    with session_scope() as session:
        if _kept_for_people(session, *_locked(session, series_id)):
            return False
    findings, built = _checked_dose(instances) if series.modality == "RTDOSE" else _checked_images(instances)
    with session_scope() as session:
        series, study = _locked(session, series_id)
        current = session.scalars(select(Instance).where(Instance.series_row_id == series_id)).all()
        if volumes.digest_of(current) != digest:
            return False  # more instances came meanwhile; whoever brought them settles again
        series.warnings = findings
        series.volume = built.described if built else None
        series.volume_sha256 = built.sha256 if built else None
        if built is not None and series.frame_of_reference_uid is None:
            series.frame_of_reference_uid = built.described["frame_of_reference_uid"] or None
        study.updated_at = now()
        announce(session, "study", study.id, study.project_id)
        if series.modality == "RTDOSE":
            follow_dose(session, study, series.id)
        if built is not None:
            webhooks.emit(session, study.project_id, "study.arrived", study.id, _told(study))
            _ask_for_structures(session, study, again=True)
            registrations.warn_of_unregistered(session, study.patient_row_id)
        _ask_for_contours(session, series, study)
    log.info(
        "studies.series.settled", series_id=series_id, instances=len(instances), volume=built is not None
    )
    return built is not None


def _told(study: Study) -> dict[str, str]:
    return {"study_id": study.id, "study_instance_uid": study.study_instance_uid}


def _kept_for_people(session: Session, series: Series, study: Study) -> bool:
    """True when people drew on the series as it was: images that come late then wait outside, with a warning.

    Masks belong to the grid that they were drawn on.
    """
    drawn = (
        select(_REVISIONS.c.structure_id)
        .join(_STRUCTURES, _STRUCTURES.c.id == _REVISIONS.c.structure_id)
        .join(_SETS, _SETS.c.id == _STRUCTURES.c.structure_set_id)
        .where(_SETS.c.series_row_id == series.id, _REVISIONS.c.author_id.is_not(None))
    )
    if series.volume is None or session.scalar(drawn.limit(1)) is None:
        return False
    if not any(warning["slug"] == LATE for warning in series.warnings):
        detail = "images came after people had drawn; the volume is still the one they drew on"
        series.warnings = [*series.warnings, asdict(GeometryFinding(LATE, detail, "warning"))]
        announce(session, "study", study.id, study.project_id)
    return True


def _locked(session: Session, series_id: str) -> tuple[Series, Study]:
    statement = (
        select(Series, Study).join(Study, Study.id == Series.study_row_id).where(Series.id == series_id)
    )
    row = session.execute(statement.with_for_update()).one()
    return row[0], row[1]


def _checked_dose(instances: Sequence[Instance]) -> Outcome:
    try:
        if len(instances) > 1:
            raise GeometryError(
                f"{len(instances)} dose distributions in one series: which one is meant is not known"
            )
        built = volumes.build_dose(instances[0])
        return [asdict(finding) for finding in built.findings], built
    except RtError as error:
        return [asdict(GeometryFinding(error.slug, str(error), "refusal"))], None


def _checked_images(instances: Sequence[Instance]) -> Outcome:
    problems = [i.geometry["problem"] for i in instances if i.geometry and "problem" in i.geometry]
    if problems:
        detail = f"{len(problems)} of {len(instances)} images: {problems[0]}"
        return [asdict(GeometryFinding("bad-geometry", detail, "refusal"))], None
    geometry = check_geometry(volumes.slices_of(instances))
    findings = [asdict(finding) for finding in geometry.findings]
    if geometry.grid is None:
        return findings, None
    try:
        return findings, volumes.build(instances)
    except RtError as error:
        return [*findings, asdict(GeometryFinding(error.slug, str(error), "refusal"))], None


def _ask_for_contours(session: Session, series: Series, study: Study) -> None:
    """Pre-segmentation by the project's rules, and the regions that need no network.

    Of a study's MR series only one is drawn on, perhaps another one than was just settled.
    """
    if series.modality == "MR":
        chosen = series_to_draw(session, study.id, "MR")
        if chosen is None:
            return
        series = chosen
    if series.volume is None:
        return
    project = session.get_one(Project, study.project_id)
    wanted: list[tuple[str, dict[str, Any]]] = []
    for rule in project.rules:
        if rule["enabled"] and rule["modality"] == series.modality:
            wanted.append(
                ("presegment", {"series_id": series.id, "network": rule["network"], "region": rule["region"]})
            )
    if series.modality == "CT":
        wanted.append(("regions", {"series_id": series.id}))
    for kind, parameters in wanted:
        key = ":".join([kind, series.id, parameters.get("network", "")])
        enqueue(session, JobRequest(kind, parameters, study.project_id, study.id, None, key, QUIET_S))


def _ask_for_structures(session: Session, study: Study, *, again: bool) -> None:
    """Read structure sets that came as DICOM; those that wait, `again` when there is something new to them.

    Where registrations link frames of reference, what came in any of the patient's studies may be drawn on
    images of any other, also when it was read before.
    """
    linked = bool(registrations.of_patient(session, study.patient_row_id))
    theirs = (Study.patient_row_id == study.patient_row_id) if linked else (Study.id == study.id)
    waiting = (
        select(Instance.id, Series.study_row_id)
        .join(Series, Series.id == Instance.series_row_id)
        .join(Study, Study.id == Series.study_row_id)
        .where(theirs, Series.modality.in_(STRUCTURE_MODALITIES), Series.structure_set_id.is_(None))
    )
    if not linked:
        done = select(_SETS.c.source_instance_id).where(_SETS.c.source_instance_id.is_not(None))
        waiting = waiting.where(Instance.id.not_in(done))
    for instance_id, study_id in session.execute(waiting.order_by(Instance.id)).all():
        key = f"import-structures:{instance_id}"
        asked = session.scalars(
            select(Job.id).where(Job.study_id == study_id, Job.coalesce_key == key).limit(1)
        )
        if again or asked.first() is None:
            parameters = {"instance_id": instance_id}
            enqueue(
                session,
                JobRequest("import-structures", parameters, study.project_id, study_id, None, key, QUIET_S),
            )
