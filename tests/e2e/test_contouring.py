"""The main job with mouse and keyboard: import, look, correct, review, export."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Revision, Structure
from backend.projects.defaults import HEAD_NECK_TEMPLATE
from backend.studies import service as studies
from backend.studies.tables import Instance, Series
from rt.dicom.contour_data import fill_contours
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import read_rtstruct
from tests.e2e.conftest import Person
from tests.e2e.viewer import Viewer
from tests.factories.dicom import encode, make_ct_series
from tests.factories.jobs import run_queued

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
Bring = Callable[..., str]
ORGANS = ("Brainstem", "Parotid_R")


def _write_series(folder: Path, patient: str) -> None:
    folder.mkdir()
    for number, dataset in enumerate(make_ct_series((6, 32, 32), seed=patient)):
        dataset.PatientID = patient
        (folder / f"{number}.dcm").write_bytes(encode(dataset))


def _drop(page: Page, path: Path) -> None:
    """Drag a file or folder of this machine onto the page, as a file manager does."""
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for step in ("dragEnter", "dragOver"):
        browser.send("Input.dispatchDragEvent", {"type": step, "x": 700, "y": 450, "data": data})
    expect(page.get_by_text("Drop to import")).to_be_visible()
    browser.send("Input.dispatchDragEvent", {"type": "drop", "x": 700, "y": 450, "data": data})


def _expand(panel: Locator) -> None:
    """Show the files of the import; after a refusal they are shown anyway."""
    expand = panel.get_by_role("button", name="Expand")
    if expand.is_visible():
        expand.click()


def test_chosen_files_and_dropped_folders_and_zips_reach_the_worklist_and_garbage_is_named(
    sit_down: SitDown, actor: ActorMaker, tmp_path: Path
) -> None:
    for patient in ("CHOSEN", "FOLDER", "ZIPPED"):
        _write_series(tmp_path / patient, patient)
    (tmp_path / "FOLDER" / "deeper").mkdir()
    (tmp_path / "FOLDER" / "5.dcm").rename(tmp_path / "FOLDER" / "deeper" / "5.dcm")
    archive = Path(shutil.make_archive(str(tmp_path / "disc"), "zip", tmp_path / "ZIPPED"))
    garbage = tmp_path / "holiday.jpg"
    garbage.write_bytes(b"not a scan at all" * 20)
    page = sit_down(actor("clinician")).page
    panel = page.get_by_role("region", name="Import")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import files").click()
    chooser.value.set_files([garbage, *(tmp_path / "CHOSEN").iterdir()])
    expect(panel).to_contain_text("Import finished")
    expect(panel.get_by_role("button", name="Collapse")).to_be_visible()
    refused = panel.get_by_role("listitem").filter(has_text="holiday.jpg")
    expect(refused).to_contain_text("Refused")
    expect(refused).to_contain_text("not a DICOM file", ignore_case=True)
    row = page.get_by_role("row").filter(has_text="CHOSEN")
    expect(row).to_contain_text("CT")
    expect(row).to_contain_text("New")

    _drop(page, tmp_path / "FOLDER")
    expect(page.get_by_role("row").filter(has_text="FOLDER")).to_contain_text("CT")
    expect(panel).to_contain_text("Import finished")
    _expand(panel)
    lines = panel.get_by_role("listitem").filter(has_text="Stored")
    expect(lines.filter(has_text="FOLDER/")).to_have_count(6)
    expect(lines.filter(has_text="FOLDER/deeper/5.dcm")).to_have_count(1)
    _drop(page, archive)
    expect(page.get_by_role("row").filter(has_text="ZIPPED")).to_contain_text("CT")
    expect(panel).to_contain_text("Import finished")
    _expand(panel)
    expect(lines.filter(has_text="disc.zip")).to_have_count(6)
    with session_scope(read_only=True) as session:
        assert session.scalar(select(func.count(Instance.id))) == 3 * 6


@pytest.mark.timeout(600)
def test_network_contours_are_corrected_and_survive_a_killed_page(
    sit_down: SitDown, actor: ActorMaker, bring: Bring, shipped: None
) -> None:
    bring()
    run_queued("regions")
    run_queued("presegment")
    clinician = actor("clinician")
    person = sit_down(clinician)
    viewer = person.open_study()
    organs = [entry["name"] for entry in HEAD_NECK_TEMPLATE]
    drawn = [name for name in viewer.names() if name in organs]
    assert len(drawn) >= 4
    assert viewer.names()[: len(drawn)] == sorted(drawn, key=organs.index) and "External" in viewer.names()
    first = viewer.row(drawn[0]).get_by_role("button", name=drawn[0], exact=True)
    expect(first).to_have_attribute("aria-pressed", "true")
    name = next(name for name in viewer.names() if viewer.volume_cc(name) > 0)
    viewer.choose(name)
    before = viewer.volume_cc(name)
    viewer.stroke()
    after = viewer.volume_cc(name)
    assert after > before
    person.page.get_by_role("button", name="Undo: brush").click()
    assert viewer.volume_cc(name) == before
    expect(viewer.autosave).to_have_text("No changes")
    person.page.keyboard.press("Control+y")
    assert viewer.volume_cc(name) == after
    expect(viewer.autosave).to_contain_text("Draft kept")
    person.context.close()

    again = sit_down(clinician)
    viewer = again.open_study()
    expect(again.page.get_by_test_id("restored")).to_contain_text(name)
    assert viewer.volume_cc(name) == after
    viewer.save()
    newest = viewer.history(name).get_by_role("listitem").first
    expect(newest).to_contain_text("Revision 2")
    expect(newest).to_contain_text(clinician.display_name)
    expect(newest).to_contain_text("Newest")
    again.page.keyboard.press("Escape")

    again.page.get_by_role("link", name="Worklist").click()
    row = again.page.get_by_role("row").filter(has_text="PHANTOM-1")
    row.get_by_role("button", name="Draw again").click()
    expect(row).to_contain_text("Queued")
    results = run_queued("presegment")
    expect(row).to_contain_text("Ready")
    assert results[0]["kept"] == [name] and len(results[0]["drawn"]) > 1
    viewer = again.open_study()
    assert viewer.volume_cc(name) == after
    redrawn = viewer.history(results[0]["drawn"][0]).get_by_role("listitem").first
    expect(redrawn).to_contain_text("Revision 2")
    expect(redrawn).to_contain_text("drawn by the network")


@pytest.mark.timeout(600)
def test_author_submits_cannot_approve_and_a_colleague_decides(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, ORGANS)
    author, reviewer = sit_down(actor("clinician")), sit_down(actor("reviewer"))
    viewer = author.open_study()
    viewer.choose("Brainstem")
    viewer.stroke()
    viewer.save()
    viewer.review("Submit for review")
    expect(author.page.get_by_text("Submitted for review")).to_be_visible()
    older = viewer.history("Brainstem").get_by_role("listitem").filter(has_text="Revision 1")
    older.get_by_role("button", name="Take as edit").click()
    expect(author.page.get_by_text("This structure is locked")).to_be_visible()
    expect(author.page.get_by_role("dialog")).to_be_hidden()
    author.page.locator("header").get_by_role("button", name="Approve", exact=True).click()
    dialog = author.page.get_by_role("dialog")
    for name, reason in (("Brainstem", "You drew part of this."), ("Parotid_R", "You submitted this.")):
        expect(dialog.get_by_label(name)).to_be_disabled()
        expect(dialog).to_contain_text(reason)
    expect(dialog).to_contain_text("an administrator adds accounts")
    dialog.get_by_role("button", name="Cancel").click()

    looking = reviewer.open_study()
    looking.review("Return", "The brainstem is too wide at the pons.")
    expect(looking.row("Brainstem").get_by_label("Returned")).to_be_visible()
    expect(viewer.row("Brainstem").get_by_label("Returned")).to_be_visible()
    expect(viewer.history("Brainstem")).to_contain_text("The brainstem is too wide at the pons.")
    author.page.keyboard.press("Escape")
    inspector = author.page.get_by_role("region", name="Brainstem")
    expect(inspector).to_contain_text("The brainstem is too wide at the pons.")
    expect(inspector).not_to_contain_text("based on revision")
    wide = viewer.volume_cc("Brainstem")
    viewer.stroke(down=-0.1)
    assert viewer.volume_cc("Brainstem") > wide
    viewer.save()
    viewer.review("Submit for review", "The pons is narrower now.")
    expect(looking.row("Brainstem").get_by_label("Submitted")).to_be_visible()
    looking.review("Approve")
    expect(looking.row("Brainstem").get_by_label("Approved")).to_be_visible()
    author.page.get_by_role("link", name="Worklist").click()
    expect(author.page.get_by_role("row").filter(has_text="PHANTOM-1")).to_contain_text("Approved")


@pytest.mark.timeout(600)
def test_reviewer_decides_structure_by_structure_and_a_save_asks_before_it_withdraws_an_approval(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, ORGANS)
    author, reviewer = sit_down(actor("clinician")), sit_down(actor("reviewer"))
    viewer = author.open_study()
    viewer.review("Submit for review")
    looking = reviewer.open_study()
    expect(looking.row("Parotid_R").get_by_label("Submitted")).to_be_visible()
    looking.choose("Parotid_R")
    reviewer.page.keyboard.press("n")
    reviewer.page.keyboard.press("Shift+A")
    expect(looking.row("Brainstem").get_by_label("Approved")).to_be_visible()
    expect(looking.row("Parotid_R").get_by_label("Submitted")).to_be_visible()
    reviewer.page.keyboard.press("n")
    reviewer.page.keyboard.press("Shift+R")
    dialog = reviewer.page.get_by_role("dialog")
    expect(dialog.get_by_label("Parotid_R")).to_be_checked()
    dialog.get_by_label("Comment").fill("Too deep.")
    dialog.get_by_role("button", name="Return", exact=True).click()
    expect(looking.row("Parotid_R").get_by_label("Returned")).to_be_visible()

    viewer.choose("Brainstem")
    expect(author.page.get_by_role("region", name="Brainstem")).to_contain_text("Approved by")
    viewer.row("Brainstem").get_by_role("button", name="Unlock Brainstem").click()
    viewer.stroke()
    author.page.keyboard.press("Control+s")
    asked = author.page.get_by_role("dialog", name="Withdraw the approval?")
    expect(asked).to_contain_text(f"approved by {reviewer.actor.display_name}")
    expect(viewer.row("Brainstem").get_by_label("Approved")).to_be_visible()
    asked.get_by_role("button", name="Save and withdraw").click()
    expect(viewer.row("Brainstem").get_by_label("Draft")).to_be_visible()
    history = viewer.history("Brainstem")
    expect(history).to_contain_text(f"withdrawn by {author.actor.display_name} with revision 2")
    expect(history.get_by_role("listitem").first).to_contain_text(re.compile(r"voxels changed on \d+ slice"))


def test_exported_rtstruct_reads_back_as_the_saved_mask(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    study_id = bring(1, ORGANS)
    person = sit_down(actor("clinician"))
    viewer = person.open_study()
    viewer.choose("Brainstem")
    viewer.stroke()
    viewer.save()
    person.page.get_by_role("button", name="Export").click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("structures read back voxel for voxel")
    dialog.get_by_label("Written for").select_option("eclipse")
    expect(dialog).to_contain_text("No public source for this system says: how it reads holes")
    cells = dialog.get_by_role("row", name="Brainstem").get_by_role("cell")
    expect(cells.nth(3)).to_have_text("1")
    expect(cells.nth(4)).to_have_text("0.00")
    with person.page.expect_download() as download:
        dialog.get_by_role("link", name="Download DICOM RTSTRUCT").click()
    assert download.value.suggested_filename.startswith("PHANTOM-1_")
    content = read_rtstruct(read_stored(Path(download.value.path()).read_bytes()))
    with session_scope(read_only=True) as session:
        series = session.scalars(select(Series).filter_by(study_row_id=study_id, modality="CT")).one()
        _, grid = studies.load_volume(series)
        brainstem = session.scalars(select(Structure.id).filter_by(name="Brainstem")).one()
        revision = session.scalars(select(Revision).filter_by(structure_id=brainstem, number=2)).one()
        saved = labels.load_mask(revision, grid)
    drawn = next(roi for roi in content.rois if roi.name == "Brainstem")
    assert np.array_equal(fill_contours(drawn.contours, grid).mask_kji, saved)


@pytest.mark.timeout(600)
def test_two_tabs_of_one_person_share_no_draft(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ORGANS)
    person = sit_down(actor("clinician"))
    first = person.open_study()
    first.choose("Brainstem")
    untouched = first.volume_cc("Brainstem")
    first.stroke()
    drawn = first.volume_cc("Brainstem")
    second = Viewer(person.context.new_page())
    second.page.goto(person.page.url)
    second.wait()
    elsewhere = "another window"
    expect(second.page.get_by_test_id("elsewhere")).to_contain_text(elsewhere)
    second.choose("Brainstem")
    second.stroke(down=-0.1)
    assert second.volume_cc("Brainstem") == untouched
    second.page.get_by_role("button", name="Edit here instead").click()
    expect(second.page.get_by_test_id("restored")).to_contain_text("Brainstem")
    assert second.volume_cc("Brainstem") == drawn
    expect(first.page.get_by_test_id("elsewhere")).to_contain_text(elsewhere)
    second.save()
    expect(second.history("Brainstem").get_by_role("listitem")).to_have_count(2)


@pytest.mark.timeout(600)
def test_two_people_on_one_structure_lose_nothing(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ORGANS)
    first, second = sit_down(actor("clinician")), sit_down(actor("annotator"))
    ours, theirs = first.open_study(), second.open_study()
    for viewer, down in ((ours, 0.1), (theirs, -0.1)):
        viewer.choose("Brainstem")
        viewer.stroke(down=down)
    volume = theirs.volume_cc("Brainstem")
    ours.save()
    newer = second.page.get_by_test_id("outdated")
    expect(newer).to_contain_text(f"{first.actor.display_name} saved revision 2 of Brainstem")
    inspector = second.page.get_by_role("region", name="Brainstem")
    expect(inspector).to_contain_text("Your unsaved contour is based on revision 1")
    second.page.keyboard.press("Control+s")
    conflict = second.page.get_by_role("dialog", name="Brainstem was changed by someone else")
    expect(conflict).to_contain_text(first.actor.display_name)
    assert any(said.startswith("412 POST") for said in second.complaints)
    second.complaints.clear()
    conflict.get_by_role("button", name="Compare in the views").click()
    newer.get_by_role("button", name="Compare and choose").click()
    conflict.get_by_role("button", name="Save mine as the newest").click()
    expect(newer).to_be_hidden()
    expect(theirs.autosave).to_contain_text("Saved")
    assert theirs.volume_cc("Brainstem") == volume
    lines = theirs.history("Brainstem").get_by_role("listitem")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text(second.actor.display_name)
    expect(lines.nth(1)).to_contain_text(first.actor.display_name)


@pytest.mark.timeout(600)
def test_two_browsers_of_one_person_lose_nothing(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, ORGANS)
    clinician = actor("clinician")
    first, second = sit_down(clinician), sit_down(clinician)
    here, there = first.open_study(), second.open_study()
    for viewer, down in ((here, 0.1), (there, -0.1)):
        viewer.choose("Brainstem")
        viewer.stroke(down=down)
        if viewer is here:
            expect(here.autosave).to_contain_text("Draft kept")
    expect(there.autosave).to_contain_text("Only in this browser")
    assert any(said.startswith("412 PUT") for said in second.complaints)
    second.complaints.clear()
    mine = here.volume_cc("Brainstem")
    there.save()
    expect(first.page.get_by_test_id("outdated")).to_contain_text("saved revision 2 of Brainstem")
    lines = there.history("Brainstem").get_by_role("listitem")
    expect(lines).to_have_count(2)
    first.page.reload()
    here.wait()
    expect(first.page.get_by_test_id("restored")).to_contain_text("Brainstem")
    assert here.volume_cc("Brainstem") == mine
