"""Print what the documentation promises in figures, measured here, with a description of this machine.

    make bench
    .venv/bin/python -m scripts.bench --matrix 128 --slices 40 starts     a small study, one measurement

Everything runs on two cores and an installation of its own in a temporary folder.  Each figure stands beside
its limit (issue 2) or beside a peer that did comparable work in the same run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.bench_figures import Figure

ROOT = Path(__file__).parent.parent
PASSWORD = "bench-password"
CORES = 2


def main() -> int:
    """Run the measurements named, or all, in the order below; the status says whether all could be run."""
    chosen = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers and folder go with us
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    _print("\n".join(f"{name:<12} {value}" for name, value in _machine()))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="rinkaku-bench-") as folder:
        for name in [name for name in os.environ if name.startswith("RINKAKU_")]:
            del os.environ[name]
        os.environ["RINKAKU_ADMIN_PASSWORD"] = PASSWORD
        for name, measurement in _measurements(Path(folder), chosen.matrix, chosen.slices):
            if chosen.names and name not in chosen.names:
                continue
            _print(f"\n{name}")
            failed += _run(measurement)
    _print(f"\n{'load now':<12} {_load()}")
    return int(failed > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="what to measure; everything by default")
    parser.add_argument("--matrix", type=int, default=512, help="columns and rows of the CT")
    parser.add_argument("--slices", type=int, default=200)
    return parser


def _measurements(
    folder: Path, matrix: int, slices: int
) -> Iterator[tuple[str, Callable[[], Iterator[Figure]]]]:
    """Names and measurements; those of the server work on one study that the first of them sends."""
    from scripts import (
        bench_contours,
        bench_dicompyler,
        bench_dose,
        bench_dose_map,
        bench_inference,
        bench_orthanc,
        bench_radiomics,
        bench_registration,
        bench_server,
        bench_viewer,
    )
    from scripts.bench_installation import Installation
    from scripts.bench_patient import Patient

    patient = Patient.make(folder / "ct", matrix, slices)
    yield "contours", lambda: bench_contours.there_and_back(folder, patient)
    yield "dvh", bench_dose.histograms
    yield "dicompyler", lambda: bench_dicompyler.beside_dicompyler(folder, ROOT / "build" / "dicompyler")
    yield "radiomics", lambda: bench_radiomics.beside_pyradiomics(folder, ROOT / "build" / "pyradiomics")
    yield "registration", lambda: bench_registration.beside_pycpd(folder, ROOT / "build" / "pycpd")
    yield "dose-map", lambda: bench_dose_map.whole_analysis(folder)
    yield "inference", lambda: bench_inference.beside_monai(ROOT / "models" / "weights", matrix)
    yield "orthanc", lambda: bench_orthanc.beside_orthanc(folder, matrix)
    with Installation(folder) as installation:
        study = bench_server.BenchStudy(installation, patient)
        yield "import", study.imported
        yield "presegmentation", study.presegmented
        yield "delivery", study.delivered
        yield "viewer", lambda: bench_viewer.opened_and_drawn(study)
        yield "saving", study.saved
        yield "jobs", study.jobs_started
        yield "starts", lambda: bench_server.starts(installation)


def _run(measurement: Callable[[], Iterator[Figure]]) -> bool:
    """Print its figures; True when it could not be brought to its end."""
    try:
        for figure in measurement():
            _print(f"  {figure}")
    except Exception:
        _print("  failed\n" + traceback.format_exc())
        return True
    return False


def _machine() -> Iterator[tuple[str, str]]:
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    yield "CPU", f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, {CORES} used"
    yield "memory", f"{memory_gib:.0f} GiB"
    yield "load", _load()
    packages = ("torch", "numpy", "SimpleITK", "pydicom", "fastapi", "SQLAlchemy")
    versions = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    yield "versions", ", ".join([f"Python {platform.python_version()}", *versions])
    yield (
        "commit",
        _git("rev-parse", "--short", "HEAD")
        + (" with changes" if _git("diff", "HEAD", "--name-only") else ""),
    )


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)"


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
