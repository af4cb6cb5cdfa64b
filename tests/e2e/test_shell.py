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


def test_an_ended_session_says_so_and_a_log_out_takes_the_last_stroke_along(
    sit_down: SitDown, actor: ActorMaker, bring: Callable[..., str]
) -> None:
    bring(1, ("Brainstem",))
    person = sit_down(actor("clinician"))
    page = person.page
    viewer = person.open_study()
    viewer.choose("Brainstem")
    viewer.stroke()
    with page.expect_request(lambda one: one.method == "PUT" and one.url.endswith("/draft")) as draft:
        page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    answer = draft.value.response()
    assert answer is not None and answer.status < 300
    expect(page.get_by_text("Your session has ended")).to_have_count(0)
    assert person.complaints == []

    with page.expect_response(lambda one: one.url.endswith("/api/events") and one.status == 200):
        person.log_in()  # an event stream that is still to open would say first that the session has ended
    page.context.clear_cookies()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended. Your work is kept")
    expect(page.get_by_text("Not for clinical use")).to_be_visible()
    person.log_in()
    expect(page.get_by_role("alert")).to_have_count(0)
    person.complaints.clear()  # the refusals of the session that was ended here


def test_a_list_that_cannot_be_fetched_again_stays_as_it_was(
    sit_down: SitDown, actor: ActorMaker, bring: Callable[..., str]
) -> None:
    bring(1, ("Brainstem",))
    person = sit_down(actor("clinician"))
    page = person.page
    head = page.get_by_role("columnheader", name="Patient")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.context.set_offline(True)
    head.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("The list is as it was at")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("row").filter(has_text="PHANTOM-1")).to_be_visible()
    page.context.set_offline(False)
    expect(head).to_have_attribute("aria-sort", "descending")  # fetched by itself
    person.complaints.clear()  # the network that was taken away here


def test_jobs_name_their_patients_and_hide_housekeeping(
    sit_down: SitDown, actor: ActorMaker, bring: Callable[..., str], project: Project, live_server: str
) -> None:
    study = bring(1, ("Brainstem",))
    with session_scope() as session:
        enqueue(session, JobRequest("publish", {}, project.id, study))
    page = sit_down(actor("clinician")).page
    page.goto(live_server + "/jobs")
    expect(page.get_by_role("row").filter(has_text="Import of structures")).to_contain_text("PHANTOM-1")
    expect(page.get_by_role("cell", name="DICOM publication")).to_have_count(0)
    page.get_by_label("With housekeeping").check()
    expect(page.get_by_role("cell", name="DICOM publication").first).to_be_visible()


def test_a_user_name_with_a_space_is_answered_at_its_field(
    sit_down: SitDown, actor: ActorMaker, live_server: str
) -> None:
    page = sit_down(actor("administrator")).page
    page.goto(live_server + "/users")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("Taro Yamada")
    dialog.get_by_label("Name", exact=True).fill("Taro Yamada")
    dialog.get_by_label("Password").fill("long enough")
    expect(dialog.get_by_role("alert")).to_contain_text("without spaces")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
