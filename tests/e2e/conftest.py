"""People at browsers of their own, on the running product with the built pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from backend.accounts.actor import Actor
from backend.config import ROOT
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies.service import import_path
from backend.training.networks import register_shipped
from rt.dicom.outgoing import write_bytes
from rt.phantom import PhantomOptions, phantom_dicom
from tests.conftest import PASSWORD
from tests.e2e.viewer import Viewer
from tests.factories.jobs import run_queued

PHANTOM = PhantomOptions((32, 80, 80), (4.5, 4.5, 5.0), lowest_mm=-130.0)
"""The generated patient on a coarse grid: small, and the network still finds its organs."""


def chromium() -> str | None:
    """The system's Chromium, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for found in map(shutil.which, names) if found), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; one a module, because its event loop would be in the way of other tests'."""
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    if not (ROOT / "frontend" / "dist" / "index.html").exists():
        pytest.skip("the pages are not built (make test builds them)")
    flags = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=flags)
        yield started
        started.close()


@dataclass
class Person:
    """Someone at a browser of their own."""

    actor: Actor
    address: str
    context: BrowserContext
    page: Page
    complaints: list[str]
    """What the browser's console and the server's refusals said; none is expected."""

    def log_in(self) -> None:
        """By the form, from the first page."""
        self.page.goto(self.address)
        self.page.get_by_label("User name").fill(self.actor.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("link", name="Worklist")).to_be_visible()

    def open_study(self, patient: str = "Phantom") -> Viewer:
        """From the worklist to the viewer, until all contours are there."""
        self.page.get_by_role("link", name="Worklist").click()
        self.page.get_by_role("row").filter(has_text=patient).first.get_by_role("link").first.click()
        viewer = Viewer(self.page)
        viewer.wait()
        return viewer


def _listen(page: Page, complaints: list[str]) -> None:
    """One refusal is a question answered: is anyone logged in."""

    def answered(response: Response) -> None:
        asked = response.url.endswith("/api/session") and response.request.method == "GET"
        if response.status >= 400 and not asked:
            complaints.append(f"{response.status} {response.request.method} {response.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # leaving a page ends its streams
            complaints.append(f"{request.failure} {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", answered)
    page.on("requestfailed", failed)


@pytest.fixture
def sit_down(browser: Browser, database: str, live_server: str) -> Iterator[Callable[[Actor], Person]]:
    """`sit_down(actor)` logs a person in at a new browser; at the end nobody may have complaints."""
    if database != "sqlite":
        pytest.skip("the browser runs once, on SQLite")
    people: list[Person] = []

    def sit(actor: Actor) -> Person:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Asia/Tokyo"
        )
        person = Person(actor, live_server, context, context.new_page(), [])
        people.append(person)
        _listen(person.page, person.complaints)
        person.log_in()
        return person

    yield sit
    for person in people:
        person.context.close()
    assert {person.actor.username: person.complaints for person in people if person.complaints} == {}


@pytest.fixture
def shipped(database: str) -> None:
    """The shipped network is installed."""
    with session_scope() as session:
        register_shipped(session)


@pytest.fixture
def bring(project: Project, tmp_path: Path) -> Callable[..., str]:
    """`bring(seed, structures)` imports a generated patient, whose planner drew these structures."""

    def send(seed: int = 1, structures: tuple[str, ...] = (), options: PhantomOptions = PHANTOM) -> str:
        folder = tmp_path / f"patient-{seed}"
        folder.mkdir()
        for number, dataset in enumerate(phantom_dicom(seed, options, structures)):
            (folder / f"{number}.dcm").write_bytes(write_bytes(dataset))
        summary, arrivals = import_path(project.id, None, folder)
        assert summary.refused == 0, arrivals
        run_queued("import-structures")
        return summary.studies[0]

    return send
