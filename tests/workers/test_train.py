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
from backend.training.tables import NetworkPicture, NetworkVersion, Run, Snapshot
from models.training.ct_lessons import NothingToLearn
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send_ct
from tests.workers.test_presegment import STRUCTURES, install

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
    cases = [
        {
            "series_id": scan.series.id, "patient_key": split, "split": split,
            "revisions": {CORRECTED: _contour(scan, actor("annotator"))},
        }
        for scan, split in zip(scans, ("train", "test"), strict=False)
    ]  # fmt: skip
    result = run_job(_queue(project, base, cases, [scans[2].series.id]))
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
