"""One object of every kind in one project, for tests that call every operation of the API."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from backend.analyses.tables import Analysis
from backend.cohorts.tables import Cohort, CohortPatient, FeatureRow, FeatureSet
from backend.comparisons.tables import Comparison
from backend.consensus.tables import Consensus, Reading
from backend.derivations.service.computing import compute
from backend.derivations.service.inputs import gather
from backend.derivations.service.keeping import Cause, keep, relink
from backend.detections.tables import Candidate, Detection
from backend.dimse.tables import DicomDelivery, DicomPeer, DicomTitle
from backend.jobs.service import JobRequest, enqueue
from backend.kit import db
from backend.kit.storage import storage
from backend.labels.expressions import Expression
from backend.labels.service import set_grid
from backend.labels.service.revisions import NewRevision, append_revision
from backend.labels.service.sets import NewStructure, add_structure, working_set
from backend.labels.tables import Derivation, Structure, StructureSet
from backend.projects.tables import Project
from backend.readings.tables import CaseReading, ReaderAnalysis, ReaderStudy, StudyCase
from backend.studies.tables import ImportBatch, Instance, QuarantinedFile, Series
from backend.training.tables import NetworkVersion, Run, Snapshot
from backend.webhooks.tables import Webhook, WebhookDelivery
from rt.cohort import CohortTable
from rt.masks import encode_mask
from tests.factories.dicom import encode, make_rtdose
from tests.factories.patients import Arrived, send, send_ct
from tests.factories.scenes import block


def make_everything(project: Project, folder: Path, user_id: str) -> dict[str, str]:
    """Names of path parameters to ids of objects that exist."""
    scene = send_ct(project, folder)
    dose = make_rtdose(scene.ct, np.full((6, 12, 10), 20.0), (4.0, 4.0, 3.0))
    dose.PatientID, dose.PatientName = scene.ct[0].PatientID, scene.ct[0].PatientName
    send(project, folder / "dose", [dose])
    with db.session_scope() as session:
        return _around(session, scene, project, user_id)


def _around(session: Session, scene: Arrived, project: Project, user_id: str) -> dict[str, str]:
    structure_set = working_set(session, scene.series)
    structure = add_structure(session, structure_set, NewStructure("Parotid_L"))
    mask = block(scene.grid, slice(1, 5), slice(4, 12), slice(4, 12))
    append_revision(session, structure, NewRevision(mask, 0, author_id=user_id, reason="first"))
    derived = _derived(session, structure_set, structure.id)
    batch = ImportBatch(project_id=project.id, user_id=user_id)
    job = enqueue(session, JobRequest("regions", {"series_id": scene.series.id}, project.id, scene.study.id))
    export = enqueue(session, JobRequest("export", {"format": "monai"}, project.id))
    session.add(DicomTitle(project_id=project.id, title="CONTOURS"))
    session.add(DicomPeer(project_id=project.id, title="CONTOURS", host="127.0.0.1", port=11112))
    sent = DicomDelivery(
        project_id=project.id, structure_set_id=structure_set.id, peer_title="CONTOURS", calling_title="X"
    )
    session.add(sent)
    webhook = Webhook(
        project_id=project.id, url="https://receiver.example/", events=["study.arrived"],
        secret="whsec_AAAA", created_by=user_id,
    )  # fmt: skip
    held = QuarantinedFile(
        project_id=project.id, stage="import", slug="pixels-may-identify", detail="derived", modality="CT",
        state="held", sha256=storage().put(encode(scene.ct[0])),
    )  # fmt: skip
    cohort = Cohort(project_id=project.id, name="First", created_by=user_id)
    session.add_all([batch, webhook, held, cohort])
    session.flush()
    analysis = _analysis(session, cohort, user_id)
    consensus = _consensus(session, structure_set, project, user_id)
    candidate = _candidate(session, scene, user_id)
    features = _features(session, cohort, scene.ct[0].PatientID)
    message = WebhookDelivery(webhook_id=webhook.id, event="ping", subject=webhook.id, data={})
    session.add(message)
    session.flush()
    instance = session.query(Instance).filter_by(series_row_id=scene.series.id).first()
    assert instance is not None
    dose_series_id = session.query(Series.id).filter_by(modality="RTDOSE").scalar()
    return _training(session, project, user_id) | {
        "project_id": project.id,
        "slug": project.slug,
        "study_id": scene.study.id,
        "series_id": scene.series.id,
        "dose_series_id": dose_series_id,
        "set_id": structure_set.id,
        "structure_id": structure.id,
        "derived_id": derived.id,
        "number": "1",
        "import_id": batch.id,
        "cohort_id": cohort.id,
        "analysis_id": analysis.id,
        "consensus_id": consensus.id,
        "feature_set_id": features.id,
        "candidate_id": candidate.id,
        **_reader_study(session, scene, user_id),
        "webhook_id": webhook.id,
        "message_id": message.id,
        "quarantined_id": held.id,
        "dicom_delivery_id": sent.id,
        "job_id": job.id,
        "export_job_id": export.id,
        "study": scene.study.study_instance_uid,
        "series": scene.series.series_instance_uid,
        "instance": instance.sop_instance_uid,
        "frame": "1",
        "frames": "1",
        "path": "7FE00010",
        "title": "CONTOURS",
    }


def _candidate(session: Session, scene: Arrived, user_id: str) -> Candidate:
    """What a detector, which is a network that nobody installed, once suspected."""
    manifest = {"purpose": "candidates", "window": {"modality": "CT"}}
    version = NetworkVersion(
        name="spine-lesions", version=1, title="x", origin="shipped", manifest=manifest, structures=["GTV"],
        weights_sha256=storage().put(b"detector"), card="",
    )  # fmt: skip
    job = enqueue(session, JobRequest("detect", {}, scene.study.project_id, scene.study.id))
    session.add(version)
    session.flush()
    detection = Detection(
        project_id=scene.study.project_id, study_row_id=scene.study.id, series_row_id=scene.series.id,
        network_version_id=version.id, job_id=job.id, created_by=user_id,
    )  # fmt: skip
    session.add(detection)
    session.flush()
    place = [0.0, 0.0, 0.0]
    made = Candidate(
        detection_id=detection.id,
        number=1,
        position_mm=place,
        score=0.9,
        volume_cc=1.0,
        box_mm=[place, place],
    )
    session.add(made)
    session.flush()
    return made


def _reader_study(session: Session, scene: Arrived, user_id: str) -> dict[str, str]:
    """A reader study that is open, with a reading and an analysis; nobody who calls is a reader of it."""
    made = ReaderStudy(
        project_id=scene.study.project_id, name="S4", description="", state="open", washout_days=0, seed=0,
        conditions=[{"name": "a", "ai": False}, {"name": "b", "ai": True}], created_by=user_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    case = StudyCase(
        reader_study_id=made.id, study_row_id=scene.study.id, series_id=scene.series.id, code="C001",
        position=0, positive=True,
    )  # fmt: skip
    session.add(case)
    session.flush()
    reading = CaseReading(
        reader_study_id=made.id, case_id=case.id, user_id=user_id, condition=0, session=1, position=0
    )
    job = enqueue(session, JobRequest("analyse-readings", {}, made.project_id))
    job.state = "succeeded"
    analysis = ReaderAnalysis(
        project_id=made.project_id, reader_study_id=made.id, job_id=job.id, config={}, files={},
        input_sha256=storage().put(b"{}"), created_by=user_id,
    )  # fmt: skip
    session.add_all([reading, analysis])
    session.flush()
    return {
        "reader_study_id": made.id, "reading_id": reading.id, "reader_analysis_id": analysis.id,
    }  # fmt: skip


def _features(session: Session, cohort: Cohort, patient_id: str) -> FeatureSet:
    """A feature set that was computed, of the cohort's only patient."""
    session.add(CohortPatient(cohort_id=cohort.id, patient_id=patient_id, position=0))
    job = enqueue(session, JobRequest("radiomics", {}, cohort.project_id))
    job.state = "succeeded"
    made = FeatureSet(
        cohort_id=cohort.id, name="CT", structure="GTV", modality="CT", source="latest", settings={},
        settings_digest="", perturbations=0, engine="", job_ids=[job.id], created_by=cohort.created_by,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add(FeatureRow(feature_set_id=made.id, patient_id=patient_id, position=0, state="failed"))
    return made


def _derived(session: Session, owner: StructureSet, source_id: str) -> Structure:
    """A structure that is derived from another, as if a person had asked for it."""
    structure = add_structure(session, owner, NewStructure("Derived"))
    expression = Expression.model_validate({"first": {"kind": "structure", "structure_id": source_id}})
    inputs = gather(session, owner, expression, None)
    made = compute(inputs, np.zeros(inputs.grid.shape_kji, dtype=np.bool_))
    said = {"expression": made.used["expression"], "used": made.used}
    row = Derivation(structure_id=structure.id, computed=0, problem=None, **said)
    session.add(row)
    session.flush()
    keep(session, structure, row, made, Cause(None))
    relink(session, row)
    return structure


def _consensus(session: Session, owner: StructureSet, project: Project, user_id: str) -> Consensus:
    """A consensus that is closed, with a region to decide on, of which nothing was read."""
    structure = add_structure(session, owner, NewStructure("GTVp"))
    overlap = {"dice": 1.0, "surface_dice": 1.0, "hd95_mm": 0.0, "kappa": 1.0}
    figures = {
        "pairs": [{"first": user_id, "second": user_id, **overlap}], "readers": [], "fleiss_kappa": 1.0,
        "mean_dice": 1.0, "tolerance_mm": 2.0, "region_ml": 1.0,
    }  # fmt: skip
    region = {
        "number": 1, "included_by": [user_id], "volume_ml": 1.0, "centre_kji": [0, 0, 0], "probability": 0.5,
        "majority": False,
    }  # fmt: skip
    results = {
        "agreement": figures, "staple": {"iterations": 1, "converged": True, "volume_ml": 1.0},
        "majority_ml": 1.0, "union_ml": 1.0, "regions": [region], "smallest_ml": 0.0, "left_out_ml": 0.0,
    }  # fmt: skip
    shape = set_grid(session, owner).shape_kji
    mask = storage().put(encode_mask(np.ones(shape, dtype=np.bool_)))
    numbers = storage().put(zlib.compress(np.ones(shape, dtype="<i4").tobytes()))
    made = Consensus(
        files={"staple": mask, "majority": mask, "regions": numbers},
        project_id=project.id, study_row_id=owner.study_row_id, structure_set_id=owner.id, name="GTVp",
        structure_id=structure.id, tolerance_mm=2.0, state="ready", results=results, created_by=user_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add(Reading(consensus_id=made.id, reader_id=user_id, position=1))
    return made


def _analysis(session: Session, cohort: Cohort, user_id: str) -> Analysis:
    """An analysis of the empty cohort, that waits."""
    job = enqueue(session, JobRequest("analyse", {}, cohort.project_id))
    row = Analysis(
        project_id=cohort.project_id, cohort_id=cohort.id, job_id=job.id, name="x", kind="subtypes",
        config={}, feature_sets=[], warnings=[], created_by=user_id,
        table_sha256=storage().put(CohortTable((), ()).to_json().encode()),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _training(session: Session, project: Project, user_id: str) -> dict[str, str]:
    version = NetworkVersion(
        name="head-neck-oar", version=1, title="Head and neck", origin="shipped", manifest={},
        structures=["Parotid_L"], weights_sha256=storage().put(b"weights"), card="# Card", metrics={},
    )  # fmt: skip
    snapshot = Snapshot(
        project_id=project.id,
        name="first",
        cases=[],
        structures=["Parotid_L"],
        hash="0" * 64,
        created_by=user_id,
    )
    job = enqueue(session, JobRequest("train", {}, project.id))
    session.add_all([version, snapshot])
    session.flush()
    run = Run(
        project_id=project.id, snapshot_id=snapshot.id, base_version_id=version.id, job_id=job.id,
        config={"iterations": 1, "learning_rate": 0.001}, created_by=user_id,
    )  # fmt: skip
    comparing = enqueue(session, JobRequest("compare", {}, project.id))
    comparison = Comparison(
        project_id=project.id, snapshot_id=snapshot.id, job_id=comparing.id, created_by=user_id,
        config={"entries": [], "structures": [], "minutes": 1, "evaluate": "validation"},
    )  # fmt: skip
    session.add_all([run, comparison])
    session.flush()
    return {
        "run_id": run.id, "version_id": version.id, "snapshot_id": snapshot.id, "train_job_id": job.id,
        "comparison_id": comparison.id, "compare_job_id": comparing.id,
    }  # fmt: skip
