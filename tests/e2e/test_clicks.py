"""Structures from clicks, as a clinician makes and corrects them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from backend.accounts.actor import Actor
from tests.e2e.conftest import Person
from tests.e2e.viewer import Viewer

pytestmark = pytest.mark.browser

SitDown = Callable[[Actor], Person]
ActorMaker = Callable[..., Actor]
Bring = Callable[..., str]
ORGAN = "Parotid_L"


def _click(viewer: Viewer, across: float, down: float, button: str = "left") -> None:
    """Click in the axial view, in parts of its size."""
    box = viewer.page.locator("[data-plane=axial]").bounding_box()
    assert box is not None
    mouse = viewer.page.mouse
    mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    mouse.down(button="right" if button == "right" else "left")
    mouse.up(button="right" if button == "right" else "left")


def _changed(viewer: Viewer, before: float) -> float:
    """The volume once it is another one."""
    shown = f"{before:.2f}" if before < 10 else f"{before:.1f}"
    expect(viewer.row(ORGAN)).not_to_contain_text(shown)
    return viewer.volume_cc(ORGAN)


def test_clicks_correct_a_contour_are_undone_dropped_and_kept(
    sit_down: SitDown, actor: ActorMaker, bring: Bring
) -> None:
    bring(1, (ORGAN,))
    viewer = sit_down(actor("clinician")).open_study()
    viewer.choose(ORGAN)
    imported = viewer.volume_cc(ORGAN)
    page = viewer.page
    page.keyboard.press("Shift+C")
    expect(page.get_by_role("button", name="Smart clicks")).to_have_attribute("aria-pressed", "true")
    _click(viewer, 0.5, 0.5, "right")
    less = _changed(viewer, imported)
    assert less < imported
    _click(viewer, 0.5, 0.5)
    more = _changed(viewer, less)
    assert more > less
    page.keyboard.press("Control+z")
    assert _changed(viewer, more) == less
    page.keyboard.press("Escape")
    assert _changed(viewer, less) == imported
    _click(viewer, 0.5, 0.5, "right")
    kept = _changed(viewer, imported)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep", exact=True)).to_be_disabled()
    viewer.save()
    assert viewer.volume_cc(ORGAN) == kept


def test_clicks_respect_a_locked_structure(sit_down: SitDown, actor: ActorMaker, bring: Bring) -> None:
    bring(1, (ORGAN,))
    viewer = sit_down(actor("clinician")).open_study()
    viewer.choose(ORGAN)
    before = viewer.volume_cc(ORGAN)
    viewer.page.keyboard.press("l")
    viewer.page.keyboard.press("Shift+C")
    _click(viewer, 0.5, 0.5, "right")
    expect(viewer.page.get_by_text("This structure is locked")).to_be_visible()
    assert viewer.volume_cc(ORGAN) == before
