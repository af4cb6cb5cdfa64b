"""The job `regions` on a small CT in the database."""

from __future__ import annotations

import pytest

from backend.jobs import service
from backend.jobs.service import JobRequest
from backend.kit.db import session_scope
from backend.labels.tables import Structure
from tests.factories.jobs import run_queued
from tests.factories.scenes import make_scene
from workers.cpu.regions import NotCt


def queue_regions(project, modality="CT") -> None:
    with session_scope() as session:
        scene = make_scene(session, project, shape_kji=(12, 48, 40))
        scene.series.modality = modality
        service.enqueue(session, JobRequest("regions", {"series_id": scene.series.id}, project.id))


def test_regions_are_drawn_once_into_the_working_set(project):
    queue_regions(project)
    assert run_queued("regions") == [{"drawn": ["External"]}]
    with session_scope() as session:
        structure = session.query(Structure).one()
        assert (structure.name, structure.kind, structure.head) == ("External", "EXTERNAL", 1)


def test_regions_are_for_ct_only(project):
    queue_regions(project, modality="MR")
    with pytest.raises(NotCt):
        run_queued("regions")
