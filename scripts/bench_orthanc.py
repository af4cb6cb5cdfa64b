"""Rinkaku beside Orthanc on the same machine: storing a CT, its whole volume in a browser, and metadata.

Each server starts on an empty folder with what it does by default (SQLite, files, synchronised to the disk);
the same client sends both the same body.  Orthanc is Debian's, with its DICOMweb plugin, and is told not to
compress its answers, which on one machine makes it quicker.  What both do is measured in turn.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from playwright.sync_api import Browser

from rt.dicom.parse import read_stored
from scripts.bench_figures import Figure, median, stopwatch
from scripts.bench_installation import Installation, free_port, stop, wait_for_answer
from scripts.bench_patient import ct_files
from scripts.bench_viewer import chromium, click_study, log_in, new_page

SLICES, STORED, OPENED = 300, 3, 5
"""Slices that are stored and shown, how often each server gets them anew, and how often they are shown."""
HEADERS_OF, HEADERS_MATRIX, ASKED = 500, 64, 7
"""Slices of the series whose metadata are asked for, their columns and rows, and how often."""
PATIENCE_S = 300
POLL_S = 0.02
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
BOUNDARY = "rinkaku-bench"
SEND = {
    "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
    "Accept": "application/dicom+json",
}
WATCH = """
window.bench = {clicked: 0, whole: 0, bytes: %d};
addEventListener('click', () => { bench.clicked = performance.now(); bench.whole = 0; }, true);
const received = new WeakMap();
for (const { prototype } of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
  const read = prototype.read;
  prototype.read = async function (...into) {
    const { done, value } = await read.apply(this, into), before = received.get(this) ?? 0;
    if (!done) received.set(this, before + value.byteLength);
    else if (before === bench.bytes) bench.whole = performance.now();
    return { done, value };
  };
}
"""
"""Notes the click, and the moment when the page asks for more voxels and there are none: it has kept all."""
FETCH = """
async (paths) => {
  const began = performance.now(), bytes = %d, voxels = new Uint8Array(bytes * paths.length);
  const accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1';
  await Promise.all(paths.map(async (path, k) => {
    const answer = await fetch(path + '/frames/1', { headers: { Accept: accept }, cache: 'no-store' });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    const part = new Uint8Array(await answer.arrayBuffer());
    let at = 0;
    while (!(part[at] === 13 && part[at + 1] === 10 && part[at + 2] === 13 && part[at + 3] === 10)) at += 1;
    voxels.set(part.subarray(at + 4, at + 4 + bytes), bytes * k);
  }));
  return performance.now() - began;
}
"""
"""Fetches all frames at once, which a browser does over six connections, into one volume."""


@dataclass(frozen=True)
class Sent:
    """A CT series: the body that brings it, and where DICOMweb has it."""

    body: bytes
    series: str
    instances: list[str]
    slice_bytes: int

    @classmethod
    def of(cls, files: list[bytes], matrix: int) -> Self:
        headers = [read_stored(file, pixels=False) for file in files]
        series = f"/studies/{headers[0].StudyInstanceUID}/series/{headers[0].SeriesInstanceUID}"
        opening = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(b"".join((opening, file, b"\r\n")) for file in files)
        instances = [f"{series}/instances/{header.SOPInstanceUID}" for header in headers]
        return cls(body + f"--{BOUNDARY}--\r\n".encode(), series, instances, 2 * matrix * matrix)


class Orthanc:
    """An Orthanc of the bench's own, with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "orthanc"
        self._port = free_port()
        self._base = f"http://127.0.0.1:{self._port}"
        self.http = httpx.Client(base_url=f"{self._base}/dicom-web", timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        data = self.folder / "data"
        settings = {
            "StorageDirectory": str(data),
            "IndexDirectory": str(data),
            "HttpPort": self._port,
            "DicomPort": free_port(),
            "RemoteAccessAllowed": False,
            "HttpCompressionEnabled": False,
            "Plugins": [str(PLUGIN)],
        }
        self.folder.mkdir()
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(settings))
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen([_program(), str(file)], stdout=log, stderr=log)
        wait_for_answer(self._port, "/system", self._process)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        stop(self._process)
        shutil.rmtree(self.folder)

    def opened(self, browser: Browser, sent: Sent) -> float:
        """Seconds for the frames alone: a viewer would ask for their names and headers first."""
        page = new_page(browser)
        page.goto(f"{self._base}/system")
        paths = [f"/dicom-web{path}" for path in sent.instances]
        seconds = float(page.evaluate(FETCH % sent.slice_bytes, paths)) / 1000
        page.close()
        return seconds


