"""Refusals, servers that are away and servers of somebody else."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from rinkaku_client import Client, Problem, RinkakuError, transport
from rinkaku_client import problems as kinds
from rinkaku_client.problems import problem_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [
        (400, "bad-request", Problem),
        (401, "not-authenticated", kinds.NotAuthenticated),
        (403, "forbidden", kinds.Forbidden),
        (403, "own-work", kinds.OwnWork),
        (404, "not-found", kinds.NotFound),
        (409, "name-taken", kinds.Conflict),
        (412, "stale-name", kinds.Stale),
        (412, "stale-revision", kinds.StaleRevision),
        (413, "too-large", kinds.TooLarge),
        (422, "bad-mask", kinds.InvalidInput),
        (429, "too-many-requests", kinds.TooManyRequests),
        (500, "internal", kinds.ServerProblem),
        (503, "unavailable", kinds.Unavailable),
        (507, "storage-full", kinds.StorageFull),
    ],
)
def test_each_problem_has_its_type(status, slug, kind):
    body = {"type": f"/problems/{slug}", "title": "T", "detail": "a sentence", "status": status, "field": "f"}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "7"}
    problem = problem_of(httpx.Response(status, json=body, headers=headers))
    assert type(problem) is kind
    assert (problem.status, problem.slug, problem.title, problem.detail) == (status, slug, "T", "a sentence")
    assert (problem.members["field"], problem.retry_after_s) == ("f", 7)
    assert str(problem).startswith(f"{status} {slug}: a sentence")


def test_answer_of_a_proxy_is_a_problem_too():
    problem = problem_of(httpx.Response(502, html="<h1>Bad Gateway</h1>"))
    assert (type(problem), problem.slug) == (kinds.ServerProblem, "http-error")
    assert "502 Bad Gateway" in str(problem)
    broken = httpx.Response(404, text="{", headers={"Content-Type": "application/problem+json"})
    assert isinstance(problem_of(broken), kinds.NotFound)


def test_wrong_form_says_where(connect, project):
    with pytest.raises(kinds.InvalidInput, match=r"query\.limit"):
        next(connect("reader").studies.list(project.id, limit=0))


def test_wrong_token_and_foreign_things(connect, live_server, scene):
    with Client(live_server, "wrong") as stranger, pytest.raises(kinds.NotAuthenticated):
        stranger.projects.list()
    with pytest.raises(kinds.NotFound):
        connect(None).studies.get(scene.study.id)
    with pytest.raises(kinds.Forbidden, match="your role in this project is reader"):
        connect("reader").structures.create_set(scene.study.id, scene.series.id, "mine")


def test_who_one_is(connect, project):
    reader = connect("reader")
    me = reader.projects.me()
    assert me["user"]["username"].startswith("reader-")
    assert [(one["id"], one["role"]) for one in reader.projects.list()] == [(project.id, "reader")]
    assert reader.projects.get(project.id)["slug"] == "default"
    assert reader.projects.template(project.id)[0]["name"] == "Brainstem"


def test_server_that_is_away_is_unreachable(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", waits.append)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            Client(url, "token", retries=2) as client,
            pytest.raises(kinds.Unreachable, match="ConnectError"),
        ):
            client.projects.list()
    assert waits == [0.5, 1.0]


def test_broken_line_is_tried_again_where_that_is_safe(connect, line, project):
    clinician = connect("clinician", line.url)
    line.break_before, line.times = b"GET /api/projects", 2
    assert [one["id"] for one in clinician.projects.list()] == [project.id]
    assert line.broken == 2
    line.break_before, line.broken = b"/imports", 0
    with pytest.raises(kinds.Unreachable):
        clinician.imports.send(project.id, [])
    assert line.broken == 1


class Answers(http.server.BaseHTTPRequestHandler):
    """Somebody else's server: it is away twice, then answers a page."""

    away = 0

    def do_GET(self):
        if type(self).away:
            type(self).away -= 1
            self.send_response(503)
            self.send_header("Retry-After", "3")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"<h1>Another site</h1>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the tests' output clean."""


@pytest.fixture
def other_site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_wrong_address_is_told(other_site):
    with Client(other_site, "token") as client, pytest.raises(kinds.BadAnswer, match="Rinkaku server"):
        client.projects.list()


def test_server_says_when_to_come_back(other_site, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", waits.append)
    monkeypatch.setattr(Answers, "away", 2)
    with Client(other_site, "token") as client, pytest.raises(kinds.BadAnswer):
        client.projects.list()
    assert waits == [3, 3]
    monkeypatch.setattr(Answers, "away", 9)
    with Client(other_site, "token", retries=1) as client, pytest.raises(kinds.Unavailable):
        client.projects.list()


def test_every_error_is_one_of_ours():
    errors = [one for one in vars(kinds).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert len(errors) >= 20
    assert all(issubclass(one, RinkakuError) for one in errors)


def test_package_needs_nothing_of_the_server():
    check = (
        "import sys, rinkaku_client as made; assert 'client' in made.__file__; "
        "bad = {'backend', 'rt', 'workers', 'models', 'torch', 'pydantic', 'pandas', 'pydicom', 'scipy'}; "
        "sys.exit(','.join(bad & sys.modules.keys()) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", check],
        cwd=ROOT / "client", env={"PYTHONPATH": str(ROOT / "client")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
