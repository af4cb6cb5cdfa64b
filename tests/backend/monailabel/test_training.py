"""Trainings that clients start, watch and stop, with the rights of whose token it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from backend.jobs.tables import Job
from backend.kit import db
from backend.kit.clock import now
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion, Run, Snapshot
from tests.backend.labels.conftest import draw
from tests.factories.reviewing import review
from tests.factories.scenes import block, make_scene

Address = Callable[..., str]
Login = Callable[..., dict[str, str]]


@pytest.fixture
def approved(project: Project, client: TestClient, login: Login, network: NetworkVersion) -> None:
    """Two patients with an approved contour each."""
    with db.session_scope() as session:
        scenes = [make_scene(session, project, patient_id=patient) for patient in ("P1", "P2")]
    author, reviewer = login("annotator"), login("reviewer")
    for scene in scenes:
        drawn = draw(scene, "Parotid_L", block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12)))
        for who, act in ((author, "submit"), (reviewer, "approve")):
            assert review(client, drawn.set_id, act, who).is_success


def the_run(**job: object) -> Run:
    """The only run, its job changed as a worker would change it."""
    with db.session_scope() as session:
        run = session.scalars(select(Run)).one()
        if job:
            session.execute(update(Job).where(Job.id == run.job_id).values(**job))
        return run


def test_training_is_frozen_started_and_known_as_a_task(
    client: TestClient, address: Address, approved: None, network: NetworkVersion
) -> None:
    base = address("administrator")
    trainer = client.get(f"{base}/info/").json()["trainers"]["head-neck-oar"]
    assert trainer["config"] == {"iterations": 400, "learning_rate": 3e-4}
    sent = trainer["config"] | {"iterations": "25", "client_id": "user-xyz"}
    task = client.post(f"{base}/train/head-neck-oar", json=sent).json()
    assert (task["status"], task["request"]["model"]) == ("SUBMITTED", "head-neck-oar")
    run = the_run()
    assert (task["id"], run.config["iterations"]) == (run.job_id, 25)
    assert run.base_version_id == network.id
    with db.session_scope(read_only=True) as session:
        assert session.get_one(Snapshot, run.snapshot_id).structures == ["Parotid_L"]
    assert client.get(f"{base}/train/").json()["id"] == task["id"]
    assert client.get(f"{base}/train/?check_if_running=true").status_code == 200


def test_one_training_of_a_project_at_a_time(client: TestClient, address: Address, approved: None) -> None:
    base = address("administrator")
    assert client.post(f"{base}/train/head-neck-oar", json={}).status_code == 200
    busy = client.post(f"{base}/train/head-neck-oar", json={})
    assert (busy.status_code, busy.json()["type"]) == (429, "/problems/training-busy")
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(func.count(Snapshot.id))) == 1, "nothing is frozen for what is refused"


def test_stopping_gives_the_task_with_details_then_null(
    client: TestClient, address: Address, approved: None
) -> None:
    base = address("administrator")
    assert client.delete(f"{base}/train/").json() is None, "nothing trains"
    started = client.post(f"{base}/train/head-neck-oar", json={}).json()
    stopped = client.delete(f"{base}/train/").json()
    assert (stopped["id"], stopped["status"]) == (started["id"], "STOPPED")
    assert stopped["details"][-1], "Slicer reads the last one"
    assert client.delete(f"{base}/train/").json() is None
    assert client.get(f"{base}/train/").json()["status"] == "STOPPED", (
        "the last task, not 404, while Slicer polls"
    )
    assert client.get(f"{base}/train/?check_if_running=true").status_code == 404


def test_a_running_training_is_asked_to_stop(client: TestClient, address: Address, approved: None) -> None:
    base = address("administrator")
    client.post(f"{base}/train/head-neck-oar", json={})
    run = the_run(state="running", lease_until=now() + timedelta(hours=1), started_at=now())
    assert client.delete(f"{base}/train/").json()["status"] == "RUNNING", "its worker ends it in seconds"
    with db.session_scope(read_only=True) as session:
        assert session.get_one(Job, run.job_id).cancel_requested


@pytest.mark.parametrize("body", [{"head-neck-oar": {"iterations": 30}}, {"iterations": 30}])
def test_ohif_names_the_network_in_the_body_or_not_at_all(
    client: TestClient, address: Address, approved: None, body: dict[str, object]
) -> None:
    told = client.post(f"{address('administrator')}/train/", json=body).json()
    assert told["head-neck-oar"] == {"result": "SUBMITTED", "detail": "SUBMITTED"}
    assert told["status"] == "SUBMITTED"
    assert the_run().config["iterations"] == 30


def test_train_stats_are_numbers_and_end_with_the_time(
    client: TestClient, address: Address, approved: None
) -> None:
    base = address("administrator")
    client.post(f"{base}/train/head-neck-oar", json={"iterations": 50})
    fresh = client.get(f"{base}/info/").json()["train_stats"]["head-neck-oar"]
    assert fresh == {"epoch": 0, "total_epochs": 50, "best_metric": 0.0}, "never null; no time: it goes on"
    point = {"iteration": 10, "loss": 0.5, "dice": {"Parotid_L": 0.75}}
    with db.session_scope() as session:
        session.execute(update(Run).values(curves=[{**point, "dice": None}, point]))
    the_run(state="succeeded", started_at=now() - timedelta(seconds=61), finished_at=now())
    done = client.get(f"{base}/info/").json()["train_stats"]["head-neck-oar"]
    assert done == {"epoch": 10, "total_epochs": 50, "best_metric": 0.75, "total_time": "0:01:01"}
    assert client.get(f"{base}/train/").json()["status"] == "DONE"
    assert client.get(f"{base}/model/info/head-neck-oar").json()["train_stats"] == done


def test_training_needs_the_right_to_train(client: TestClient, address: Address, approved: None) -> None:
    for role in ("clinician", "reviewer", "annotator", "reader"):
        base = address(role)
        assert client.post(f"{base}/train/head-neck-oar", json={}).status_code == 403
        assert client.post(f"{base}/train/", json={}).status_code == 403
        assert client.delete(f"{base}/train/").status_code == 403
        assert client.get(f"{base}/train/").status_code == 404, "to look is allowed, but nothing was trained"


def test_what_cannot_be_trained_is_said(
    client: TestClient, address: Address, network: NetworkVersion
) -> None:
    base = address("administrator")
    few = client.post(f"{base}/train/head-neck-oar", json={})
    assert (few.status_code, few.json()["type"]) == (409, "/problems/too-few-patients")
    assert client.post(f"{base}/train/deepedit", json={}).status_code == 404
    assert client.post(f"{base}/train/", json={"a": {}, "b": {}}).status_code == 422
    for content in (b"[]", b"{", b"\xff"):
        assert client.post(f"{base}/train/", content=content).status_code == 422


def test_a_setting_out_of_range_starts_nothing(client: TestClient, address: Address, approved: None) -> None:
    base = address("administrator")
    refused = client.post(f"{base}/train/head-neck-oar", json={"iterations": 0})
    assert (refused.status_code, refused.json()["field"]) == (422, "iterations")
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(func.count(Snapshot.id))) == 0
