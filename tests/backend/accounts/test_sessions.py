"""Logging in and out with the browser's cookie; what forged or stale requests get (cases 19–21)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from backend.accounts import passwords, service
from backend.accounts.tables import LoginSession, User
from backend.app import create_app
from backend.config import get_settings
from backend.kit import clock, db
from tests.conftest import PASSWORD

OURS = {"X-Requested-With": "rinkaku", "Sec-Fetch-Site": "same-origin"}


def log_in(client, username, password=PASSWORD, **headers):
    return client.post("/api/session", json={"username": username, "password": password}, headers=headers)


@pytest.fixture
def person(actor):
    return actor("annotator")


@pytest.fixture
def browser(client, person):
    assert log_in(client, person.username).status_code == 200
    return client


def test_login_names_the_person_and_the_projects(client, person):
    answer = log_in(client, person.username.upper())
    assert answer.status_code == 200
    assert answer.json()["user"]["username"] == person.username
    assert [(one["slug"], one["role"]) for one in answer.json()["projects"]] == [("default", "annotator")]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_cookie_is_host_bound_and_secure_behind_https(database, person, monkeypatch):
    monkeypatch.setenv("RINKAKU_PUBLIC_URL", "https://rinkaku.example")
    get_settings.cache_clear()
    with TestClient(create_app(), base_url="https://rinkaku.example") as client:
        answer = log_in(client, person.username)
        assert answer.headers["set-cookie"].startswith("__Host-rinkaku=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "Domain" not in answer.headers["set-cookie"]
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert client.get("/api/session").status_code == 200


def test_secret_is_not_in_the_database(browser):
    secret = browser.cookies["rinkaku"]
    with db.session_scope(read_only=True) as session:
        digests = [row.digest for row in session.query(LoginSession)]
    assert digests == [passwords.digest(secret)]
    assert len(secret) >= 43  # 256 bits in base64


def test_cookie_chosen_before_login_is_never_used(client, person):
    client.cookies.set("rinkaku", "chosen-by-an-attacker")
    assert client.get("/api/session").status_code == 401
    log_in(client, person.username)
    secrets = {cookie.value for cookie in client.cookies.jar}
    assert secrets != {"chosen-by-an-attacker"}


def test_logout_ends_the_session_on_the_server(browser):
    secret = browser.cookies["rinkaku"]
    assert browser.delete("/api/session", headers=OURS).status_code == 204
    browser.cookies.set("rinkaku", secret)
    assert browser.get("/api/session").status_code == 401


def test_nobody_at_a_browser_is_no_error(client):
    assert client.get("/api/session/status").json() == {"me": None}
    client.cookies.set("rinkaku", "invented")
    answer = client.get("/api/session/status")
    assert (answer.status_code, answer.json()) == (200, {"me": None})


def test_status_names_only_who_has_this_browsers_session(browser, client, login, person):
    assert browser.get("/api/session/status").json()["me"]["user"]["username"] == person.username
    bearer = login("administrator")
    with TestClient(create_app()) as other:
        assert other.get("/api/session/status", headers=bearer).json() == {"me": None}, "a page sends none"
    browser.delete("/api/session", headers=OURS)
    assert browser.get("/api/session/status").json() == {"me": None}


def test_password_change_ends_every_session(browser, person):
    body = {"current": PASSWORD, "new": "an entirely different one"}
    assert browser.post("/api/session/password", json=body, headers=OURS).status_code == 204
    with db.session_scope(read_only=True) as session:
        assert session.query(LoginSession).count() == 0
    assert log_in(browser, person.username).status_code == 401
    assert log_in(browser, person.username, "an entirely different one").status_code == 200


def test_password_change_needs_the_present_one(browser):
    body = {"current": "not the one", "new": "an entirely different one"}
    assert browser.post("/api/session/password", json=body, headers=OURS).status_code == 403
    assert browser.get("/api/session").status_code == 200


def test_deactivated_person_is_out_at_the_next_request(browser, person, login):
    assert browser.get("/api/session").status_code == 200
    token = login(person)
    with TestClient(create_app()) as other:
        administrator = login("administrator")
        answer = other.patch(f"/api/users/{person.user_id}", json={"active": False}, headers=administrator)
        assert answer.status_code == 200
        assert other.get("/api/session", headers=token).status_code == 401
    assert browser.get("/api/session").status_code == 401
    assert log_in(browser, person.username).status_code == 401


def test_removed_role_counts_at_the_next_request(browser, person, project, login):
    assert browser.get(f"/api/projects/{project.id}").status_code == 200
    with TestClient(create_app()) as other:
        path = f"/api/projects/{project.id}/members/{person.user_id}"
        assert other.delete(path, headers=login("administrator")).status_code == 204
    assert browser.get(f"/api/projects/{project.id}").status_code == 404


@pytest.mark.parametrize("later", [timedelta(minutes=31), timedelta(hours=13)])
def test_idle_and_old_sessions_end(browser, monkeypatch, later):
    start = clock.now()
    monkeypatch.setattr(service, "now", lambda: start + later)
    assert browser.get("/api/session").status_code == 401


def test_used_session_ends_at_its_absolute_end(browser, monkeypatch):
    start = clock.now()
    for minutes in range(20, 12 * 60, 20):
        monkeypatch.setattr(service, "now", lambda minutes=minutes: start + timedelta(minutes=minutes))
        assert browser.get("/api/session").status_code == 200
    monkeypatch.setattr(service, "now", lambda: start + timedelta(hours=12, seconds=1))
    assert browser.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": "XMLHttpRequest"},
        {"X-Requested-With": "rinkaku", "Sec-Fetch-Site": "cross-site"},
        {"X-Requested-With": "rinkaku", "Sec-Fetch-Site": "same-site"},
        {"X-Requested-With": "rinkaku", "Origin": "https://evil.example"},
        {"X-Requested-With": "rinkaku", "Origin": "null"},
    ],
)
def test_forged_request_changes_nothing(browser, headers):
    answer = browser.post("/api/tokens", json={"name": "stolen"}, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/api/tokens").json()["items"] == []
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("headers", [OURS, {"X-Requested-With": "rinkaku", "Origin": "http://testserver"}])
def test_own_request_is_taken(browser, headers):
    assert browser.post("/api/tokens", json={"name": "mine"}, headers=headers).status_code == 201


def test_login_from_another_site_is_refused(client, person):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert log_in(client, person.username, **headers).status_code == 403


def test_plain_text_body_is_not_read_as_json(browser):
    answer = browser.post(
        "/api/tokens", content='{"name": "x"}', headers=OURS | {"Content-Type": "text/plain"}
    )
    assert answer.status_code == 422


def test_preflight_of_another_site_gets_no_permission(client):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/tokens", headers=headers)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_eleventh_wrong_password_waits_and_others_are_undisturbed(client, person, actor, monkeypatch):
    other = actor("reader")
    answers = [log_in(client, person.username, "wrong") for _ in range(10)]
    assert {answer.status_code for answer in answers} == {401}
    eleventh = log_in(client, person.username)
    assert eleventh.status_code == 429
    assert 0 < int(eleventh.headers["retry-after"]) <= 601
    assert log_in(client, other.username).status_code == 200
    start = clock.now()
    monkeypatch.setattr(service, "now", lambda: start + timedelta(minutes=11))
    assert log_in(client, person.username).status_code == 200


def test_many_names_from_one_address_are_slowed_too(client, database, monkeypatch):
    monkeypatch.setattr(service, "FAILURES_PER_ADDRESS", 3)
    answers = [log_in(client, f"nobody{number}", "wrong").status_code for number in range(4)]
    assert answers == [401, 401, 401, 429]


def test_unknown_user_gets_the_same_answer_after_the_same_work(client, person, monkeypatch):
    verified: list[str] = []
    hasher = passwords._hasher()
    real = type(hasher).verify
    monkeypatch.setattr(
        type(hasher),
        "verify",
        lambda self, password, stored: verified.append(stored) or real(self, password, stored),
    )
    unknown, known = log_in(client, "nobody", "wrong"), log_in(client, person.username, "wrong")
    without_id = [{**answer.json(), "instance": ""} for answer in (unknown, known)]
    assert without_id[0] == without_id[1]
    assert len(verified) == 2
    assert {stored.rsplit("$", 2)[0] for stored in verified} == {verified[0].rsplit("$", 2)[0]}


def test_password_is_stored_as_argon2id(person, database):
    with db.session_scope(read_only=True) as session:
        stored = session.get(User, person.user_id).password_hash
    assert stored.startswith("$argon2id$")
    memory = int(stored.split("m=")[1].split(",")[0])
    assert memory >= 64 * 1024
