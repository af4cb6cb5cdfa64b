"""The event stream: over a real socket, because it never ends by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from backend.accounts.service import Login
from backend.accounts.service import login as accounts_login
from backend.app import create_app
from backend.jobs import service
from backend.jobs.feed import Feed, server_sent
from backend.kit.db import session_scope
from tests.conftest import PASSWORD


def announce(project_id: str | None, object_id: str = "x", kind: str = "study") -> None:
    with session_scope() as session:
        service.announce(session, kind, object_id, project_id)


def test_feed_gives_each_event_of_ones_projects_once(project, actor):
    member, stranger = actor("reader"), actor(None)
    feed, foreign = Feed(lambda: member, None), Feed(lambda: stranger, None)
    announce(project.id, "before")
    feed.poll(), foreign.poll()
    announce(project.id, "a")
    announce(None, "nobody's")
    announce(project.id, "b")
    assert [event.object_id for event in feed.poll()] == ["a", "b"]
    assert feed.poll() == foreign.poll() == []


def test_feed_goes_on_after_the_last_event_that_the_browser_saw(project, actor):
    member = actor("reader")
    feed = Feed(lambda: member, 0)
    announce(project.id, "a")
    announce(project.id, "b")
    first = feed.poll()
    again = Feed(lambda: member, first[-2].number)
    assert [event.object_id for event in again.poll()] == [first[-1].object_id]


def test_event_that_commits_late_is_given_though_its_number_is_lower(project, actor):
    from backend.jobs.tables import Event

    member = actor("reader")
    feed = Feed(lambda: member, None)
    announce(project.id, "start")
    start = Feed(lambda: member, 0).poll()[-1].number
    feed.poll()
    for number, name in ((start + 2, "early"), (start + 1, "late")):
        with session_scope() as session:
            session.add(Event(number=number, kind="study", object_id=name, project_id=project.id))
        assert [event.object_id for event in feed.poll()] == [name]


def test_event_is_written_as_the_standard_asks(project):
    from backend.jobs.tables import Event

    event = Event(number=7, kind="job", object_id="j", project_id="p")
    assert server_sent(event) == 'id: 7\nevent: job\ndata: {"id": "j", "project_id": "p"}\n\n'


@pytest.fixture
def address(database: str) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    tick = threading.Event()
    while not server.started:
        tick.wait(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join()


def test_stream_tells_of_a_change_and_closes_after_logout(address, project, actor):
    member = actor("reader")
    _, secret = accounts_login(Login(member.username, PASSWORD, "127.0.0.1", "test"))
    browser = httpx.Client(
        base_url=address, cookies={"rinkaku": secret}, headers={"X-Requested-With": "rinkaku"}, timeout=20
    )
    with browser, browser.stream("GET", "/api/events", headers={"Last-Event-ID": "0"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        announce(project.id, "study-9")
        for line in lines:
            if "study-9" in line:
                break
        assert browser.delete("/api/session").status_code == 204
        assert all("data" not in line for line in lines), "the line ends, and tells nothing more"


def test_stream_needs_a_login(client):
    assert client.get("/api/events").status_code == 401
