"""Pages of other sites: only DICOMweb, only origins that the installation names, never with a cookie."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from backend.app import create_app
from backend.config import Settings
from tests.conftest import forget_caches

VIEWER, EVIL = "https://viewer.example", "https://evil.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def open_client(database, monkeypatch):
    monkeypatch.setenv("RINKAKU_ORIGINS", VIEWER)
    forget_caches()
    with TestClient(create_app(), raise_server_exceptions=False) as made:
        yield made


def test_nobody_is_let_in_where_no_origin_is_named(client, login):
    preflight = client.options("/dicomweb/studies", headers=ASKS | {"Origin": VIEWER})
    assert (preflight.status_code, preflight.json()["type"]) == (403, "/problems/forbidden")
    answer = client.get("/dicomweb/studies", headers=login("reader") | {"Origin": VIEWER})
    for one in (preflight, answer):
        assert "access-control-allow-origin" not in one.headers
        assert one.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", VIEWER + ".evil.example", "http://viewer.example", VIEWER + ":8443"]
)
def test_another_origin_than_the_named_ones_learns_nothing(open_client, login, origin):
    preflight = open_client.options("/dicomweb/studies", headers=ASKS | {"Origin": origin})
    assert preflight.status_code == 403
    answer = open_client.get("/dicomweb/studies", headers=login("reader") | {"Origin": origin})
    for one in (preflight, answer):
        assert not [name for name in one.headers if name.startswith("access-control")]
        assert one.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/api/session", "/api/projects", "/", "/dicomwebber", "/dicomweb"])
def test_a_named_origin_reaches_nothing_but_dicomweb(open_client, path):
    for answer in (
        open_client.options(path, headers=ASKS | {"Origin": VIEWER}),
        open_client.get(path, headers={"Origin": VIEWER}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_cookie_from_a_named_origin_stores_nothing(open_client, actor):
    person = actor("clinician")
    credentials = {"username": person.username, "password": "correct horse battery"}
    own = {"X-Requested-With": "rinkaku", "Origin": "http://testserver"}
    assert open_client.post("/api/session", json=credentials, headers=own).status_code == 200
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    foreign = kind | {"Origin": VIEWER, "X-Requested-With": "rinkaku"}
    assert open_client.post("/dicomweb/studies", content=b"", headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://*.example",
        "http://viewer.example",
        "https://viewer.example/",
        "viewer",
        "null",
        "https://",
    ],
)
def test_origins_are_exact_and_safe(origins, monkeypatch):
    monkeypatch.setenv("RINKAKU_ORIGINS", f"{VIEWER},{origins}")
    with pytest.raises(ValidationError, match=r"https://viewer\.example"):
        Settings()


def test_origins_are_listed_with_commas(monkeypatch):
    monkeypatch.setenv("RINKAKU_ORIGINS", f" {VIEWER} , http://localhost:3000,")
    assert Settings().origins == (VIEWER, "http://localhost:3000")
