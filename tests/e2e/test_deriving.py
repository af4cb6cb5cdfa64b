"""A structure derived from others in the viewer follows them when they are edited and saved."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Structure, StructureSet
from backend.studies import service as studies
from backend.studies.tables import Series
from rt.algebra import Margins, difference, expand, isodose
from rt.dose import Dose
from rt.geometry import Grid
from rt.masks import Mask, volume_cc
from tests.e2e.conftest import Person
from tests.e2e.viewer import Viewer
from tests.factories.jobs import run_queued

pytestmark = pytest.mark.browser

ActorMaker = Callable[..., Actor]


def saved(name: str) -> tuple[Mask, Grid]:
    """The newest revision of a structure, with the grid of its image."""
    with session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure).filter_by(name=name)).one()
        owner = session.get_one(StructureSet, structure.structure_set_id)
        grid = labels.set_grid(session, owner)
        return labels.head_mask(session, structure, grid), grid


def expect_cc(viewer: Viewer, name: str, mask: Mask, grid: Grid) -> None:
    """Until the list shows the volume of a mask, and the server holds the very same voxels."""
    cc = volume_cc(mask, grid)
    text = f"{cc:.2f}" if cc < 10 else f"{cc:.1f}"
    expect(viewer.row(name)).to_contain_text(text)
    assert np.array_equal(saved(name)[0], mask)


def open_dialog(page: Page) -> Locator:
    page.keyboard.press("j")
    dialog = page.get_by_role("dialog", name="Derive a structure")
    expect(dialog).to_be_visible()
    return dialog


def spared() -> tuple[Mask, Grid]:
    """The parotid without the mandible grown by 3 mm, by the library."""
    parotid, grid = saved("Parotid_L")
    mandible, _ = saved("Bone_Mandible")
    return difference(parotid, [expand(mandible, grid, Margins.even(3.0))]), grid


@pytest.mark.timeout(600)
def test_a_derived_structure_is_built_follows_a_save_and_says_when_it_does_not(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    bring(1, ("Parotid_L", "Bone_Mandible"))
    person = sit_down(actor("clinician"))
    viewer, page = person.open_study(), person.page
    viewer.choose("Parotid_L")
    dialog = open_dialog(page)
    dialog.get_by_label("Name (TG-263)").fill("Parotid_L_eval")
    expect(dialog.get_by_label("Start with: Structure or isodose")).to_have_value(re.compile("structure"))
    dialog.get_by_label("Operation 1: Structure or isodose").select_option(label="Bone_Mandible")
    dialog.get_by_label("Operation 1: Margin", exact=True).select_option(label="grow by")
    dialog.get_by_label("Operation 1: Margin in mm").fill("3")
    result = dialog.get_by_role("status", name="Result")
    expect(result).to_have_text("Parotid_L, without Bone_Mandible grown by 3 mm")
    look_before_deriving(viewer, dialog)
    dialog.get_by_role("button", name="Derive", exact=True).click()
    expect(dialog).to_have_count(0)
    expect_cc(viewer, "Parotid_L_eval", *spared())
    note = page.get_by_role("group", name="derived")
    expect(note).to_contain_text("Derived: Parotid_L, without Bone_Mandible grown by 3 mm")
    expect(note).to_contain_text("Follows its sources")

    viewer.choose("Parotid_L")
    before = saved("Parotid_L")[0]
    viewer.stroke()
    viewer.save()
    assert not np.array_equal(saved("Parotid_L")[0], before)
    mark = viewer.row("Parotid_L_eval").get_by_role("img", name=re.compile("^Derived: "))
    expect(mark).to_have_attribute("title", re.compile("A source has changed"))
    assert run_queued("derive") == [{"drawn": ["Parotid_L_eval"], "stale": []}]
    expect_cc(viewer, "Parotid_L_eval", *spared())
    expect(mark).to_have_attribute("title", re.compile("Follows its sources"))

    drawing_by_hand_overrides(viewer, page)
    another_derivation(viewer, page)


def look_before_deriving(viewer: Viewer, dialog: Locator) -> None:
    """A preview tells the volume and is drawn in the views, which can be used; nothing of it is kept."""
    page = viewer.page
    dialog.get_by_role("button", name="Preview").click()
    told = page.get_by_role("status", name="Preview")
    expect(told).to_contain_text(f"Would be {volume_cc(*spared()):.1f} cc")
    dashed = page.get_by_role("status").filter(has_text="Dashed: Preview: Parotid_L_eval")
    expect(dashed).to_be_visible()
    page.locator('[data-plane="axial"]').hover()
    page.mouse.wheel(0, 100)
    expect(viewer.row("Parotid_L_eval")).to_have_count(0)
    dialog.get_by_role("button", name="Change it").click()
    expect(dashed).to_have_count(0)
    expect(dialog.get_by_label("Operation 1: Margin in mm")).to_have_value("3")
    dialog.get_by_role("button", name="Preview").click()
    expect(told).to_be_visible()


def drawing_by_hand_overrides(viewer: Viewer, page: Page) -> None:
    """A derived structure is locked; what is drawn on it stands until it is recomputed."""
    viewer.choose("Parotid_L_eval")
    expect(viewer.row("Parotid_L_eval").get_by_role("button", name="Unlock Parotid_L_eval")).to_be_visible()
    page.keyboard.press("l")
    viewer.stroke(0.1, 0.2)
    viewer.save()
    note = page.get_by_role("group", name="derived")
    expect(note).to_contain_text("Changed by hand")
    note.get_by_role("button", name="Recompute").click()
    expect(note).to_contain_text("Follows its sources")
    expect_cc(viewer, "Parotid_L_eval", *spared())


def another_derivation(viewer: Viewer, page: Page) -> None:
    """The derivation that was kept can be changed; the history says of what each contour was made."""
    page.get_by_role("group", name="derived").get_by_role("button", name="Edit…").click()
    dialog = page.get_by_role("dialog", name="Derivation of Parotid_L_eval")
    expect(dialog.get_by_label("Operation 1: Margin in mm")).to_have_value("3")
    dialog.get_by_role("button", name="Operation 1: Each side").click()
    dialog.get_by_label("Operation 1: Left, mm").fill("10")
    dialog.get_by_role("button", name="Change and compute").click()
    expect(dialog).to_have_count(0)
    parotid, grid = saved("Parotid_L")
    grown = expand(saved("Bone_Mandible")[0], grid, Margins(10.0, 3.0, 3.0, 3.0, 3.0, 3.0))
    expect_cc(viewer, "Parotid_L_eval", difference(parotid, [grown]), grid)
    history = viewer.history("Parotid_L_eval")
    expect(history).to_contain_text("computed from Parotid_L (revision 2), Bone_Mandible (revision 1)")
    page.keyboard.press("Escape")


@pytest.mark.timeout(600)
def test_an_isodose_is_an_operand_and_a_deleted_source_is_said(
    sit_down: Callable[[Actor], Person], actor: ActorMaker, bring: Callable[..., str]
) -> None:
    study_id = bring(1, ("Parotid_R", "Brainstem"))
    person = sit_down(actor("clinician"))
    viewer, page = person.open_study(), person.page
    viewer.choose("Parotid_R")
    dialog = open_dialog(page)
    dialog.get_by_label("Name (TG-263)").fill("Parotid_R_26Gy")
    dialog.get_by_label("Operation 1: What is done").select_option(label="intersect with")
    source = dialog.get_by_label("Operation 1: Structure or isodose")
    source.select_option(source.locator("option").filter(has_text="Isodose").get_attribute("value"))
    dialog.get_by_label("Operation 1: Level of the isodose").fill("26")
    dialog.get_by_role("button", name="Derive", exact=True).click()
    expect(dialog).to_have_count(0)
    parotid, grid = saved("Parotid_R")
    with session_scope(read_only=True) as session:
        series = session.scalars(select(Series).filter_by(study_row_id=study_id, modality="RTDOSE")).one()
        dose = Dose(*studies.load_volume(series))
    wanted = parotid & isodose(dose, grid, 26.0)
    assert wanted.any()
    expect_cc(viewer, "Parotid_R_26Gy", wanted, grid)

    viewer.choose("Parotid_R")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(viewer.row("Parotid_R")).to_have_count(0)
    assert run_queued("derive") == [{"drawn": [], "stale": ["Parotid_R_26Gy"]}]
    viewer.choose("Parotid_R_26Gy")
    expect(page.get_by_role("group", name="derived")).to_contain_text(
        "Stale: A source was deleted: Parotid_R"
    )
    expect_cc(viewer, "Parotid_R_26Gy", wanted, grid)
