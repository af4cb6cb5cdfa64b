"""Slices that come in several batches: what was asked for an earlier volume waits, and nothing ever fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.imports import finish, take_file
from backend.studies.intake import Target
from backend.studies.repository import ai_states
from backend.studies.tables import Series
from rt.geometry import Grid
from tests.factories.dicom import encode, make_ct_series, make_rtstruct
from tests.factories.jobs import run_job, run_queued
from tests.workers.test_presegment import STRUCTURES, install
from workers.arriving import is_unchanged

SLICES = 8
FIRST = 6
SQUARE = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]


class Sender:
    """Sends a CT of eight slices in batches, as STOW-RS does: nobody says which is the last."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._project, self._folder = project, folder
        self.ct = make_ct_series((SLICES, 24, 20))
        self.study_id = ""

    def send(self, *datasets: Any) -> None:
        """Take in a batch and settle what it brought, more being possible."""
        target, arrivals = Target(self._project.id, None), []
        for dataset in datasets:
            path = self._folder / "part"
            path.write_bytes(encode(dataset))
            arrivals += take_file(target, "part", path)
        finish(target, arrivals, more_may_come=True)
        with session_scope(read_only=True) as session:
            self.study_id = session.scalars(select(Series.study_row_id).limit(1)).one()

    def series(self) -> Series:
        """The CT as it stands."""
        with session_scope(read_only=True) as session:
            return session.scalars(select(Series).where(Series.modality == "CT")).one()


@pytest.fixture
def sender(project: Project, tmp_path: Path) -> Sender:
    """The first six slices are there, with a volume; drawing was asked for."""
    made = Sender(project, tmp_path)
    made.send(*made.ct[:FIRST])
    install(1, 20.0)
    assert made.series().volume is not None
    return made


def jobs(kind: str) -> list[Job]:
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


def queued(kind: str) -> list[str]:
    return [job.id for job in jobs(kind) if job.state == "queued"]


def ai_state(sender: Sender) -> str:
    with session_scope(read_only=True) as session:
        return str(ai_states(session, [sender.study_id])[sender.study_id])


def shape_of_grid(series: Series) -> tuple[int, ...]:
    assert series.volume is not None
    return Grid.from_json(series.volume["grid"]).shape_kji


@pytest.mark.parametrize("kind", ["presegment", "regions"])
def test_drawing_waits_for_a_volume_that_is_being_made(sender: Sender, kind: str) -> None:
    sender.send(sender.ct[FIRST])
    assert sender.series().volume is None
    (waited,) = run_queued(kind)
    assert waited["reason"] == "awaits-volume"
    assert len(queued(kind)) == 1
    run_queued("assemble")
    assert len(queued(kind)) == 1, "who assembled and who waited ask for the same job"
    (drawn,) = run_queued(kind)
    assert drawn["drawn"]
    assert {job.state for job in jobs(kind)} == {"succeeded"}
    assert shape_of_grid(sender.series())[0] == FIRST + 1


def test_the_worklist_shows_a_waiting_network_as_queued(sender: Sender) -> None:
    sender.send(sender.ct[FIRST])
    run_queued("presegment")
    assert ai_state(sender) == "queued"
    run_queued("assemble")
    run_queued("presegment")
    assert ai_state(sender) == "ready"


@pytest.mark.parametrize("kind", ["presegment", "regions"])
@pytest.mark.parametrize("assembled", [False, True])
def test_slices_that_come_while_it_draws_have_it_draw_again(
    sender: Sender, kind: str, assembled: bool
) -> None:
    def another_slice() -> None:
        sender.send(sender.ct[FIRST])
        if assembled:
            run_queued("assemble")

    (job_id,) = queued(kind)
    result = run_job(job_id, another_slice)
    assert (result["drawn"], result["reason"]) == ([], "images-changed")
    run_queued("assemble")
    (drawn,) = run_queued(kind)
    assert drawn["drawn"]
    assert queued(kind) == []
    assert {job.state for job in jobs(kind)} == {"succeeded"}


def test_a_series_that_is_refused_in_the_end_fails_no_job(sender: Sender) -> None:
    sender.send(sender.ct[FIRST + 1])  # and the one between never comes
    run_queued("assemble")
    assert sender.series().volume is None
    assert any(warning["severity"] == "refusal" for warning in sender.series().warnings)
    (result,) = run_queued("presegment")
    assert result["reason"] == "no-volume"
    assert queued("presegment") == []


def test_publication_waits_too(sender: Sender) -> None:
    run_queued("presegment")
    sender.send(sender.ct[FIRST])
    (waited,) = run_queued("publish")
    assert waited["reason"] == "awaits-volume"
    run_queued("assemble")
    run_queued("presegment")
    (published,) = run_queued("publish")
    assert len(published["published"]) == 2
    assert {job.state for job in jobs("publish")} == {"succeeded"}


def test_a_volume_is_told_from_the_one_before(sender: Sender) -> None:
    before = sender.series()
    sender.send(sender.ct[FIRST])
    while_made = sender.series()
    run_queued("assemble")
    with session_scope() as session:
        assert not is_unchanged(session, before)
        assert not is_unchanged(session, while_made)
        assert is_unchanged(session, sender.series())


def test_structures_are_taken_in_once_the_images_stand_still(sender: Sender) -> None:
    sender.send(make_rtstruct(sender.ct[:FIRST], {"Larynx": {2: SQUARE}}))
    sender.send(sender.ct[FIRST])
    run_queued("import-structures")
    run_queued("assemble")
    run_queued("import-structures")
    with session_scope(read_only=True) as session:
        owner = session.scalars(select(StructureSet).where(StructureSet.origin == "import")).one()
        structure = session.scalars(select(Structure).where(Structure.structure_set_id == owner.id)).one()
        head = labels.get_revision(session, structure.id, structure.head)
        assert labels.load_mask(head, labels.grid_of(sender.series())).any()
    assert {job.state for job in jobs("import-structures")} == {"succeeded"}


def test_what_the_network_drew_is_on_the_last_volume(sender: Sender) -> None:
    run_queued("presegment")
    sender.send(sender.ct[FIRST])
    run_queued("assemble")
    run_queued("presegment")
    with session_scope(read_only=True) as session:
        for structure in session.scalars(select(Structure).where(Structure.name.in_(STRUCTURES))):
            head = labels.get_revision(session, structure.id, structure.head)
            assert labels.load_mask(head, labels.grid_of(sender.series())).shape[0] == FIRST + 1
