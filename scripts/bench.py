"""Print what the documentation promises in figures, measured here, with a description of this machine.

    make bench

Each measurement runs in a process of its own on an empty data folder, so peak memory is its own and nothing
of an installation is touched.  A new figure is a function with `@measure`.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Figures = Iterator[tuple[str, str]]
MEASURES: dict[str, Callable[[], Figures]] = {}
ROOT = Path(__file__).parent.parent


def measure(function: Callable[[], Figures]) -> Callable[[], Figures]:
    """Add a measurement; it yields pairs of a name and a figure with its unit."""
    MEASURES[function.__name__] = function
    return function


def main(chosen: list[str]) -> int:
    """Run the measurements named, or all, each in its own process."""
    _print("Machine", _machine())
    failed = 0
    for name in chosen or MEASURES:
        with tempfile.TemporaryDirectory(prefix="rinkaku-bench-") as folder:
            settings = {"RINKAKU_DATA": folder, "RINKAKU_ADMIN_PASSWORD": "bench-password"}
            environment = {key: value for key, value in os.environ.items() if not key.startswith("RINKAKU_")}
            command = [sys.executable, "-m", "scripts.bench", "--one", name]
            failed += (
                subprocess.run(command, env=environment | settings, cwd=ROOT, check=False).returncode != 0
            )
    return int(failed > 0)


def one(name: str) -> int:
    """Run one measurement here."""
    for label, figure in MEASURES[name]():
        _print(label, figure)
    _print(f"  peak memory of {name}", f"{peak_gib():.2f} GiB")
    return 0


def peak_gib() -> float:
    """Largest resident memory of this process and of any child that has ended."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(own, children) / 1024**2


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Gives a function that tells the seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    python, load = platform.python_version(), os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {python}, load {load:.1f}"


def _print(label: str, figure: str) -> None:
    sys.stdout.write(f"{label:<56} {figure}\n")
    sys.stdout.flush()


def _prepared() -> None:
    from backend.bootstrap import prepare

    prepare(lambda _: None)


def _large_ct(folder: Path) -> Path:
    """A generated head-and-neck CT of 512 × 512 × 200 as files."""
    from rt.dicom.outgoing import write_bytes
    from rt.phantom.patient import PhantomOptions
    from rt.phantom.study import phantom_dicom

    options = PhantomOptions(shape_kji=(200, 512, 512), spacing_ijk_mm=(1.0, 1.0, 1.5), lowest_mm=-180.0)
    folder.mkdir()
    for number, dataset in enumerate(phantom_dicom(options=options, structures=())):
        (folder / f"{number:04d}.dcm").write_bytes(write_bytes(dataset))
    return folder


@measure
def import_of_200_slices() -> Figures:
    """A CT of 512 × 512 × 200 through the one door into the store, and its delivery as a volume."""
    from backend.config import get_settings
    from backend.kit.db import session_scope
    from backend.projects.service import default_project
    from backend.studies.imports import import_path
    from backend.studies.service import load_volume
    from backend.studies.tables import Series

    _prepared()
    folder = _large_ct(get_settings().data / "ct")
    with session_scope() as session:
        project_id = default_project(session).id
    with stopwatch() as elapsed:
        import_path(project_id, None, folder)
        yield "Import of 512×512×200", f"{elapsed():.1f} s"
    with session_scope(read_only=True) as session, stopwatch() as elapsed:
        load_volume(session.query(Series).filter_by(modality="CT").one())
        yield "Volume of 512×512×200 out of the store", f"{elapsed():.2f} s"


@measure
def presegmentation() -> Figures:
    """The shipped network on 512 × 512 × 200."""
    import json

    from backend.config import get_settings
    from models.inference.segment import segment_ct
    from models.registry.network import NetworkManifest, load_network
    from rt.phantom.patient import PhantomOptions, make_patient

    options = PhantomOptions(shape_kji=(200, 512, 512), spacing_ijk_mm=(1.0, 1.0, 1.5), lowest_mm=-180.0)
    patient = make_patient(1, options)
    shipped = max((get_settings().weights / "head-neck-oar").iterdir(), key=lambda path: path.name)
    manifest = NetworkManifest.from_json(json.loads((shipped / "manifest.json").read_text()))
    network = load_network(manifest, (shipped / "weights.safetensors").read_bytes())
    with stopwatch() as elapsed:
        drawn = segment_ct(network, patient.hu_kji, patient.grid, lambda *_: None)
        found = sum(bool(mask.any()) for mask in drawn.masks.values())
        yield (
            f"Pre-segmentation of 512×512×200 on {network.device.type}",
            f"{elapsed():.1f} s, {found} organs",
        )


@measure
def job_start() -> Figures:
    """From the commit of a job to its claim by an idle worker of the laptop form."""
    from backend.jobs import service
    from backend.jobs.service import JobRequest
    from backend.jobs.tables import Job
    from backend.kit.db import session_scope

    _prepared()
    workers = subprocess.Popen([sys.executable, "-m", "workers", "--tied"], stderr=subprocess.DEVNULL)
    latencies: list[float] = []
    try:
        for _ in range(11):
            with session_scope() as session:
                job_id = service.enqueue(session, JobRequest("measure", {"structure_id": "none"}, None)).id
            while True:
                with session_scope(read_only=True) as session:
                    job = session.get_one(Job, job_id)
                    if job.started_at is not None and job.state != "running":
                        latencies.append((job.started_at - job.created_at).total_seconds())
                        break
                time.sleep(0.1)
    finally:
        workers.terminate()
        workers.wait()
    warm = latencies[1:]
    yield (
        "Job start, idle worker",
        f"median {percentile(warm, 0.5):.2f} s, p95 {percentile(warm, 0.95):.2f} s",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.exit(one(sys.argv[2]))
    sys.exit(main(sys.argv[1:]))
