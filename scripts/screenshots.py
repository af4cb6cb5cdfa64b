"""Take the pictures of docs/user-guide.md from a running Rinkaku that holds the generated patient.

    RINKAKU_ADMIN_PASSWORD=... make run                                      (in one terminal)
    RINKAKU_ADMIN_PASSWORD=... .venv/bin/python scripts/screenshots.py http://127.0.0.1:8000

Never run it where real patients are: the pictures go into the repository.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Page, expect, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZE = {"width": 1360, "height": 800}
MOST_BYTES = 300_000
BITS = 5
"""Of each colour: finer shades than these are noise to the reader."""
PATIENT, STRUCTURE = "PHANTOM-1", "SpinalCord"


def main(address: str) -> int:
    """Walk through the product and keep what is seen."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme="dark")
        page.goto(address)
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password").fill(os.environ["RINKAKU_ADMIN_PASSWORD"])
        page.keyboard.press("Enter")
        expect(page.get_by_role("row").filter(has_text=PATIENT)).to_be_visible()
        keep(page, "worklist")
        viewer(page)
        page.goto(f"{address}/training?tab=networks")
        expect(page.get_by_role("row").filter(has_text="Shipped")).to_be_visible()
        keep(page, "training")
        page.goto(f"{address}/project")
        expect(page.get_by_text("Automatic contouring")).to_be_visible()
        keep(page, "project")
        browser.close()
    return 0


def viewer(page: Page) -> None:
    """The study as it opens, the help sheet, a history and the dose."""
    page.get_by_role("row").filter(has_text=PATIENT).get_by_role("link").first.click()
    row = page.locator(f'[data-structure="{STRUCTURE}"]')
    expect(row).to_be_visible()
    expect(page.locator("[data-structure]").filter(has_text="…")).to_have_count(0)
    expect(page.locator("footer").get_by_role("status").filter(has_text="%")).to_have_count(0)
    row.get_by_role("button", name=STRUCTURE, exact=True).click()
    keep(page, "viewer")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keep(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_contain_text("Revision 1")
    keep(page, "history")
    page.keyboard.press("Escape")
    derivation(page)
    dose(page)


def derivation(page: Page) -> None:
    """A derived structure looked at before it is kept."""
    row = page.locator('[data-structure="Parotid_L"]')
    row.get_by_role("button", name="Parotid_L", exact=True).click()
    page.keyboard.press("j")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name (TG-263)").fill("Parotid_L_eval")
    dialog.get_by_label("Operation 1: Structure or isodose").select_option(label="Bone_Mandible")
    dialog.get_by_label("Operation 1: Margin", exact=True).select_option(label="grow by")
    dialog.get_by_label("Operation 1: Margin in mm").fill("3")
    dialog.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("status", name="Preview")).to_be_visible()
    keep(page, "derive")
    dialog.get_by_role("button", name="Cancel").click()


def dose(page: Page) -> None:
    """Colour wash and isodose lines, and the histograms of the structures."""
    for key in ("Shift+D", "Shift+I", "Shift+H"):
        page.keyboard.press(key)
    page.get_by_label("Prescribed dose in Gy").fill("70")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("dose-legend")).to_contain_text("% of the prescription")
    expect(page.get_by_test_id("dvh-chart").locator("polyline").first).to_be_visible()
    expect(page.get_by_test_id("dvh")).not_to_contain_text("…")
    keep(page, "dose")


def keep(page: Page, name: str) -> None:
    """A PNG small enough for a repository."""
    packed = io.BytesIO()
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    ImageOps.posterize(picture, BITS).save(packed, "PNG", optimize=True)
    if packed.tell() > MOST_BYTES:
        raise SystemExit(f"{name}: {packed.tell()} bytes are more than {MOST_BYTES}")
    (IMAGES / f"{name}.png").write_bytes(packed.getvalue())
    sys.stdout.write(f"{name}.png: {packed.tell() // 1000} kB\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
