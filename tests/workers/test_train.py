"""A run in one process: what it makes is named, measured and shown, and rehearses what nobody corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from backend.accounts.actor import Actor
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.projects.tables import Project
from backend.studies.tables import Study
from backend.training.tables import Deployment, NetworkPicture, NetworkVersion, Run, Snapshot
from models.training.ct_lessons import NothingToLearn
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send_ct
from tests.workers.test_presegment import STRUCTURES, install
from workers.training.compare_versions import NothingCommon

CORRECTED = STRUCTURES[-1]


def _contour(arrived: Arrived, author: Actor) -> str:
    """A person's contour of one structure; gives its revision."""
    mask = np.zeros(arrived.grid.shape_kji, dtype=np.bool_)
    mask[1:5, 4:16, 4:16] = True
    with session_scope() as session:
        drawn = labels.working_set(session, arrived.series)
        structure = labels.ensure_structure(session, drawn, labels.NewStructure(CORRECTED))
        new = labels.NewRevision(mask, structure.head, author_id=author.user_id)
        return labels.append_revision(session, structure, new).id


def _queue(project: Project, base: str, cases: list[dict[str, Any]], uncorrected: list[str]) -> str:
    """A run over these cases; gives its job."""
    with session_scope() as session:
        snapshot = Snapshot(
            project_id=project.id, name="first", cases=cases, structures=[CORRECTED], hash="ab" * 32,
            created_by="",
        )  # fmt: skip
        job = jobs.enqueue(session, JobRequest("train", {}, project.id))
        session.add(snapshot)
        session.flush()
        config = {"iterations": 2, "learning_rate": 1e-3, "rehearsal": 1.0, "uncorrected": uncorrected}
        run = Run(
            project_id=project.id, snapshot_id=snapshot.id, base_version_id=base, job_id=job.id,
            config=config, created_by="",
        )  # fmt: skip
        session.add(run)
        session.flush()
        job.parameters = {"run_id": run.id}
        return job.id


@pytest.fixture
def scans(project: Project, tmp_path: Path) -> list[Arrived]:
    return [send_ct(project, tmp_path, seed) for seed in ("train", "test", "bare")]


def test_a_run_makes_a_version_with_its_origin_figures_and_pictures(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    base = install(1, 0.0)
    result = run_job(_queue(project, base, _cases(scans, actor("annotator")), [scans[2].series.id]))
    assert [row["structure"] for row in result["evaluation"]] == [CORRECTED]
    with session_scope(read_only=True) as session:
        version = session.get_one(NetworkVersion, result["version_id"])
        began = session.get_one(NetworkVersion, base)
        pictures = session.scalars(select(NetworkPicture).filter_by(version_id=version.id)).all()
    origin = version.manifest["provenance"]
    assert (origin["data"], origin["data_sha256"]) == ("first", "ab" * 32)
    assert origin["base_sha256"] == began.weights_sha256 != version.weights_sha256
    assert version.metrics["evaluated_on"] == "ab" * 32
    assert {picture.study_id for picture in pictures} == {scans[1].study.id}
    assert all(storage().get(picture.sha256).startswith(b"\x89PNG") for picture in pictures)


def _cases(scans: list[Arrived], author: Actor) -> list[dict[str, Any]]:
    """The first scan trains, the second tests."""
    return [
        {
            "series_id": scan.series.id, "patient_key": split, "split": split,
            "revisions": {CORRECTED: _contour(scan, author)},
        }
        for scan, split in zip(scans, ("train", "test"), strict=False)
    ]  # fmt: skip


def _use(project: Project, version_id: str) -> None:
    with session_scope() as session:
        session.add(Deployment(project_id=project.id, network="head-neck-oar", version_id=version_id))


def test_a_run_is_measured_beside_the_version_in_use_too(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    base, used = install(1, 5.0), install(2, -5.0, project.id)
    _use(project, used)
    result = run_job(_queue(project, base, _cases(scans, actor("annotator")), []))
    by_version = {row["against"]: row for row in result["evaluation"]}
    assert [*by_version] == [base, used]
    assert by_version[base]["base_dice"] > 0.0
    assert by_version[used]["base_dice"] == 0.0  # the one in use draws nothing
    assert by_version[base]["new_dice"] == by_version[used]["new_dice"]


def test_a_version_that_came_into_use_later_is_measured_on_the_same_patients(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    base, later = install(1, 5.0), install(2, -5.0, project.id)
    made = run_job(_queue(project, base, _cases(scans, actor("annotator")), []))
    _use(project, later)
    with session_scope() as session:
        run = session.scalars(select(Run)).one()
        parameters = {"run_id": run.id, "against": later}
        job_id = jobs.enqueue(session, JobRequest("compare-versions", parameters, project.id)).id
    run_job(job_id)
    with session_scope(read_only=True) as session:
        rows = session.scalars(select(Run)).one().evaluation or []
    assert rows[0] == made["evaluation"][0]
    assert (rows[1]["against"], rows[1]["base_dice"], rows[1]["new_dice"]) == (
        later,
        0.0,
        rows[0]["new_dice"],
    )


def test_a_version_in_use_that_cannot_be_read_costs_no_training(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    base, broken = install(1, 0.0), install(2, 0.0, project.id)
    with session_scope(read_only=True) as session:
        manifest = session.get_one(NetworkVersion, broken).manifest
    with session_scope() as session:
        row = NetworkVersion(
            name="head-neck-oar", version=3, title="Toy", origin="trained", project_id=project.id,
            manifest=manifest, structures=list(STRUCTURES), card="",
            weights_sha256=storage().put(b"no weights"),
        )  # fmt: skip
        session.add(row)
        session.flush()
        unreadable = row.id
    _use(project, unreadable)
    result = run_job(_queue(project, base, _cases(scans, actor("annotator")), []))
    assert [row["against"] for row in result["evaluation"]] == [base]


def test_nothing_is_compared_where_the_locked_patients_are_gone(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    base, later = install(1, 5.0), install(2, -5.0, project.id)
    run_job(_queue(project, base, _cases(scans, actor("annotator")), []))
    with session_scope() as session:
        session.delete(session.get_one(Study, scans[1].study.id))
    with session_scope() as session:
        run = session.scalars(select(Run)).one()
        parameters = {"run_id": run.id, "against": later}
        job_id = jobs.enqueue(session, JobRequest("compare-versions", parameters, project.id)).id
    with pytest.raises(NothingCommon, match="no locked patient"):
        run_job(job_id)


def test_scans_of_which_nothing_is_known_are_nothing_to_learn(
    project: Project, scans: list[Arrived], actor: Callable[..., Actor]
) -> None:
    tested = {
        "series_id": scans[1].series.id, "patient_key": "test", "split": "test",
        "revisions": {CORRECTED: _contour(scans[1], actor("annotator"))},
    }  # fmt: skip
    job_id = _queue(project, install(1, 0.0), [tested], [scans[2].series.id])
    with pytest.raises(NothingToLearn, match="none of 0 training scans"):
        run_job(job_id)
