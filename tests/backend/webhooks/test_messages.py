"""What is told, to whom, and that nothing of a patient is in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.accounts.actor import Actor
from backend.kit import db
from backend.labels import service as labels
from backend.labels.schemas import ReviewIn
from backend.labels.service.review import review
from backend.labels.states import Act
from backend.projects.tables import Project
from backend.training import networks
from backend.webhooks.outgoing import signature
from backend.webhooks.tables import WebhookDelivery
from tests.backend.webhooks.conftest import Receiver
from tests.factories.jobs import run_queued
from tests.factories.patients import send_ct
from tests.factories.scenes import block
from tests.workers.test_presegment import STRUCTURES, install, presegment

EVERYTHING = ["study.arrived", "contours.ready", "structures.approved", "network.promoted"]
Register = Callable[..., dict[str, Any]]


@pytest.fixture
def register(client: TestClient, project: Project, login: Callable[..., dict[str, str]]) -> Register:
    """`register(url, events)` makes a webhook; gives it with its secret."""

    def make(url: str, events: list[str] | None = None) -> dict[str, Any]:
        body = {"url": url, "events": events or EVERYTHING}
        answer = client.post(f"/api/projects/{project.id}/webhooks", json=body, headers=login())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.got]


def deliveries() -> list[WebhookDelivery]:
    with db.session_scope(read_only=True) as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def test_a_study_is_told_once_signed_and_without_the_patient(
    register: Register, receiver: Receiver, project: Project, tmp_path: Path
) -> None:
    secret = register(receiver.url)["secret"]
    arrived = send_ct(project, tmp_path)
    assert run_queued("deliver-webhook") == [{"delivered": True}]
    [(headers, body)] = receiver.got
    content = json.loads(body)
    assert content["type"] == "study.arrived"
    assert content["data"] == {
        "study_id": arrived.study.id, "study_instance_uid": arrived.study.study_instance_uid,
    }  # fmt: skip
    assert b"Secret" not in body and b"ID-ct" not in body
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert [row.state for row in deliveries()] == ["delivered"]


def test_signature_is_the_one_of_the_specification() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_contours_approval_and_promotion_are_told(
    register: Register, receiver: Receiver, project: Project, actor: Callable[..., Actor], tmp_path: Path
) -> None:
    version_id = install(1, 20.0)
    register(receiver.url, ["contours.ready", "structures.approved", "network.promoted"])
    arrived = send_ct(project, tmp_path)
    presegment(arrived)
    annotator, reviewer = actor("annotator"), actor("reviewer")
    with db.session_scope() as session:
        owner = labels.working_set(session, session.merge(arrived.series))
        larynx = labels.find_structure(session, owner, "Larynx")
        assert larynx is not None
        mask = block(arrived.grid, slice(2, 4), slice(6, 14), slice(5, 12))
        labels.append_revision(session, larynx, labels.NewRevision(mask, 1, author_id=annotator.user_id))
        review(session, annotator, owner.id, Act.SUBMIT, ReviewIn(structure_ids=[larynx.id]))
    with db.session_scope() as session:
        review(session, reviewer, owner.id, Act.APPROVE, ReviewIn(revisions={larynx.id: 2}))
    with db.session_scope() as session:
        networks.promote(session, actor("administrator"), project.id, version_id)
    run_queued("deliver-webhook")
    drawn, approved, promoted = told(receiver)
    assert (drawn["type"], drawn["data"]["structures"]) == ("contours.ready", list(STRUCTURES))
    assert drawn["data"]["network"] == {"name": "head-neck-oar", "version": 1}
    assert approved["type"] == "structures.approved"
    assert approved["data"]["structures"] == [{"id": larynx.id, "name": "Larynx", "revision": 2}]
    assert (promoted["type"], promoted["data"]["rolled_back"]) == ("network.promoted", False)


def test_what_is_rolled_back_is_not_told(
    register: Register, receiver: Receiver, project: Project, actor: Callable[..., Actor]
) -> None:
    version_id = install(1, 20.0)
    register(receiver.url)
    who = actor("administrator")
    with pytest.raises(ZeroDivisionError), db.session_scope() as session:
        networks.promote(session, who, project.id, version_id)
        raise ZeroDivisionError
    assert deliveries() == []


def test_only_wanted_events_of_its_own_project_reach_a_webhook(
    register: Register, receiver: Receiver, project: Project, tmp_path: Path
) -> None:
    register(receiver.url, ["network.promoted"])
    send_ct(project, tmp_path)
    with db.session_scope() as session:
        other = Project(slug="other", name="Other")
        session.add(other)
    send_ct(other, tmp_path, "second")
    assert run_queued("deliver-webhook") == []
    assert receiver.got == []


def test_news_that_come_before_the_first_attempt_are_one_message(
    register: Register, receiver: Receiver, project: Project, actor: Callable[..., Actor], tmp_path: Path
) -> None:
    install(1, 20.0)
    register(receiver.url, ["contours.ready"])
    arrived = send_ct(project, tmp_path)
    presegment(arrived)
    presegment(arrived)
    assert run_queued("deliver-webhook") == [{"delivered": True}]
    presegment(arrived)
    assert run_queued("deliver-webhook") == [{"delivered": True}]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2
