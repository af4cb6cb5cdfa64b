"""A stroke in the air outside the body is a doubt once a job has looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from backend.jobs.tables import Event, Job
from backend.kit import db
from backend.labels.tables import Structure
from backend.projects.tables import Project
from backend.studies.tables import Series, Study
from rt.geometry import Grid
from rt.masks import Mask
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.dicom import make_ct_series
from tests.factories.jobs import run_queued
from tests.factories.patients import send
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


@pytest.fixture
def drawn(project: Project, tmp_path: Path) -> Drawn:
    """An organ in the water cylinder of a CT of 128 mm, as a network left it."""
    study_id = send(project, tmp_path / "ct", make_ct_series((6, 64, 64)))
    with db.session_scope(read_only=True) as session:
        study = session.get_one(Study, study_id)
        series = session.scalars(select(Series).where(Series.study_row_id == study_id)).one()
        scene = Scene(study, series, Grid.from_json(series.volume["grid"]))
    return draw(scene, "Parotid_L", block(scene.grid, slice(2, 5), slice(28, 36), slice(28, 36)))


def with_stroke(drawn: Drawn) -> Mask:
    """The organ, and a stroke in a corner of the image."""
    mask = drawn.mask.copy()
    mask[3, 1:5, 1:6] = True
    return mask


def doubts(drawn: Drawn) -> list[dict[str, Any]]:
    with db.session_scope(read_only=True) as session:
        return list(session.get_one(Structure, drawn.structure_id).plausibility)


def events_of(drawn: Drawn) -> int:
    """How often browsers were told of the set."""
    with db.session_scope(read_only=True) as session:
        told = select(func.count()).select_from(Event).where(Event.kind == "structure-set")
        return session.scalars(told.where(Event.object_id == drawn.set_id)).one()


def test_a_stroke_in_the_air_raises_a_doubt_that_goes_with_it(
    client: TestClient, drawn: Drawn, save: Save, login: Login
) -> None:
    headers = login("annotator")
    assert save(drawn.structure_id, with_stroke(drawn), 1, headers).status_code == 201
    assert doubts(drawn) == [], "no save waits for it"
    before = events_of(drawn)
    assert run_queued("check-outside") == [{"outside_cc": 0.24}]
    (doubt,) = doubts(drawn)
    assert (doubt["slug"], doubt["values"]) == ("outside-body", {"cc": 0.24, "mm": 10})
    shown = client.get(f"/api/structure-sets/{drawn.set_id}", headers=headers).json()["structures"][0]
    assert [one["slug"] for one in shown["plausibility"]] == ["outside-body"]
    assert events_of(drawn) == before + 1, "open pages hear of it"
    assert save(drawn.structure_id, drawn.mask, 2, headers).status_code == 201
    assert run_queued("check-outside") == [{"outside_cc": 0.0}]
    assert doubts(drawn) == []


def test_saves_that_follow_one_another_are_looked_at_once(drawn: Drawn, save: Save, login: Login) -> None:
    headers = login("annotator")
    assert save(drawn.structure_id, with_stroke(drawn), 1, headers).status_code == 201
    assert save(drawn.structure_id, drawn.mask, 2, headers).status_code == 201
    assert run_queued("check-outside") == [{"outside_cc": 0.0}]


def test_a_doubt_about_an_older_contour_is_not_said_of_a_newer_one(
    drawn: Drawn, save: Save, login: Login
) -> None:
    """The job has read the contour before it was changed."""
    from backend.labels import service

    headers = login("annotator")
    assert save(drawn.structure_id, with_stroke(drawn), 1, headers).status_code == 201
    with db.session_scope(read_only=True) as session:
        seen = service.find_saved(session, drawn.structure_id)
    assert seen is not None
    assert save(drawn.structure_id, drawn.mask, 2, headers).status_code == 201
    with db.session_scope() as session:
        assert not service.doubt_outside(session, seen, 0.24)
    assert doubts(drawn) == []


@pytest.mark.parametrize("kind", ["BOLUS", "SUPPORT"])
def test_what_belongs_outside_raises_none(drawn: Drawn, save: Save, login: Login, kind: str) -> None:
    with db.session_scope() as session:
        session.execute(update(Structure).values(kind=kind))
    assert save(drawn.structure_id, with_stroke(drawn), 1, login("annotator")).status_code == 201
    assert run_queued("check-outside") == [{"outside_cc": None}]
    assert doubts(drawn) == []


def test_an_empty_contour_and_another_modality_are_not_looked_at(
    drawn: Drawn, save: Save, login: Login
) -> None:
    headers = login("annotator")
    nothing = np.zeros_like(drawn.mask)
    assert save(drawn.structure_id, nothing, 1, headers, empty=True).status_code == 201
    with db.session_scope() as session:
        session.execute(update(Series).values(modality="MR"))
    assert save(drawn.structure_id, with_stroke(drawn), 2, headers).status_code == 201
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(Job.id).where(Job.kind == "check-outside")) is None
