"""Training, language and names of buttons, in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Dialog, Page, expect

from backend.accounts.actor import Actor
from tests.e2e.conftest import Person
from tests.factories.jobs import run_queued
from tests.factories.reviewing import looked_at

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
Bring = Callable[..., str]
PAROTIDS = ("Parotid_R", "Parotid_L")
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
NAMELESS = re.compile(
    r"^\s*- (?:button|link|textbox|searchbox|combobox|checkbox|slider|spinbutton)(?! \")[^\"]*$", re.M
)


def _approve_all(address: str, study: str, login: Callable[..., dict[str, str]]) -> None:
    """What the planner drew is submitted by one person and approved by another."""

    def call(method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
        answer = requests.request(method, f"{address}/api{path}", headers=who, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    author, reviewer = login("annotator"), login("reviewer")
    for row in call("GET", f"/studies/{study}", author)["structure_sets"]:
        call("POST", f"/structure-sets/{row['id']}/submit", author, {})
        shown = call("GET", f"/structure-sets/{row['id']}", reviewer)
        call("POST", f"/structure-sets/{row['id']}/approve", reviewer, looked_at(shown))


@pytest.mark.timeout(900)
def test_corrections_are_frozen_trained_on_promoted_and_rolled_back(
    sit_down: SitDown,
    actor: ActorMaker,
    login: Callable[..., dict[str, str]],
    bring: Bring,
    shipped: None,
    live_server: str,
) -> None:
    for seed in (1, 2):
        _approve_all(live_server, bring(seed, PAROTIDS), login)
    page = sit_down(actor("administrator")).page
    page.get_by_role("link", name="Training").click()
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("button", name="Freeze approved contours").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("first corrections")
    dialog.get_by_label("Test, %").fill("50")
    dialog.get_by_label("Validation, %").fill("0")
    dialog.get_by_role("button", name="Freeze approved contours").click()
    expect(page.get_by_role("row").filter(has_text="first corrections")).to_contain_text("Parotid_L")
    page.get_by_role("button", name="first corrections").click()
    for split in ("Training", "Locked test"):
        expect(dialog.get_by_role("row").filter(has_text=split)).to_contain_text("Phantom")
    dialog.get_by_role("button", name="Close").click()

    page.get_by_role("link", name="Training runs").click()
    page.get_by_role("button", name="Start training").click()
    dialog.get_by_label("Iterations").fill("2")
    dialog.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Measured when the training is through.")).to_be_visible()
    run_queued("train")
    evaluation = page.get_by_role("row").filter(has_text="Parotid_R")
    expect(evaluation).to_contain_text(re.compile(r"0\.\d+"))

    page.get_by_role("button", name="Promote").click()
    dialog.get_by_role("button", name="Promote").click()
    page.get_by_role("link", name="Networks").click()
    expect(page.get_by_role("row").filter(has_text="Trained here")).to_contain_text("In use")
    page.get_by_role("button", name="Roll back").click()
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("row").filter(has_text="Shipped").filter(has_text="Parotid_R")).to_contain_text(
        "In use"
    )


def test_worklist_and_viewer_speak_japanese(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ("Brainstem",))
    person = sit_down(actor("clinician"))
    page = person.page
    page.get_by_role("button", name="日本語").click()
    expect(page.get_by_role("link", name="ワークリスト")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.get_by_role("columnheader").filter(has_text="患者名")).to_be_visible()
    page.get_by_role("link", name=re.compile("Phantom")).click()
    expect(page.get_by_role("toolbar", name="ツール")).to_be_visible()
    expect(page.get_by_role("button", name="レビューに提出")).to_be_visible()
    for button in page.get_by_role("toolbar").get_by_role("button").all():
        assert JAPANESE.search(button.get_attribute("aria-label") or ""), button.inner_html()


def test_an_administrator_of_the_project_alone_makes_somebody_a_member(
    sit_down: SitDown, actor: ActorMaker, live_server: str
) -> None:
    wanted = actor(None)
    page = sit_down(actor("administrator", installation=False)).page
    page.goto(live_server + "/project")
    page.get_by_label("Person", exact=True).select_option(value=wanted.user_id)
    page.get_by_label("Role", exact=True).select_option(value="annotator")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row").filter(has_text=wanted.username)
    expect(row.get_by_role("combobox")).to_have_value("annotator")
    expect(page.get_by_text("All active users are members.")).to_be_visible()


def test_whoever_leaves_an_unsaved_template_is_asked(
    sit_down: SitDown, actor: ActorMaker, live_server: str
) -> None:
    page = sit_down(actor("administrator")).page
    page.goto(live_server + "/project")
    names = page.get_by_label("Name (TG-263)", exact=True)
    expect(names.first).to_have_value("Brainstem")
    names.first.fill("Brainstem_changed")
    asked = page.get_by_role("dialog", name="Leave without saving?")
    page.get_by_role("link", name="Worklist").click()
    asked.get_by_role("button", name="Cancel").click()
    expect(names.first).to_have_value("Brainstem_changed")
    said: list[str] = []

    def stay(dialog: Dialog) -> None:
        said.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.evaluate("location.reload()")
    expect(names.first).to_have_value("Brainstem_changed")
    assert said == ["beforeunload"]
    page.get_by_role("link", name="Worklist").click()
    asked.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("main").get_by_role("searchbox")).to_be_visible()
    page.get_by_role("link", name="Project").click()
    expect(names.first).to_have_value("Brainstem")
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs").first).to_be_visible()


def _nameless(page: Page) -> list[str]:
    return NAMELESS.findall(page.locator("body").aria_snapshot())


def test_every_control_has_a_name(
    sit_down: SitDown, actor: ActorMaker, bring: Bring, shipped: None, live_server: str
) -> None:
    study = bring(1, ("Brainstem",))
    page = sit_down(actor("administrator")).page
    training = [f"/training?tab={tab}" for tab in ("networks", "snapshots", "runs", "effort")]
    for path in ("/", f"/studies/{study}", "/jobs", *training, "/project", "/users", "/audit", "/account"):
        page.goto(live_server + path)
        expect(page.get_by_role("button").first).to_be_visible()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        assert (path, _nameless(page)) == (path, [])
