"""What stands around the views: whose study it is, the tools, what leaves the house."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.studies.tables import Patient
from tests.e2e.conftest import Person

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
Bring = Callable[..., str]
CORNER = """canvas => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
  done(canvas.getContext('2d').getImageData(0, canvas.height - 40, 200, 40).data.join()))))"""
"""What is drawn in the lower left corner, once the views have been drawn again."""
NAME = "Wolfeschlegelsteinhausen-Bergerdorff^Hubert Blaine"


def _inside(page: Page, controls: Locator) -> list[str]:
    """Names of controls that reach over the window's edge."""
    width = page.evaluate("innerWidth")
    boxes = [
        (one.get_attribute("aria-label") or one.inner_text(), one.bounding_box()) for one in controls.all()
    ]
    return [name for name, box in boxes if box is None or box["x"] < 0 or box["x"] + box["width"] > width]


def test_the_structure_list_follows_the_keyboard(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ("Brainstem", "SpinalCord", "Parotid_R", "Parotid_L"))
    person = sit_down(actor("clinician"))
    viewer = person.open_study()
    names = viewer.names()
    viewer.choose(names[0])
    rows = person.page.locator("ul:has([data-structure])")
    rows.evaluate(
        "list => { list.style.flex = 'none'; list.style.height = '40px'; list.style.overflowY = 'auto'; }"
    )
    expect(viewer.row(names[-1])).not_to_be_in_viewport()
    for _ in names[1:]:
        person.page.keyboard.press(".")
    expect(viewer.row(names[-1])).to_be_in_viewport(ratio=0.9)
    person.page.keyboard.press(".")
    expect(viewer.row(names[0])).to_be_in_viewport(ratio=0.9)


def test_each_plane_says_where_it_lies_and_how_long_things_are(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, ("Brainstem",))
    person = sit_down(actor("clinician"))
    person.open_study().choose("Brainstem")
    axial = person.page.get_by_test_id("position-axial")
    before = axial.inner_text()
    assert re.fullmatch(r"[HF] \d+\.\d mm", before)
    marks = person.page.locator("[data-plane=axial] canvas[data-layer=marks]")
    bar = marks.evaluate(CORNER)
    person.page.keyboard.press("ArrowDown")
    expect(axial).not_to_have_text(before)
    assert marks.evaluate(CORNER) == bar
    person.page.locator("[data-plane=axial]").hover()
    person.page.keyboard.down("Control")
    person.page.mouse.wheel(0, -120)
    person.page.keyboard.up("Control")
    assert marks.evaluate(CORNER) != bar


@pytest.mark.parametrize("language", ["English", "日本語"])
@pytest.mark.parametrize("width", [1024, 1280])
def test_no_tool_and_no_letter_of_the_patient_is_cut(
    sit_down: SitDown, actor: ActorMaker, bring: Bring, width: int, language: str
) -> None:
    bring(1, ("Brainstem",))
    with session_scope() as session:
        session.execute(update(Patient).values(name=NAME))
    person = sit_down(actor("clinician"))
    page = person.page
    person.open_study("Hubert").choose("Brainstem")
    page.get_by_role("button", name=language, exact=True).click()
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("main canvas").first.wait_for()
    page.keyboard.press("h")  # fill holes
    expect(page.get_by_test_id("outcome")).to_contain_text("Fill holes" if language == "English" else "穴")
    page.keyboard.press("t")  # threshold brush
    expect(page.get_by_test_id("outcome")).to_be_empty()
    viewer = page.get_by_test_id("viewer")
    shown = viewer.locator("header, main").locator("button, select, input:not([type=checkbox])")
    assert shown.count() > 15
    assert _inside(page, shown) == []
    patient = viewer.locator("header b").first
    expect(patient).to_contain_text("Bergerdorff Hubert Blaine")
    identity = viewer.locator("header b + span").first
    for part in (patient, identity):
        assert part.evaluate("e => e.scrollWidth <= Math.ceil(e.getBoundingClientRect().width)")
        assert _inside(page, part) == []


def test_a_patient_without_name_and_id_is_called_so(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, ("Brainstem",))
    with session_scope() as session:
        session.execute(update(Patient).values(name="", patient_id=""))
    person = sit_down(actor("clinician"))
    expect(person.page.get_by_role("row").filter(has_text="No name")).to_contain_text("No ID")
    person.open_study("No name")
    patient = person.page.get_by_label("Patient", exact=True)
    expect(patient).to_contain_text("No name")
    expect(patient).to_contain_text("No ID")
    expect(person.page).to_have_title("No name – Rinkaku")


def test_what_leaves_is_said_before_it_leaves_and_only_to_who_may_send_it(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, ("Brainstem", "Parotid_L"))
    person = sit_down(actor("clinician"))
    viewer = person.open_study()
    viewer.choose("Brainstem")
    viewer.stroke()
    person.page.get_by_role("button", name="Export").click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Structures that leave: 2. Draft 2")
    said = dialog.get_by_role("alert")
    expect(said).to_contain_text(
        ["Your unsaved changes do not leave: Brainstem", "The network is still drawing"]
    )
    expect(dialog).to_contain_text("Not for clinical use")
    dialog.get_by_role("button", name="Close").click()
    person.page.get_by_role("button", name="Delete", exact=True).click()
    expect(person.page.get_by_role("dialog", name="Delete Brainstem?")).to_be_visible()
    for role in ("annotator", "reviewer", "reader"):
        other = sit_down(actor(role))
        other.open_study()
        expect(other.page.get_by_role("button", name="Export")).to_have_count(0)
