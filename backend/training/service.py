"""Datasets frozen from approved revisions, runs on them, and what corrections cost."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.kit.pagination import Part
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.studies import service as studies
from backend.studies.errors import NoVolume
from backend.studies.tables import Series
from backend.training import networks, repository
from backend.training.errors import (
    DatasetIncomplete,
    NoTestPatients,
    NothingInCommon,
    TooFewPatients,
    WrongNetwork,
)
from backend.training.schemas import EffortRow, PresegmentIn, RunIn, SetShare, SnapshotCase, SnapshotIn
from backend.training.splits import SplitHistory, patient_key, split_patients
from backend.training.tables import LockedTestPatient, NetworkVersion, Run, Snapshot

DEFAULT_NETWORKS = {"CT": "head-neck-oar", "MR": "head-mr"}
"""What draws on images of a modality when nobody names a network."""
LEARNS_FROM = "CT"
"""Modality of the images that networks are trained on here; those for MR learn from drawn heads."""
MOST_UNCORRECTED = 8
"""Patients without a correction on whom a training rehearses."""
MEASURES = ("added_path_length_mm", "surface_dice", "dice", "seconds", "slices")


@dataclass(frozen=True)
class RunDetail:
    """A run with the rows it refers to."""

    run: Run
    job: Job
    snapshot: Snapshot
    base: NetworkVersion
    version: NetworkVersion | None


def request_presegmentation(session: Session, actor: Actor, study_id: str, body: PresegmentIn) -> Job:
    """Queue a drawing on the named series, else on the study's CT or the MR that suits best.

    NoVolume where there is no such series, WrongNetwork where the version named reads another modality.
    """
    study = studies.get_study(session, actor, study_id, Permission.ANNOTATE)
    version, reads = None, list(DEFAULT_NETWORKS)
    if body.network_version_id is not None:
        version = networks.usable_version(session, study.project_id, body.network_version_id)
        if networks.detects(version):
            raise WrongNetwork(f"{version.name} points at places and draws no contours")
        reads = [networks.modality_of(version)]
    chosen = _to_draw(session, study.id, body.series_id, reads)
    if version is not None and chosen.modality not in reads:
        raise WrongNetwork(f"{version.name} reads {reads[0]}, and this series is {chosen.modality}")
    return jobs.enqueue(
        session,
        JobRequest(
            kind="presegment",
            parameters={
                "series_id": chosen.id,
                "network": DEFAULT_NETWORKS[chosen.modality],
                "network_version_id": body.network_version_id,
            },
            project_id=study.project_id,
            study_id=study.id,
            created_by=actor.user_id,
            coalesce_key=f"presegment:{chosen.id}:{body.network_version_id}",
        ),
    )


def _to_draw(session: Session, study_id: str, series_id: str | None, modalities: Sequence[str]) -> Series:
    if series_id is not None:
        found = [one for one in studies.series_of(session, study_id) if one.id == series_id]
        fit = [one for one in found if one.modality in DEFAULT_NETWORKS]
    else:
        best = (studies.series_to_draw(session, study_id, modality) for modality in modalities)
        fit = [one for one in best if one is not None]
    ready = next((one for one in fit if one.volume is not None), None)
    if ready is None:
        raise NoVolume("the study has no such CT or MR series with enough slices and a sound geometry")
    return ready


def freeze_snapshot(session: Session, actor: Actor, project_id: str, body: SnapshotIn) -> Snapshot:
    """Freeze the approved revisions of what a network learns as they are now, split by patient."""
    projects.require(session, actor, project_id, Permission.TRAIN)
    revisions, patient_of = _approved(session, project_id)
    if len(set(patient_of.values())) < 2:
        raise TooFewPatients(
            "a dataset needs approved structures, of those a network learns, of two patients"
        )
    roles = split_patients(
        set(patient_of.values()), _history(session, project_id), body.test_fraction, body.validation_fraction
    )
    if set(roles.values()) == {"train"} or "train" not in roles.values():
        raise NoTestPatients("no patient is left to test with: all have trained a network before")
    cases = [
        {"series_id": s, "patient_key": patient_of[s], "split": roles[patient_of[s]], "revisions": found}
        for s, found in sorted(revisions.items())
    ]
    snapshot = Snapshot(
        project_id=project_id,
        name=body.name,
        cases=cases,
        structures=sorted({name for found in revisions.values() for name in found}),
        hash=hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest(),
        created_by=actor.user_id,
    )
    session.add(snapshot)
    locked = repository.locked_patients(session, project_id)
    for patient in sorted(p for p, role in roles.items() if role == "test" and p not in locked):
        session.add(LockedTestPatient(project_id=project_id, patient_key=patient))
    session.flush()
    act, changes = "training.snapshot.frozen", {"hash": snapshot.hash}
    audit.record(session, actor.user_id, act, "snapshot", snapshot.id, project_id, changes)
    return snapshot


def _approved(session: Session, project_id: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """By series the approved revisions of what a network learns, by their names, and the patient's key."""
    versions = repository.versions(session, [project_id])
    learned = {
        name for row in versions if networks.modality_of(row) == LEARNS_FROM for name in row.structures
    }
    revisions: dict[str, dict[str, str]] = defaultdict(dict)
    patient_of: dict[str, str] = {}
    found = repository.approved_revisions(session, project_id, LEARNS_FROM)
    for series_id, row_id, patient_id, name, revision in found:
        if name in learned:
            revisions[series_id][name] = revision
            patient_of[series_id] = patient_key(patient_id, row_id)
    return revisions, patient_of


