"""Predicts an entry's cases in a process of its own, whose peak memory is then that of predicting.

`python -m models.comparison.measuring COURSE.json`: the parent (`models.comparison.run`) starts it, and reads
a line of JSON for each case from its output.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from models.comparison.config import Comparison, Entry, comparison
from models.comparison.methods import Course, Read, method_of
from models.evaluation import Score, read_case, score_masks
from models.inference.segment import Segmentation, on_native_grid
from models.registry.network import StructureRule
from rt.manifest import Case, DatasetManifest

RULE = StructureRule()
"""Half of the probability, the largest part: the same for every entry, chosen on nobody."""


@dataclass(frozen=True)
class Measured:
    """One case."""

    case: str
    seconds: float
    """Of the processor, or of the clock on a GPU, from the image in memory to masks on its grid."""
    peak_mib: float
    """Resident memory of the process at most so far, or the GPU's."""
    scores: list[Score]


def write_course(course: Course, path: Path) -> None:
    """What `read_course` reads in the other process."""
    whole = course.comparison
    whole.manifest.write(course.folder / "manifest.json")
    body = {
        "root": str(whole.manifest.root.resolve()),
        "entry": asdict(course.entry),
        "evaluate": whole.evaluate,
        "patients": whole.patients,
        "spacing_mm": whole.spacing_mm,
        "patch": whole.patch,
        "overlap": whole.overlap,
        "cache": str(course.cache.resolve()),
    }
    path.write_text(json.dumps(body))


def read_course(path: Path) -> Course:
    """The course that `write_course` wrote."""
    body: dict[str, Any] = json.loads(path.read_text())
    manifest = replace(DatasetManifest.read(path.parent / "manifest.json"), root=Path(body.pop("root")))
    entry, cache = body.pop("entry"), Path(body.pop("cache"))
    whole: Comparison = comparison(manifest, body | {"entries": [entry]})
    only_entry: Entry = whole.entries[0]
    return Course(whole, only_entry, path.parent, cache)


def measure(course: Course) -> Iterator[Measured]:
    """Every case that is measured, one after the other."""
    read, manifest = method_of(course.entry).reader(course), course.comparison.manifest
    for case in course.comparison.measured:
        yield _measured(read, manifest, case)


def _measured(read: Read, manifest: DatasetManifest, case: Case) -> Measured:
    image, grid, truth = read_case(manifest, case)
    began = _clock()
    seen = read(image, grid)
    masks = {
        name: on_native_grid(seen.probability[index], seen.grid, grid, RULE)
        for index, name in enumerate(manifest.structures)
    }
    taken, peak = _clock() - began, _peak_mib()
    return Measured(case.id, taken, peak, score_masks(case.id, Segmentation(masks, []), truth, grid))


def _clock() -> float:
    return time.monotonic() if torch.cuda.is_available() else time.process_time()


def _peak_mib() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent held before this process became its own
        rows = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(rows["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print a line for each case."""
    for measured in measure(read_course(Path(sys.argv[1]))):
        sys.stdout.write(json.dumps(asdict(measured)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
