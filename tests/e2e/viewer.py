"""The viewer as a clinician handles it: by mouse and keys, looking at what the page says."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

expect.set_options(timeout=30_000)


class Viewer:
    """One open study."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.autosave = page.get_by_test_id("autosave")

    def wait(self) -> None:
        """Until image and contours are loaded."""
        expect(self.page.get_by_test_id("viewer")).to_be_visible()
        expect(self.page.locator("[data-structure]").first).to_be_visible()
        expect(self.page.locator("[data-structure]").filter(has_text="…")).to_have_count(0)
        expect(self.page.locator("footer").get_by_role("status").filter(has_text="%")).to_have_count(0)

    def row(self, name: str) -> Locator:
        """The structure's line in the list."""
        return self.page.locator(f'[data-structure="{name}"]')

    def names(self) -> list[str]:
        """Structures in the list."""
        rows = self.page.locator("[data-structure]").all()
        return [str(row.get_attribute("data-structure")) for row in rows]

    def volume_cc(self, name: str) -> float:
        """The volume that the list shows."""
        text = self.row(name).inner_text().split()[-1]
        return 0.0 if text == "–" else float(text)

    def choose(self, name: str) -> None:
        """Make it the active structure and go to it."""
        self.row(name).get_by_role("button", name=name, exact=True).click()
        self.page.keyboard.press("g")

    def stroke(self, across: float = 0.25, down: float = 0.1) -> None:
        """Draw a line with the brush from the middle of the axial view, in parts of its size."""
        self.page.keyboard.press("b")
        box = self.page.locator("[data-plane=axial]").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + across * box["width"], y + down * box["height"], steps=12)
        mouse.up()

    def save(self) -> None:
        """Save everything as revisions."""
        self.page.keyboard.press("Control+s")
        expect(self.autosave).to_contain_text("Saved")

    def review(self, act: str, comment: str = "") -> None:
        """Submit, approve or return all that can be."""
        self.page.locator("header").get_by_role("button", name=act, exact=True).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Comment").fill(comment)
        dialog.get_by_role("button", name=act, exact=True).click()

    def history(self, name: str) -> Locator:
        """The open history of a structure."""
        self.choose(name)
        self.page.keyboard.press("y")
        dialog = self.page.get_by_role("dialog", name=f"History of {name}")
        expect(dialog).to_contain_text("Revision 1")
        return dialog
