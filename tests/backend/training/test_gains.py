"""The worklist by expected gain: unsure and unlike studies first, corrected ones without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from backend.kit import db
from backend.labels.tables import Structure, StructureSet
from backend.projects.tables import Project
from backend.training.gains import keep, rank
from backend.training.tables import NetworkVersion
from rt.acquisition import Outlook
from tests.factories.scenes import Scene, make_scene

Login = Callable[..., dict[str, str]]
LOOKS = {"P1": (0.95, 0.0), "P2": (0.6, 0.0), "P3": (0.6, 5.0)}


def _predicted(project: Project) -> dict[str, Scene]:
    with db.session_scope() as session:
        version = NetworkVersion(
            name="net", version=1, title="", origin="shipped", manifest={}, structures=["Larynx"],
            weights_sha256="", card="",
        )  # fmt: skip
        session.add(version)
        session.flush()
        scenes = {name: make_scene(session, project, patient_id=name) for name in (*LOOKS, "P4")}
        for name, (dice, place) in LOOKS.items():
            keep(session, scenes[name].series, version, Outlook({"Larynx": dice}, frozenset(), (place, 1.0)))
        rank(session, project.id)
    return scenes


def _approve_one(project: Project, scene: Scene) -> None:
    with db.session_scope() as session:
        owner = StructureSet(
            study_row_id=scene.study.id, series_row_id=scene.series.id, label="AI", origin="ai"
        )
        session.add(owner)
        session.flush()
        session.add(
            Structure(structure_set_id=owner.id, number=1, name="Larynx", colour="#000000", state="approved")
        )
        session.flush()
        rank(session, project.id)


def _rows(client: TestClient, project: Project, headers: dict[str, str]) -> list[dict[str, Any]]:
    url = f"/api/projects/{project.id}/studies"
    rows: list[dict[str, Any]] = client.get(url, params={"sort": "-expected_gain"}, headers=headers).json()[
        "items"
    ]
    return rows


def test_unsure_studies_come_first_and_one_without_a_prediction_last(
    project: Project, client: TestClient, login: Login
) -> None:
    _predicted(project)
    rows = _rows(client, project, login("reader"))
    assert {row["patient_id"] for row in rows[:2]} == {"P2", "P3"}
    assert [row["patient_id"] for row in rows[2:]] == ["P1", "P4"]
    assert [row["expected_gain"] for row in rows] == [0.4, 0.4, 0.05, None]
    assert rows[0]["gain_reason"] == {"reason": "uncertain", "structures": ["Larynx"], "distance": None}
    assert rows[3]["gain_reason"] is None


def test_a_correction_brings_forward_what_is_unlike_it_and_takes_the_study_off(
    project: Project, client: TestClient, login: Login
) -> None:
    scenes = _predicted(project)
    _approve_one(project, scenes["P1"])
    rows = _rows(client, project, login("reader"))
    assert [row["patient_id"] for row in rows[:2]] == ["P3", "P2"]
    assert (rows[0]["gain_reason"]["reason"], rows[0]["expected_gain"] > 0.5) == ("unlike", True)
    assert rows[1]["expected_gain"] == 0.4
    assert next(row for row in rows if row["patient_id"] == "P1")["expected_gain"] is None
