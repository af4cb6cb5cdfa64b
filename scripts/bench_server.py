"""The server with one large study: it is sent, segmented, delivered and corrected; then starts are timed."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session

from rinkaku_client import Client
from rinkaku_client.jobs import ENDED
from rt.masks import Mask, encode_mask
from scripts.bench_figures import Figure, median, percentile, stopwatch
from scripts.bench_installation import (
    Installation,
    descendants,
    free_port,
    resources,
    seconds_until_answer,
    stop,
    wait_for_answer,
)
from scripts.bench_patient import ORGANS, Patient

SAVES, REPEATS, JOBS = 50, 5, 10
LOOK_S = 0.1
WATCH_S = 0.5
PATIENCE_S = 300.0


class BenchStudy:
    """The generated patient on the server; `ensure` brings it there where no measurement has done so."""

    def __init__(self, installation: Installation, patient: Patient) -> None:
        self.installation, self.patient = installation, patient
        self.client = Client(installation.url, installation.token, timeout_s=300)
        headers = {"Authorization": f"Bearer {installation.token}"}
        self.http = httpx.Client(base_url=installation.url, headers=headers, timeout=300)
        self._study_id = ""

    @property
    def id(self) -> str:
        """The study; sent now if it was not."""
        if not self._study_id:
            list(self.imported())
        return self._study_id

    def imported(self) -> Iterator[Figure]:
        """STOW-RS by the public dicomweb-client, beside DCMTK storing the same files by DIMSE."""
        session = create_session()
        headers = {"Authorization": f"Bearer {self.installation.token}"}
        web = DICOMwebClient(f"{self.installation.url}/dicomweb", session=session, headers=headers)
        with stopwatch() as elapsed:
            web.store_instances(self.patient.slices)
            seconds = elapsed()
        session.close()
        (row,) = self.client.studies.list(self.client.projects.list()[0]["id"])
        self._study_id = row["id"]
        peer = _seconds_by_dcmtk(self.patient.folder)
        count = len(self.patient.slices)
        yield Figure(f"STOW-RS of {count} slices by dicomweb-client", seconds, "s", peer, "DCMTK storescu")

    def presegmented(self) -> Iterator[Figure]:
        """The jobs that an import starts by itself; memory is that of the workers' largest process."""
        workers = self.installation.start_workers()
        job, peak, busy = self._watched(workers, "presegment")
        found = len(job["result"]["drawn"]) if job["state"] == "succeeded" else 0
        name = f"presegmentation (job, {job['state']})"
        yield Figure(name, _seconds(job), "s", 60, note=f"{found} structures offered")
        cores = len(os.sched_getaffinity(0))
        yield Figure(f"processor time of the busiest job process, {cores} cores", busy, "s", 60.0 * cores)
        yield Figure("peak memory of the largest job process", peak, "GiB", 4)
        self.wait_until_idle()

    def _watched(self, workers: int, kind: str) -> tuple[dict[str, Any], float, float]:
        """The ended job; most memory (GiB) and most processor time (s) of any of the workers' processes."""
        peaks: dict[int, tuple[float, float]] = {}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            peaks |= {pid: used for pid in descendants(workers) if (used := resources(pid))}
            job = self._job(kind)
            if job is not None and job["state"] in ENDED:
                return job, max(peak for peak, _ in peaks.values()), max(busy for _, busy in peaks.values())
            time.sleep(WATCH_S)
        if job is not None:
            self.http.post(f"/api/jobs/{job['id']}/cancel").raise_for_status()
        raise TimeoutError(f"no {kind} job has ended within {PATIENCE_S:.0f} s")

    def _job(self, kind: str) -> dict[str, Any] | None:
        """The newest job of a kind."""
        return next((dict(job) for job in self.client.jobs.list(kind=kind, study_id=self.id)), None)

    def wait_until_idle(self) -> None:
        """Until no job of the study waits or runs."""
        self.installation.start_workers()
        while any(
            next(self.client.jobs.list(study_id=self.id, state=state), None)
            for state in ("queued", "running")
        ):
            time.sleep(LOOK_S)

    def delivered(self) -> Iterator[Figure]:
        """The voxels as the viewer asks for them, beside the same bytes as a file by Python's http.server."""
        series = next(one for one in self.client.studies.get(self.id)["series"] if one["modality"] == "CT")
        slice_bytes = 2 * self.patient.grid.shape_kji[1] * self.patient.grid.shape_kji[2]
        folder = self.installation.folder / "plain"
        folder.mkdir()
        path = f"/api/series/{series['id']}/volume?order=middle-out"
        (folder / "volume").write_bytes(self.http.get(path).content)
        port = free_port()
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(folder)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_answer(port, "/volume", server)
            ours = [_streamed(self.http, path, slice_bytes) for _ in range(REPEATS)]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as plain:
                theirs = [_streamed(plain, "/volume", slice_bytes) for _ in range(REPEATS)]
        finally:
            stop(server)
        first, peer_first = (1000 * median([one[0] for one in runs]) for runs in (ours, theirs))
        rate, peer_rate = (median([one[1] for one in runs]) for runs in (ours, theirs))
        yield Figure("first slice of the volume, median", first, "ms", peer_first, "http.server")
        yield Figure("volume delivery, median", rate, "MB/s", peer_rate, "http.server")

    def give_contours(self) -> None:
        """The planner's seven organs become the newest revisions of the study's structure set."""
        self.wait_until_idle()
        sets = self.client.studies.get(self.id)["structure_sets"]
        chosen = self.client.structures.get(sets[-1]["id"]) if sets else self._new_set()
        existing = {structure["name"]: structure for structure in chosen["structures"]}
        for name in ORGANS:
            structure = existing.get(name) or self.client.structures.create(chosen["id"], name)
            head = structure["head"]
            base = head["number"] if head else 0
            self.client.structures.save(structure["id"], self.patient.masks[name], base)
        self.wait_until_idle()

    def _new_set(self) -> Any:
        series = next(one for one in self.client.studies.get(self.id)["series"] if one["modality"] == "CT")
        return self.client.structures.create_set(self.id, series["id"], "Bench")

    def saved(self) -> Iterator[Figure]:
        """Saves of the largest and of a usual structure, each a voxel more, while publishing goes on."""
        self.wait_until_idle()
        made = self._new_set()
        for name in ("External", "Parotid_L"):
            structure = self.client.structures.create(made["id"], name)["id"]
            times = [self._save(structure, self.patient.masks[name], base) for base in range(SAVES)]
            p95 = 1000 * percentile(times, 0.95)
            label = f"save of {name}, p95 of {SAVES}"
            yield Figure(label, p95, "ms", 300, note=f"median {1000 * median(times):.0f} ms")

    def _save(self, structure: str, mask: Mask, base: int) -> float:
        """Seconds from sending a mask to the answer that it is kept."""
        changed = mask.copy()
        k = np.flatnonzero(mask.any(axis=(1, 2)))[0]
        changed[k, 0, base] = True
        body = {"mask": base64.b64encode(encode_mask(changed)).decode(), "reason": "bench", "tool": "brush"}
        path, headers = f"/api/structures/{structure}/revisions", {"If-Match": f'"{base}"'}
        with stopwatch() as elapsed:
            answer = self.http.post(path, json=body | {"seconds": 1.0}, headers=headers)
            seconds = elapsed()
        answer.raise_for_status()
        return seconds

    def jobs_started(self) -> Iterator[Figure]:
        """From the commit of a job to its claim, by workers that have nothing else to do."""
        import backend.tables  # noqa: F401  (tables refer to each other)
        from backend.jobs.service import JobRequest, enqueue
        from backend.jobs.tables import Job
        from backend.kit.db import session_scope

        self.wait_until_idle()
        latencies: list[float] = []
        for _ in range(JOBS):
            with session_scope() as session:
                job_id = enqueue(session, JobRequest("measure", {"structure_id": "none"}, None)).id
            while True:
                time.sleep(LOOK_S)
                with session_scope(read_only=True) as session:
                    job = session.get_one(Job, job_id)
                if job.started_at is not None and job.finished_at is not None:
                    break
            latencies.append((job.started_at - job.created_at).total_seconds())
        label = f"job start by an idle worker, slowest of {JOBS}"
        yield Figure(label, max(latencies), "s", 2, note=f"median {median(latencies):.2f} s")


