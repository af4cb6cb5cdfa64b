"""Print how long the viewer's worker takes from a click to the mask, for 96 voxels of 1 mm along every axis.

    .venv/bin/python -m scripts.click_latency [--clicks 20]

Headless Chromium runs the worker as the page does, from Vite's development server: first clicks on balls of
15 mm in noise, where an organ is grown, half of them with a ball drawn and taken away from again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

FRONTEND = Path(__file__).parent.parent / "frontend"
PORT = 5189
START_S = 60.0
CHROMIUM = "/usr/bin/chromium"
ASK = """async (clicks) => {
  const worker = new Worker('/src/viewer/clicks-worker.ts', { type: 'module' });
  const extent = 96, size = extent ** 3, taken = [];
  let state = 1;
  const chance = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2147483648 - 1);
  for (let n = 0; n < clicks; n += 1) {
    const values = new Int16Array(size), inside = new Uint8Array(size), seeds = new Uint8Array(size);
    const add = n % 2 === 0;
    for (let at = 0; at < size; at += 1) {
      const [k, j, i] = [Math.floor(at / 9216), Math.floor(at / 96) % 96, at % 96];
      const ball = Math.hypot(k - 48, j - 48, i - 48) <= 15;
      values[at] = (ball ? 100 : 0) + 20 * (chance() + chance());
      inside[at] = !add && (ball || Math.hypot(k - 48, j - 48, i - 68) <= 8) ? 1 : 0;
    }
    const at = add ? (48 * 96 + 48) * 96 + 48 : (48 * 96 + 48) * 96 + 70;
    seeds[at] = add ? 1 : 2;
    const fresh = Int32Array.of(at), shape = [96, 96, 96], spacing = [1, 1, 1];
    const began = performance.now();
    await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => reject(new Error(event.message));
      const request = { values, shape, spacing, inside, seeds, fresh, add, lasso: null, expectedCc: null };
      worker.postMessage(request, [values.buffer, inside.buffer, seeds.buffer, fresh.buffer]);
    });
    taken.push(performance.now() - began);
  }
  worker.terminate();
  return taken;
}"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clicks", type=int, default=20)
    clicks = parser.parse_args().clicks
    command = ["node_modules/.bin/vite", "--port", str(PORT), "--strictPort", "--host", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=FRONTEND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{PORT}/")
        first, *later = _measured(clicks)
    finally:
        server.terminate()
        server.wait()
    load = os.getloadavg()[0]
    sys.stdout.write(
        f"first {first:.0f} ms; then {median(later):.0f} ms in the middle, {max(later):.0f} at most "
        f"(n = {len(later)}; load {load:.1f} on {os.cpu_count()} cores)\n"
    )
    return 0


def _wait(url: str) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def _measured(clicks: int) -> list[float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{PORT}/", wait_until="commit")
        taken: list[float] = page.evaluate(ASK, clicks)
        browser.close()
        return taken


if __name__ == "__main__":
    sys.exit(main())
