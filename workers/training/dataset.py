"""A frozen snapshot written as files: images and label bit fields that `models` can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from backend.labels import service as labels
from backend.labels.tables import Revision
from backend.studies import service as studies
from backend.studies.tables import Series
from backend.training.tables import Snapshot
from rt.errors import RtError
from rt.geometry import Grid
from rt.manifest import Case, DatasetManifest, Split
from rt.resample import write_nifti
from workers.runtime import JobContext


class ScanDeleted(RtError):
    """A scan or contour of the frozen dataset was deleted since the job was queued."""

    slug = "dataset-incomplete"


@dataclass(frozen=True)
class _Scan:
    image: npt.NDArray[Any]
    grid: Grid
    masks: dict[str, npt.NDArray[np.bool_]]


def materialise(
    context: JobContext,
    snapshot: Snapshot,
    structures: tuple[str, ...],
    uncorrected: Sequence[str] = (),
    splits: Sequence[Split] = get_args(Split),
) -> DatasetManifest:
    """Scans of these splits of the snapshot, with `structures`, as a manifest in the job's workspace.

    Series in `uncorrected`, of which nothing is known, join those that train with no structure at all; one
    that was deleted meanwhile is left out; ScanDeleted where it is one of the snapshot's own.  Only cases of
    these splits are written, with the same ids.
    """
    root = context.workspace / "dataset"
    root.mkdir(exist_ok=True)
    cases: list[Case] = []
    bare = _bare(context, uncorrected)
    total = len(snapshot.cases) + len(bare)
    for number, entry in enumerate([*snapshot.cases, *bare]):
        if entry["split"] not in splits:
            continue
        context.check_cancelled()
        context.progress(0.1 * number / total, "scan", n=number + 1, total=total)
        bits = {name: bit for bit, name in enumerate(structures) if name in entry["revisions"]}
        if bits or not entry["revisions"]:
            cases.append(_case(context, entry, number, bits, root))
    manifest = DatasetManifest(structures, tuple(cases), root)
    manifest.write(root / "manifest.json")
    return manifest


def _bare(context: JobContext, series_ids: Sequence[str]) -> list[dict[str, Any]]:
    with context.session(read_only=True) as session:
        here = [one for one in series_ids if session.get(Series, one) is not None]
    return [{"series_id": s, "patient_key": f"series {s}", "split": "train", "revisions": {}} for s in here]


def case_number(case_id: str) -> int:
    """Place in the snapshot of the case with this id."""
    return int(case_id.removeprefix("scan ")) - 1


def _case(context: JobContext, entry: dict[str, Any], number: int, bits: dict[str, int], root: Path) -> Case:
    image, labels_file = f"{number:04d}.nii.gz", f"{number:04d}_labels.nii.gz"
    if not (root / labels_file).exists():
        scan = _scan(context, entry, bits)
        field = np.zeros(scan.grid.shape_kji, dtype=np.uint16)
        for name, bit in bits.items():
            field |= scan.masks[name].astype(np.uint16) << np.uint16(bit)
        write_nifti(root / image, scan.image, scan.grid)
        write_nifti(root / f"part_{labels_file}", field, scan.grid)
        (root / f"part_{labels_file}").replace(root / labels_file)
    return Case(f"scan {number + 1}", entry["patient_key"], entry["split"], image, labels_file, bits)


def _scan(context: JobContext, entry: dict[str, Any], bits: dict[str, int]) -> _Scan:
    """ScanDeleted when the series or one of the revisions is no more."""
    with context.session(read_only=True) as session:
        series = session.get(Series, entry["series_id"])
        if series is None:
            raise ScanDeleted("a scan of the dataset was deleted", where=entry["series_id"])
        image, grid = studies.load_volume(series)
        revisions: dict[str, Revision] = {}
        for name in bits:
            revision = session.get(Revision, entry["revisions"][name])
            if revision is None:
                raise ScanDeleted("a contour of the dataset was deleted", where=name)
            revisions[name] = revision
        masks = {name: labels.load_mask(revision, grid) for name, revision in revisions.items()}
    return _Scan(image, grid, masks)
