"""Comparisons are asked for, refused where the dataset has too little, listed and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.comparisons.presets import presets
from backend.comparisons.tables import Comparison
from backend.kit import db
from backend.projects.tables import Project
from backend.training.tables import Snapshot
from models.comparison.config import Entry
from tests.factories.patients import draw, send_ct

Login = Callable[..., dict[str, str]]
CASES = {"P1": ("train", ["Larynx", "Lips"]), "P2": ("validation", ["Larynx"]), "P3": ("test", ["Brain"])}


@pytest.fixture
def freeze(project: Project, tmp_path: Path) -> Callable[..., str]:
    """`freeze("P1", "P2")` is the snapshot of these cases."""

    def make(*names: str) -> str:
        cases = []
        for name in names:
            scan = send_ct(project, tmp_path, name)
            revisions = {drawn: draw(scan, drawn) for drawn in CASES[name][1]}
            cases.append(
                {
                    "series_id": scan.series.id, "patient_key": name, "split": CASES[name][0],
                    "revisions": revisions,
                }
            )  # fmt: skip
        with db.session_scope() as session:
            row = Snapshot(
                project_id=project.id, name="s", cases=cases, structures=[], hash="", created_by=""
            )
            session.add(row)
            session.flush()
            return row.id

    return make


@pytest.fixture
def ask(project: Project, client: TestClient, login: Login) -> Callable[..., Any]:
    """`ask(snapshot_id, ...)` posts a comparison."""
    headers = login("administrator")

    def post(snapshot_id: str, **body: Any) -> Any:
        wanted = {"snapshot_id": snapshot_id, "entries": ["unet3d", "atlas"], "structures": ["Larynx"]}
        return client.post(f"/api/projects/{project.id}/comparisons", json=wanted | body, headers=headers)

    return post


def test_a_comparison_is_queued_with_its_presets_written_out(
    freeze: Callable[..., str], ask: Callable[..., Any], project: Project, client: TestClient, login: Login
) -> None:
    answer = ask(freeze("P1", "P2", "P3"), minutes=0.5)
    assert answer.status_code == 202
    made = answer.json()
    assert (made["state"], made["job"]["kind"]) == ("queued", "compare")
    assert made["config"]["entries"] == [presets()[name].model_dump() for name in ("unet3d", "atlas")]
    url = f"/api/projects/{project.id}/comparisons"
    shown = client.get(f"{url}/{made['id']}", headers=login("reader")).json()
    assert shown == {**made, "results": None}
    elsewhere = client.get(f"/api/projects/x/comparisons/{made['id']}", headers=login("reader"))
    assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("cases", "body", "status", "slug", "said"),
    [
        (["P2"], {}, 409, "nothing-to-learn", ""),
        (["P1"], {}, 409, "nothing-to-measure", ""),
        (["P1", "P2"], {"structures": ["Larynx", "Lips"]}, 409, "structure-not-contoured", "Lips"),
        (["P1", "P2", "P3"], {"structures": ["Larynx", "Brain"]}, 409, "structure-not-contoured", "Brain"),
        (["P1", "P2"], {"entries": ["unet4d"]}, 422, "invalid-input", "unet4d"),
        (["P1", "P2"], {"entries": ["atlas", "atlas"]}, 422, "invalid-input", "atlas"),
        (["P1", "P2"], {"evaluate": "test"}, 422, "invalid-input", ""),
        (["P1", "P2"], {"minutes": 0}, 422, "invalid-input", ""),
    ],
)
def test_what_the_dataset_cannot_give_is_refused_by_name(
    freeze: Callable[..., str],
    ask: Callable[..., Any],
    cases: list[str],
    body: dict[str, Any],
    status: int,
    slug: str,
    said: str,
) -> None:
    answer = ask(freeze(*cases), **body)
    assert (answer.status_code, answer.json()["type"].rsplit("/")[-1].rsplit(":")[-1]) == (status, slug)
    assert said in answer.json()["detail"]
    with db.session_scope(read_only=True) as session:
        assert session.query(Comparison).count() == 0


def test_pages_join_to_the_whole_list(
    freeze: Callable[..., str], ask: Callable[..., Any], project: Project, client: TestClient, login: Login
) -> None:
    snapshot = freeze("P1", "P2")
    made = [ask(snapshot).json()["id"] for _ in range(3)]
    url, headers = f"/api/projects/{project.id}/comparisons", login("reader")
    first = client.get(url, params={"limit": 2}, headers=headers).json()
    rest = client.get(url, params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


def test_presets_are_listed_and_are_entries_of_the_engine(client: TestClient, login: Login) -> None:
    items = client.get("/api/comparison-presets", headers=login("reader")).json()["items"]
    assert [one["name"] for one in items] == list(presets())
    for one in items:
        assert Entry.read(one, {}).architecture == one["architecture"]


def test_a_dataset_of_which_something_was_deleted_is_refused(
    freeze: Callable[..., str], ask: Callable[..., Any]
) -> None:
    frozen = freeze("P1", "P2")
    with db.session_scope() as session:
        snapshot = session.get_one(Snapshot, frozen)
        snapshot.cases = [snapshot.cases[0] | {"series_id": "gone"}, *snapshot.cases[1:]]
    problem = ask(frozen).json()
    assert (problem["status"], problem["type"]) == (409, "/problems/dataset-incomplete")
    assert (problem["scans"], problem["contours"]) == (1, 0)