def _history(session: Session, project_id: str) -> SplitHistory:
    trained = {
        case["patient_key"]
        for snapshot in repository.snapshots(session, project_id)
        for case in snapshot.cases
        if case["split"] != "test"
    }
    return SplitHistory(frozenset(repository.locked_patients(session, project_id)), frozenset(trained))


def list_snapshots(session: Session, actor: Actor, project_id: str, part: Part) -> list[Snapshot]:
    """Frozen datasets of the project, newest first."""
    projects.require(session, actor, project_id, Permission.READ)
    return list(repository.snapshots(session, project_id, part))


def snapshot_of(session: Session, project_id: str, snapshot_id: str) -> Snapshot:
    """One frozen dataset; NotFound when it is another project's. The caller asks who may."""
    snapshot = session.get(Snapshot, snapshot_id)
    if snapshot is None or snapshot.project_id != project_id:
        raise NotFound("no such snapshot")
    return snapshot


def whole_snapshot(session: Session, project_id: str, snapshot_id: str) -> Snapshot:
    """One frozen dataset to learn from; DatasetIncomplete when something that it froze was deleted since."""
    snapshot = snapshot_of(session, project_id, snapshot_id)
    scans = {case["series_id"] for case in snapshot.cases}
    contours = {revision for case in snapshot.cases for revision in case["revisions"].values()}
    lost_scans = len(scans - {row[0] for row in repository.patients_of_series(session, list(scans))})
    lost_contours = len(contours - repository.sets_of_revisions(session, list(contours)).keys())
    if lost_scans or lost_contours:
        raise DatasetIncomplete(
            f"{lost_scans} of {len(scans)} scans and {lost_contours} of {len(contours)} contours are deleted",
            scans=lost_scans,
            contours=lost_contours,
        )
    return snapshot


def snapshot_cases(session: Session, actor: Actor, project_id: str, snapshot_id: str) -> list[SnapshotCase]:
    """Who trains, validates and tests in a dataset, and with which structures, by split and patient."""
    projects.require(session, actor, project_id, Permission.READ)
    snapshot = snapshot_of(session, project_id, snapshot_id)
    series_ids = [case["series_id"] for case in snapshot.cases]
    patients = {row[0]: row for row in repository.patients_of_series(session, series_ids)}
    revision_ids = [revision for case in snapshot.cases for revision in case["revisions"].values()]
    owners = repository.sets_of_revisions(session, revision_ids)
    cases = []
    for case in snapshot.cases:
        _, study_id, patient_id, name = patients.get(case["series_id"], (None, None, None, None))
        cases.append(
            SnapshotCase(
                split=case["split"],
                study_id=study_id,
                patient_id=patient_id,
                patient_name=name,
                structures=sorted(case["revisions"]),
                sets=_shares(case["revisions"], owners),
            )
        )
    order = ("train", "validation", "test")
    return sorted(cases, key=lambda case: (order.index(case.split), case.patient_name or "~"))


