"""API tokens, and adding and changing people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.accounts import service
from backend.accounts.tables import ApiToken, User
from backend.kit import clock, db
from tests.conftest import PASSWORD


def test_token_is_shown_once_and_stored_as_a_digest(client, login):
    headers = login("reader")
    made = client.post("/api/tokens", json={"name": "script"}, headers=headers).json()
    assert made["token"].startswith("rnk_")
    listed = client.get("/api/tokens", headers=headers).json()["items"]
    assert made["id"] in {one["id"] for one in listed}
    assert "token" not in listed[0]
    with db.session_scope(read_only=True) as session:
        assert made["token"] not in session.get(ApiToken, made["id"]).digest


def test_revoked_token_is_refused(client, login):
    headers = login("reader")
    made = client.post("/api/tokens", json={"name": "script"}, headers=headers).json()
    mine = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/session", headers=mine).status_code == 200
    assert client.delete(f"/api/tokens/{made['id']}", headers=headers).status_code == 204
    assert client.get("/api/session", headers=mine).status_code == 401
    assert client.delete(f"/api/tokens/{made['id']}", headers=headers).status_code == 404


def test_expired_token_is_refused(client, login, monkeypatch):
    made = client.post(
        "/api/tokens", json={"name": "s", "expires_in_days": 1}, headers=login("reader")
    ).json()
    mine = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/session", headers=mine).status_code == 200
    start = clock.now()
    monkeypatch.setattr(service, "now", lambda: start + timedelta(days=1, seconds=1))
    assert client.get("/api/session", headers=mine).status_code == 401


@pytest.mark.parametrize("value", ["Bearer", "Bearer rnk_", "Bearer nonsense", "Basic YTpi", "rnk_x"])
def test_nonsense_in_authorization_is_401(client, database, value):
    answer = client.get("/api/session", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_token_of_another_cannot_be_revoked(client, login):
    made = client.post("/api/tokens", json={"name": "s"}, headers=login("reader")).json()
    assert client.delete(f"/api/tokens/{made['id']}", headers=login("administrator")).status_code == 404


def test_pages_of_tokens_meet_without_gap_or_overlap(client, login):
    headers = login("reader")
    for number in range(5):
        client.post("/api/tokens", json={"name": f"t{number}"}, headers=headers)
    names, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/tokens", params=query, headers=headers).json()
        names += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["test", "t0", "t1", "t2", "t3", "t4"]


def new_user(**changes):
    return {"username": "Grace.Hopper", "display_name": "Grace", "password": PASSWORD} | changes


def test_administrator_adds_a_person_who_can_log_in(client, login):
    made = client.post("/api/users", json=new_user(), headers=login("administrator"))
    assert made.status_code == 201
    assert made.json()["username"] == "grace.hopper"
    body = {"username": "grace.hopper", "password": PASSWORD}
    assert client.post("/api/session", json=body).json()["projects"] == []


def test_user_name_is_taken_once(client, login):
    headers = login("administrator")
    client.post("/api/users", json=new_user(), headers=headers)
    again = client.post("/api/users", json=new_user(username="grace.hopper"), headers=headers)
    assert again.status_code == 409
    assert again.json()["field"] == "username"


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "short"}, {"username": ""}, {"username": "a b"}, {"username": "../x"},
        {"display_name": "  "}, {"id": "mine"}, {"created_at": "2020-01-01T00:00:00Z"}, {"__proto__": {}},
    ],
)  # fmt: skip
def test_bad_or_unknown_fields_are_refused_and_not_repeated(client, login, changes):
    answer = client.post("/api/users", json=new_user(**changes), headers=login("administrator"))
    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    assert "short" not in answer.json()["detail"]


def test_only_administrators_of_the_installation_manage_people(client, login):
    headers = login("administrator", installation=False)
    assert client.get("/api/users", headers=headers).status_code == 403
    assert client.post("/api/users", json=new_user(), headers=headers).status_code == 403


def test_last_administrator_can_neither_resign_nor_be_switched_off(client, actor, login):
    last = actor("administrator")
    headers = login(last)
    for change in ({"is_administrator": False}, {"active": False}):
        answer = client.patch(f"/api/users/{last.user_id}", json=change, headers=headers)
        assert answer.status_code == 409
    with db.session_scope(read_only=True) as session:
        user = session.get(User, last.user_id)
        assert user.active
        assert user.is_administrator
    login("administrator")
    assert (
        client.patch(f"/api/users/{last.user_id}", json={"active": False}, headers=headers).status_code == 200
    )


@pytest.mark.parametrize("change", [{"password": "another-Long-1-password"}, {"active": False}])
def test_new_password_or_shut_out_ends_tokens(client, actor, login, change):
    bob = actor("annotator")
    bearer = login(bob)
    assert client.get("/api/session", headers=bearer).status_code == 200
    administrator = login("administrator")
    for patch in (change, {"active": True}):
        answer = client.patch(f"/api/users/{bob.user_id}", json=patch, headers=administrator)
        assert answer.status_code == 200
    assert client.get("/api/session", headers=bearer).status_code == 401