def starts(installation: Installation) -> Iterator[Figure]:
    """How long servers take until they answer, on the data that the bench has made."""
    installation.stop_all()
    port = installation.port
    second = [seconds_until_answer(installation.command("run"), port, "/") for _ in range(3)]
    yield Figure("second start of rinkaku run until the page, median of 3", median(second), "s", 5)
    bare = [
        sys.executable, "-c",
        "import fastapi, uvicorn; app = fastapi.FastAPI();"
        f" uvicorn.run(app, host='127.0.0.1', port={port}, log_level='error')",
    ]  # fmt: skip
    peer = median([seconds_until_answer(bare, port, "/docs") for _ in range(3)])
    ours = median([seconds_until_answer(installation.command("serve"), port, "/health") for _ in range(3)])
    yield Figure("start of the API process, median of 3", ours, "s", peer, "an empty FastAPI app")


def _streamed(http: httpx.Client, path: str, slice_bytes: int) -> tuple[float, float]:
    """Seconds until the first slice is here; MB/s of the whole."""
    first, received = 0.0, 0
    with stopwatch() as elapsed, http.stream("GET", path) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw(1 << 18):
            received += len(part)
            if not first and received >= slice_bytes:
                first = elapsed()
        return first, received / elapsed() / 1e6


def _seconds(job: dict[str, Any]) -> float:
    """How long a job ran."""
    if not job.get("finished_at"):
        return float("nan")
    return (
        datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])
    ).total_seconds()


def _seconds_by_dcmtk(folder: Path) -> float | None:
    """storescu sends the files to storescp, which writes them; None where DCMTK is not installed."""
    if not (shutil.which("storescu") and shutil.which("storescp")):
        return None
    port, received = str(free_port()), folder.parent / "dcmtk"
    received.mkdir()
    server = subprocess.Popen(["storescp", "-od", str(received), port])
    try:
        time.sleep(1.0)
        with stopwatch() as elapsed:
            subprocess.run(["storescu", "+sd", "127.0.0.1", port, str(folder)], check=True)
            return elapsed()
    finally:
        stop(server)
        shutil.rmtree(received)