class Rinkaku:
    """A Rinkaku like it: migrated, with nothing in it; without workers, which would be at work meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "rinkaku"
        self._installation = Installation(self.folder)

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self._installation.__enter__()
        headers = {"Authorization": f"Bearer {self._installation.token}"}
        self.http = httpx.Client(
            base_url=f"{self._installation.url}/dicomweb", headers=headers, timeout=PATIENCE_S
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._installation.stop_all()
        shutil.rmtree(self.folder)

    def wait_for_volume(self) -> None:
        """Until the first series has its volume, which is made after the answer."""
        with httpx.Client(base_url=f"{self._installation.url}/api", headers=self.http.headers) as api:
            project = api.get("/projects").raise_for_status().json()["items"][0]["id"]
            (row,) = api.get(f"/projects/{project}/studies").raise_for_status().json()["items"]
            while api.get(f"/studies/{row['id']}").raise_for_status().json()["series"][0]["volume"] is None:
                time.sleep(POLL_S)

    def opened(self, browser: Browser, sent: Sent) -> float:
        """Seconds from the click in the worklist until the page has every voxel."""
        page = new_page(browser)
        page.add_init_script(WATCH % (len(sent.instances) * sent.slice_bytes))
        log_in(page, self._installation.url)
        click_study(page)
        page.wait_for_function("bench.whole > bench.clicked", timeout=60_000)
        seconds = float(page.evaluate("bench.whole - bench.clicked")) / 1000
        page.close()
        return seconds


Server = Orthanc | Rinkaku
Times = list[list[float]]
"""Seconds by server, ours first."""


def beside_orthanc(folder: Path, matrix: int) -> Iterator[Figure]:
    """Seconds to store and show a CT and to tell its headers; ours alone where Orthanc is not installed."""
    kinds: list[type[Server]] = [Rinkaku, Orthanc]
    if missing := _missing():
        sys.stdout.write(f"  {missing}: no peer\n")
        kinds = [Rinkaku]
    sent = Sent.of(ct_files(matrix, SLICES), matrix)
    with tempfile.TemporaryDirectory(dir=folder) as own, ExitStack() as running:
        storing: Times = [[] for _ in kinds]
        prepared: list[float] = []
        for _ in range(STORED):
            running.close()
            servers = []
            for kind, seconds in zip(kinds, storing, strict=True):
                servers.append(running.enter_context(kind(Path(own))))
                seconds.append(_stored(servers[-1], sent))
                if isinstance(servers[-1], Rinkaku):
                    with stopwatch() as elapsed:
                        servers[-1].wait_for_volume()
                        prepared.append(seconds[-1] + elapsed())
        label = f"STOW-RS of {SLICES} slices to a new server, median of {STORED}"
        yield _figure(label, storing, most=1.0)
        yield _figure("until its volume is made as well", [prepared])
        label = f"whole volume in Chromium after the click, median of {OPENED}"
        yield _figure(label, _opened(servers, sent), most=0.5)
        yield from _metadata(servers)


def _metadata(servers: list[Server]) -> Iterator[Figure]:
    sent = Sent.of(ct_files(HEADERS_MATRIX, HEADERS_OF), HEADERS_MATRIX)
    for server in servers:
        _stored(server, sent)
    yield _figure(f"metadata of {HEADERS_OF} slices, the first time", [[_told(s, sent)] for s in servers])
    again: Times = [[] for _ in servers]
    for _ in range(ASKED):
        for server, seconds in zip(servers, again, strict=True):
            seconds.append(_told(server, sent))
    yield _figure(f"metadata of {HEADERS_OF} slices, again, median of {ASKED}", again)


def _figure(label: str, times: Times, most: float | None = None) -> Figure:
    ours, *theirs = (median(seconds) for seconds in times)
    ranges = [f"{min(seconds):.2f} to {max(seconds):.2f}" for seconds in times if len(seconds) > 1]
    if not theirs:
        return Figure(label, ours, "s", note=" and ".join(ranges))
    return Figure(label, ours, "s", theirs[0], "Orthanc", most=most, note=" and ".join(ranges))


def _missing() -> str:
    if not _program():
        return "Orthanc is not installed"
    return "" if PLUGIN.exists() else "Orthanc's DICOMweb plugin (orthanc-dicomweb) is not installed"


def _program() -> str:
    return shutil.which("Orthanc", path="/usr/local/bin:/usr/sbin:/usr/bin") or ""


def _stored(server: Server, sent: Sent) -> float:
    server.http.get("/studies").raise_for_status()  # the server has answered once, the connection is there
    with stopwatch() as elapsed:
        answer = server.http.post("/studies", content=sent.body, headers=SEND)
        seconds = elapsed()
    if answer.status_code != 200 or len(answer.json()["00081199"]["Value"]) != len(sent.instances):
        raise RuntimeError(f"not everything was stored: {answer.status_code}")
    return seconds


def _opened(servers: list[Server], sent: Sent) -> Times:
    times: Times = [[] for _ in servers]
    with chromium() as browser:
        for _ in range(OPENED):
            for server, seconds in zip(servers, times, strict=True):
                seconds.append(server.opened(browser, sent))
    return times


def _told(server: Server, sent: Sent) -> float:
    with stopwatch() as elapsed:
        answer = server.http.get(f"{sent.series}/metadata", headers={"Accept": "application/dicom+json"})
        seconds = elapsed()
    if len(answer.raise_for_status().json()) != len(sent.instances):
        raise RuntimeError("the headers of some slices are missing")
    return seconds
