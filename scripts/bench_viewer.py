"""The viewer in headless Chromium, drawn in software, on the large study with seven structures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.bench import PASSWORD
from scripts.bench_figures import Figure, median, percentile
from scripts.bench_patient import ORGANS
from scripts.bench_server import BenchStudy

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
]  # fmt: skip
OPENINGS, STROKES, STEPS = 5, 3, 120
WATCH = """
window.bench = {clicked: 0, picture: 0, frames: []};
addEventListener('click', () => { bench.clicked = performance.now(); bench.picture = 0; look(); }, true);
const look = () => {
  const canvas = document.querySelector('[data-plane=axial] canvas[data-layer=image]');
  if (canvas !== null && canvas.width > 2 && canvas.height > 2) {
    const row = canvas.getContext('2d').getImageData(0, canvas.height >> 1, canvas.width, 1).data;
    if (row.some((value, index) => index % 4 < 3 && value > 40)) {
      requestAnimationFrame(() => { bench.picture = performance.now(); });
      return;
    }
  }
  requestAnimationFrame(look);
};
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
  const { canvas } = this;
  if (canvas.dataset?.layer === 'contours' && canvas.parentElement?.dataset.plane === 'axial') {
    bench.frames.push(performance.now());
  }
  return clear.apply(this, area);
};
"""
"""Notes the click, the first frame with anatomy in the axial view, and each redrawing of its contours."""


def opened_and_drawn(study: BenchStudy) -> Iterator[Figure]:
    """First picture after a click in the worklist, and frames drawn while the mouse brushes."""
    study.give_contours()
    with chromium() as browser:
        page = new_page(browser)
        page.add_init_script(WATCH)
        log_in(page, study.installation.url)
        times = [_open(page) for _ in range(OPENINGS)]
        note = f"first {times[0]:.2f} s, slowest {max(times):.2f} s"
        yield Figure(f"first picture after the click, median of {OPENINGS}", median(times), "s", 1, note=note)
        gaps = [gap for _ in range(STROKES) for gap in _brush(page)]
        rate = 1000 * len(gaps) / sum(gaps)
        slow = f"{len(gaps) + STROKES} frames, p95 of the gaps {percentile(gaps, 0.95):.0f} ms"
        yield Figure("frames drawn while brushing", rate, "fps", 20, least=True, note=slow)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Browser) -> Page:
    """A page that has nothing cached; scripts may be evaluated in it."""
    return browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", bypass_csp=True)


def log_in(page: Page, url: str) -> None:
    """As the administrator."""
    page.goto(url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def click_study(page: Page) -> None:
    """Open the generated patient from the worklist."""
    page.get_by_role("link", name="Worklist").click()
    page.get_by_role("row").filter(has_text="Phantom").first.get_by_role("link").first.click()


def _open(page: Page) -> float:
    """Seconds from the click in the worklist to the picture; waits until all structures are there."""
    click_study(page)
    page.wait_for_function("bench.picture > bench.clicked", timeout=60_000)
    seconds = float(page.evaluate("bench.picture - bench.clicked")) / 1000
    structures = page.locator("[data-structure]")
    expect(structures.nth(len(ORGANS) - 1)).to_be_visible(timeout=60_000)
    expect(structures.filter(has_text="…")).to_have_count(0, timeout=60_000)
    loading = page.locator("footer").get_by_role("status").filter(has_text="%")
    expect(loading).to_have_count(0, timeout=60_000)
    return seconds


def _brush(page: Page) -> list[float]:
    """Milliseconds between the frames of a stroke along a zigzag, as the mouse's events come through."""
    page.locator('[data-structure="Parotid_L"]').get_by_role("button", name="Parotid_L", exact=True).click()
    page.keyboard.press("g")
    page.keyboard.press("b")
    box = page.locator("[data-plane=axial]").bounding_box()
    if box is None:
        raise RuntimeError("the axial view is not on the page")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("bench.frames = []")
    for step in range(1, STEPS + 1):
        page.mouse.move(x + box["width"] * 0.3 * step / STEPS, y + 40 * ((step % 20) / 10 - 1))
    frames: list[float] = page.evaluate("bench.frames")
    page.mouse.up()
    page.keyboard.press("Control+z")
    if len(frames) < 2:
        raise RuntimeError("nothing was drawn")
    return [later - earlier for earlier, later in pairwise(frames)]
