"""What must fit on a small screen, and what must be said without a click."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import expect

from backend.accounts.actor import Actor
from backend.dimse.schemas import PeerIn
from backend.dimse.service import put_peer
from backend.exports.schemas import TrainingSetIn
from backend.exports.service import request_training_set
from backend.kit.db import session_scope
from backend.projects.tables import Project
from tests.e2e.conftest import Person
from tests.factories.jobs import run_queued

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
Bring = Callable[..., str]
LONGEST = "PTV_" + "x" * 60
BEYOND_THEIR_TEXT = """heads => heads.map(head => {
    const lines = [...head.children].map(line => line.getBoundingClientRect().width);
    return head.getBoundingClientRect().width - Math.max(...lines);
})"""


def test_refusals_are_named_where_an_import_ends(sit_down: SitDown, actor: ActorMaker) -> None:
    page = sit_down(actor("clinician")).page
    page.get_by_label("Import files").set_input_files(
        files=[{"name": "letter.dcm", "mimeType": "application/dicom", "buffer": b"Dear colleague"}]
    )
    panel = page.get_by_role("region", name="Import")
    expect(panel.get_by_role("heading", name="Import finished")).to_be_visible()
    expect(panel.get_by_role("listitem").filter(has_text="letter.dcm")).to_contain_text("Not a DICOM file")
    page.get_by_role("link", name="Jobs").click()
    expect(panel.get_by_role("listitem")).to_have_count(0)
    expect(panel).to_contain_text("Not taken in: 1")


LOWEST = """all => {
  const ends = all.map((one) => one.getBoundingClientRect().bottom);
  return ends.indexOf(Math.max(...ends));
}"""
"""Number of the line that lies lowest: the sheet has columns, and the last line need not end the longest."""


def test_viewer_fits_a_small_screen(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ("Brainstem",))
    person = sit_down(actor("clinician"))
    person.page.set_viewport_size({"width": 1280, "height": 720})
    person.open_study()
    heads = person.page.locator("section:has(> [data-plane]:not([data-plane=axial])) > header")
    beyond = heads.evaluate_all(BEYOND_THEIR_TEXT)
    assert [n < 16 for n in beyond] == [True, True], f"wider than their text by {beyond}"
    person.page.keyboard.press("?")
    sheet = person.page.get_by_role("dialog", name="Keys")
    lines = sheet.locator("dd, p")
    last = lines.nth(lines.evaluate_all(LOWEST))
    expect(last).not_to_be_in_viewport()
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    expect(sheet.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)


def test_sending_and_downloading_are_in_sight_of_the_export_dialog(
    sit_down: SitDown, actor: ActorMaker, bring: Bring, project: Project
) -> None:
    bring(1, ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Larynx", "Bone_Mandible"))
    with session_scope() as session:
        put_peer(session, None, project.id, "TPS", PeerIn(host="tps.clinic.example", port=104))
    person = sit_down(actor("clinician"))
    person.page.set_viewport_size({"width": 1280, "height": 720})
    person.open_study()
    person.page.get_by_role("button", name="Export").click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("structures read back voxel for voxel")
    for one in (
        dialog.get_by_label("Send to", exact=True),
        dialog.get_by_label("What", exact=True),
        dialog.get_by_role("button", name="Send", exact=True),
        dialog.get_by_role("link", name="Download DICOM RTSTRUCT"),
    ):
        expect(one).to_be_in_viewport(ratio=1)


def test_structures_that_an_export_leaves_out_are_named_beside_the_download(
    sit_down: SitDown, actor: ActorMaker, bring: Bring, project: Project, live_server: str
) -> None:
    bring(1, ("Brainstem", "SpinalCord", "Parotid_L", "Parotid_R", "Larynx", "Bone_Mandible"))
    bring(2, ("Brainstem",))
    person = actor("administrator")
    with session_scope() as session:
        request_training_set(session, person, project.id, TrainingSetIn(format="nnunet", only_approved=False))
    run_queued("export")
    page = sit_down(person).page
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(live_server + "/project")
    row = page.get_by_role("row").filter(has_text="Left out, because not every case has them")
    expect(row).to_contain_text("Bone_Mandible, Larynx, Parotid_L, Parotid_R, SpinalCord")
    row.scroll_into_view_if_needed()
    expect(row.get_by_role("link", name="Download")).to_be_in_viewport(ratio=1)


def test_a_long_name_leaves_the_audit_its_columns(
    sit_down: SitDown,
    actor: ActorMaker,
    bring: Bring,
    login: Callable[..., dict[str, str]],
    live_server: str,
) -> None:
    study, headers = bring(1, ("Brainstem",)), login("clinician")
    sets = requests.get(f"{live_server}/api/studies/{study}", headers=headers, timeout=60).json()
    url = f"{live_server}/api/structure-sets/{sets['structure_sets'][0]['id']}/structures"
    assert requests.post(url, json={"name": LONGEST}, headers=headers, timeout=60).ok
    page = sit_down(actor("administrator")).page
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(live_server + "/audit")
    expect(page.get_by_title(LONGEST)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Hash")).to_be_in_viewport(ratio=1)
