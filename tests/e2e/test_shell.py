"""What surrounds every page: faults, addresses that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from backend.accounts.actor import Actor
from backend.jobs.service import JobRequest, enqueue
from backend.jobs.tables import JobLog
from backend.kit.db import session_scope
from backend.projects.tables import Project
from tests.e2e.conftest import Person

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]


def test_a_closed_job_log_leaves_the_jobs_on_the_page(
    sit_down: SitDown, actor: ActorMaker, project: Project, live_server: str
) -> None:
    """Chromium's scrollIntoView returns a promise, which was called as the cleanup of the effect."""
    with session_scope() as session:
        job = enqueue(session, JobRequest("regions", {"series_id": "s"}, project.id))
        session.add(JobLog(job_id=job.id, attempt=1, line="Putting the slices together"))
    page = sit_down(actor("clinician")).page
    page.goto(live_server + "/jobs")
    page.get_by_role("button", name="Log", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Putting the slices together")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Jobs").first).to_be_visible()


def test_a_fault_in_a_page_leaves_words_and_a_way_out(
    sit_down: SitDown, actor: ActorMaker, live_server: str
) -> None:
    person = sit_down(actor("clinician"))
    page = person.page

    def broken(route: Route) -> None:
        route.fulfill(json={"items": [None], "next_cursor": None})

    page.route("**/api/jobs?*limit=100*", broken)
    page.goto(live_server + "/jobs")
    expect(page.get_by_role("alert")).to_contain_text("This page has stopped working")
    page.unroute("**/api/jobs?*limit=100*")
    page.get_by_role("link", name="To the worklist").click()
    expect(page.get_by_role("main").get_by_role("searchbox")).to_be_visible()
    person.complaints.clear()  # the fault that was made here


def test_addresses_that_lead_nowhere_say_so_and_lead_back(
    sit_down: SitDown, actor: ActorMaker, live_server: str
) -> None:
    person = sit_down(actor("clinician"))
    page = person.page
    for path, words in (("/studies/none", "There is no such study"), ("/none", "There is no such page")):
        page.goto(live_server + path)
        expect(page.get_by_role("main")).to_contain_text(words)
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)
        page.get_by_role("link", name="To the worklist").click()
        expect(page.get_by_role("main").get_by_role("searchbox")).to_be_visible()
    person.complaints.clear()  # the study that is not there