def _shares(revisions: dict[str, str], owners: dict[str, tuple[str, str]]) -> list[SetShare]:
    """What was taken from each set, in the order of their making; a deleted one is not named."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, revision in sorted(revisions.items()):
        if revision in owners:
            names[owners[revision]].append(name)
    return [SetShare(label=owner[1], structures=found) for owner, found in sorted(names.items())]


def start_run(session: Session, actor: Actor, project_id: str, body: RunIn) -> Run:
    """Queue a training from a base version on a snapshot."""
    projects.require(session, actor, project_id, Permission.TRAIN)
    snapshot = whole_snapshot(session, project_id, body.snapshot_id)
    base = networks.usable_version(session, project_id, body.base_version_id)
    if networks.modality_of(base) != LEARNS_FROM:
        raise WrongNetwork(
            f"{base.name} does not learn from corrections: it reads {networks.modality_of(base)}"
        )
    if not set(base.structures) & set(snapshot.structures):
        raise NothingInCommon("the snapshot holds none of the structures that this network draws")
    config: dict[str, Any] = body.model_dump(include={"iterations", "learning_rate", "rehearsal"})
    config["uncorrected"] = _uncorrected(session, project_id, snapshot) if body.rehearsal > 0 else []
    run_id = new_id()
    job = jobs.enqueue(
        session,
        JobRequest(
            kind="train", parameters={"run_id": run_id}, project_id=project_id, created_by=actor.user_id
        ),
    )
    run = Run(
        id=run_id,
        project_id=project_id,
        snapshot_id=snapshot.id,
        base_version_id=base.id,
        job_id=job.id,
        config=config,
        created_by=actor.user_id,
    )
    session.add(run)
    session.flush()
    audit.record(session, actor.user_id, "training.run.started", "run", run.id, project_id)
    return run


def _uncorrected(session: Session, project_id: str, snapshot: Snapshot) -> list[str]:
    """CTs of patients of whom nothing was approved, one each, on whom the base is rehearsed."""
    taken = repository.locked_patients(session, project_id) | {c["patient_key"] for c in snapshot.cases}
    chosen: list[str] = []
    for series_id, row_id, patient_id in repository.ct_series(session, project_id):
        key = patient_key(patient_id, row_id)
        if key not in taken and len(chosen) < MOST_UNCORRECTED:
            taken.add(key)
            chosen.append(series_id)
    return chosen


def list_runs(session: Session, actor: Actor, project_id: str, part: Part) -> list[RunDetail]:
    """Runs of the project, newest first."""
    projects.require(session, actor, project_id, Permission.READ)
    return [_detail(session, run) for run in repository.runs(session, project_id, part)]


def get_run(session: Session, actor: Actor, run_id: str) -> RunDetail:
    """One run; NotFound when it is another project's."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound("no such run")
    projects.require(session, actor, run.project_id, Permission.READ)
    return _detail(session, run)


def _detail(session: Session, run: Run) -> RunDetail:
    job, snapshot = session.get_one(Job, run.job_id), session.get_one(Snapshot, run.snapshot_id)
    base = session.get_one(NetworkVersion, run.base_version_id)
    version = session.get(NetworkVersion, run.version_id) if run.version_id else None
    return RunDetail(run, job, snapshot, base, version)


def effort(session: Session, actor: Actor, project_id: str) -> list[EffortRow]:
    """Mean cost from the network's contour to the approved one, and how many were rejected."""
    projects.require(session, actor, project_id, Permission.READ)
    approved = {_place(row): row for row in repository.effort(session, project_id)}
    rejected = {_place(row): row.rejected for row in repository.rejections(session, project_id)}
    return [
        EffortRow(
            network_version=f"{name} v{version}",
            structure=structure,
            n=row.n if row else 0,
            rejected=rejected.get((name, version, structure), 0),
            **{measure: getattr(row, measure, None) for measure in MEASURES},
        )
        for name, version, structure in sorted({*approved, *rejected})
        for row in [approved.get((name, version, structure))]
    ]


def _place(row: Any) -> tuple[str, int, str]:
    return row.name, row.version, row.structure
