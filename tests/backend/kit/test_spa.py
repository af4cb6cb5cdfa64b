"""The browser's files: one page for every client route, assets for ever, nothing outside the folder."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.kit import problems, spa

PAGE = "<!doctype html><title>Rinkaku</title>"


@pytest.fixture
def folder(tmp_path):
    """A built front end beside a file that is nobody's business."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(PAGE)
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "index-abc123.js").write_text("let a")
    (tmp_path / "secret").write_text("secret")
    (dist / "link").symlink_to(tmp_path / "secret")
    return dist


@pytest.fixture
def browser(folder):
    app = FastAPI()
    problems.install(app)
    spa.serve(app, folder)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/studies/1", "/deep/er/and/deeper", "/apiary"])
def test_every_client_route_is_the_page_and_fresh(browser, path):
    answer = browser.get(path)
    assert answer.text == PAGE
    assert answer.headers["cache-control"] == "no-cache"


def test_hashed_assets_are_kept_for_ever_and_other_files_are_not(browser):
    asset = browser.get("/assets/index-abc123.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert browser.get("/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/dicomweb/nothing", "/assets/gone.js"])
def test_unknown_paths_of_the_server_are_problems_not_pages(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/..%2fsecret", "/link", "//etc/passwd"],
)
def test_nothing_outside_the_folder_is_served(browser, path, folder):
    answer = browser.get(path)
    assert "secret" not in answer.text
    assert "root:" not in answer.text
    assert answer.text == PAGE or answer.status_code == 404


def test_without_a_built_front_end_there_is_no_page(tmp_path):
    app = FastAPI()
    problems.install(app)
    spa.serve(app, tmp_path / "absent")
    with TestClient(app) as client:
        assert client.get("/").status_code == 404
