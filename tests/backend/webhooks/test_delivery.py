"""A receiver that is away, refuses, redirects, or is no receiver at all."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.jobs.tables import Job
from backend.kit import db
from backend.projects.tables import Project
from backend.webhooks import outgoing
from backend.webhooks.service import MOST, RETRIES_S
from tests.backend.webhooks.conftest import Receiver
from tests.conftest import forget_caches
from tests.factories.jobs import run_queued

Login = Callable[..., dict[str, str]]


class Hooks:
    """A project's webhooks by HTTP, as its administrator."""

    def __init__(self, client: TestClient, project: Project, headers: dict[str, str]) -> None:
        self._client, self._project, self._headers = client, project, headers

    def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self._client.request(method, f"/api{path}", json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def create(self, url: str, status: int = 201) -> Any:
        body = {"url": url, "events": ["study.arrived"]}
        return self.call("POST", f"/projects/{self._project.id}/webhooks", body, status)

    def ping(self, hook: Any) -> Any:
        return self.call("POST", f"/webhooks/{hook['id']}/ping", None, 202)

    def messages(self, hook: Any) -> list[Any]:
        items: list[Any] = self.call("GET", f"/webhooks/{hook['id']}/deliveries")["items"]
        return items


@pytest.fixture
def hooks(client: TestClient, project: Project, login: Login) -> Hooks:
    return Hooks(client, project, login())


def test_the_secret_is_shown_once_and_a_new_one_signs_from_then_on(hooks: Hooks, receiver: Receiver) -> None:
    made = hooks.create(receiver.url)
    listed = hooks.call("GET", f"/projects/{hooks._project.id}/webhooks")["items"]
    assert [set(one) for one in listed] == [set(made) - {"secret"}]
    renewed = hooks.call("POST", f"/webhooks/{made['id']}/secret")
    assert renewed["secret"] != made["secret"]
    with db.session_scope(read_only=True) as session:
        kept = [str(entry.changes) for entry in session.scalars(select(AuditEntry))]
    assert not [one for one in kept if made["secret"] in one or renewed["secret"] in one]


def test_a_message_that_is_not_taken_is_tried_again_and_keeps_its_id(
    hooks: Hooks, receiver: Receiver
) -> None:
    hook = hooks.create(receiver.url)
    receiver.answers = [500, 503]
    hooks.ping(hook)
    results = [run_queued("deliver-webhook") for _ in range(3)]
    assert [r["delivered"] for [r] in results] == [False, False, True]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    [message] = hooks.messages(hook)
    assert (message["state"], message["attempts"], message["status_code"]) == ("delivered", 3, 204)


def test_each_further_attempt_waits_longer(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    receiver.answers = [500] * 20
    hooks.ping(hook)
    waits = []
    while run_queued("deliver-webhook"):
        with db.session_scope(read_only=True) as session:
            queued = select(Job).where(Job.kind == "deliver-webhook", Job.state == "queued")
            waits += [(j.available_at - j.created_at).total_seconds() for j in session.scalars(queued)]
    assert waits == pytest.approx(RETRIES_S)
    [message] = hooks.messages(hook)
    assert (message["state"], message["attempts"]) == ("failed", len(RETRIES_S) + 1)
    assert message["error"] == "127.0.0.1 answered 500"


def test_a_failed_message_is_sent_again_by_hand(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    receiver.answers = [500] * (len(RETRIES_S) + 1)
    message = hooks.ping(hook)
    while run_queued("deliver-webhook"):
        pass
    path = f"/webhooks/{hook['id']}/deliveries/{message['id']}/redeliver"
    assert hooks.call("POST", path, None, 202)["state"] == "waiting"
    assert run_queued("deliver-webhook") == [{"delivered": True}]
    assert hooks.messages(hook)[0]["state"] == "delivered"
    other = hooks.create(receiver.url)
    elsewhere = f"/webhooks/{other['id']}/deliveries/{message['id']}/redeliver"
    hooks.call("POST", elsewhere, None, 404)


def test_redirections_are_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    receiver.answers = [302]
    hooks.ping(hook)
    run_queued("deliver-webhook")
    assert len(receiver.got) == 1
    assert hooks.messages(hook)[0]["status_code"] == 302


@pytest.mark.timeout(60)
def test_an_answer_is_not_read_to_its_end(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    receiver.endless = True
    hooks.ping(hook)
    assert run_queued("deliver-webhook") == [{"delivered": True}]


def test_gone_switches_the_webhook_off(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    receiver.answers = [410]
    hooks.ping(hook)
    run_queued("deliver-webhook")
    [listed] = hooks.call("GET", f"/projects/{hooks._project.id}/webhooks")["items"]
    assert listed["active"] is False
    hooks.call("POST", f"/webhooks/{hook['id']}/ping", None, 409)


def test_what_waited_goes_out_when_the_webhook_is_switched_on(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    hooks.ping(hook)
    hooks.call("PATCH", f"/webhooks/{hook['id']}", {"active": False})
    assert run_queued("deliver-webhook") == [{"delivered": False, "reason": "not-wanted"}]
    hooks.call("PATCH", f"/webhooks/{hook['id']}", {"active": True})
    assert run_queued("deliver-webhook") == [{"delivered": True}]


def test_nobody_there_and_unknown_names_are_told(hooks: Hooks, receiver: Receiver) -> None:
    for url, told in (
        ("http://127.0.0.1:9/", "127.0.0.1 did not answer: ConnectError"),
        ("https://nowhere.invalid/", "the name nowhere.invalid is not known"),
        ("https://a..b/", "the name a..b is not known"),
        (f"https://{'x' * 64}.example/", f"the name {'x' * 64}.example is not known"),
    ):
        hook = hooks.create(url)
        hooks.ping(hook)
        run_queued("deliver-webhook")
        assert hooks.messages(hook)[0]["error"] == told


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]", "224.0.0.1"],
)
def test_this_machine_and_its_metadata_are_no_receivers(
    hooks: Hooks, receiver: Receiver, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RINKAKU_WEBHOOK_LOOPBACK")
    forget_caches()
    refused = hooks.create(receiver.url.replace("127.0.0.1", host), 422)
    assert refused["type"] == "/problems/webhook-address"


def test_a_name_that_stands_for_this_machine_is_not_called(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = hooks.create(receiver.url.replace("127.0.0.1", "receiver.example"))
    monkeypatch.delenv("RINKAKU_WEBHOOK_LOOPBACK")
    forget_caches()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_, **__: found)
    hooks.ping(hook)
    run_queued("deliver-webhook")
    assert receiver.got == []
    assert "to which no messages are sent" in hooks.messages(hook)[0]["error"]


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://", "https://a:b@x.example/", "https://x.example/#a", "https://x:99999/",
            "https://ünicode.example/", "file:///etc/passwd", "https://x.example/a b"],
)  # fmt: skip
def test_what_is_no_address_is_refused(hooks: Hooks, url: str) -> None:
    assert "url" in str(hooks.create(url, 422))


def test_a_project_has_a_limited_number(hooks: Hooks) -> None:
    for _ in range(MOST):
        hooks.create("https://x.example/")
    hooks.create("https://x.example/", 409)


def test_messages_go_with_their_webhook(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.create(receiver.url)
    hooks.ping(hook)
    hooks.call("DELETE", f"/webhooks/{hook['id']}", None, 204)
    assert run_queued("deliver-webhook") == [{"delivered": False, "reason": "not-wanted"}]
    hooks.call("GET", f"/webhooks/{hook['id']}/deliveries", None, 404)
