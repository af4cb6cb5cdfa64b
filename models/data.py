"""Cases of a manifest brought to the network's grid once, kept as memory-mapped files.

Labels are packed: bit n of a voxel for structure n of the manifest, bit 7 for the body.  At most seven
structures therefore share one byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.preprocessing import NetworkVolume, prepare_ct
from rt.errors import RtError
from rt.manifest import Case, DatasetManifest
from rt.resample import read_nifti, resample

MAX_STRUCTURES = 7
POINTS_PER_STRUCTURE = 2000


@dataclass(frozen=True)
class Sample:
    """A case on the network's grid."""

    id: str
    hu: npt.NDArray[np.int16]
    labels: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]
    """Which structures were contoured (structures,)."""
    points: tuple[npt.NDArray[np.float64], ...]
    """Voxel positions (n, 3) in order k, j, i of each structure present."""


def load_samples(
    manifest: DatasetManifest, cases: tuple[Case, ...], spacing_mm: float, cache: Path
) -> list[Sample]:
    """The cases on the network's grid, from the cache where it has them."""
    if len(manifest.structures) > MAX_STRUCTURES:
        raise RtError(f"at most {MAX_STRUCTURES} structures are trained together")
    cache.mkdir(parents=True, exist_ok=True)
    return [_load(manifest, case, spacing_mm, cache) for case in cases]


def _load(manifest: DatasetManifest, case: Case, spacing_mm: float, cache: Path) -> Sample:
    stamp = "|".join(
        map(
            str,
            (
                manifest.path(case.image),
                manifest.path(case.labels),
                case.bits,
                manifest.structures,
                spacing_mm,
                2,
            ),
        )
    )
    path = cache / f"{hashlib.sha256(stamp.encode()).hexdigest()[:24]}.npz"
    if not path.exists():
        volume, labels = _prepare(manifest, case, spacing_mm)
        np.savez(path, hu=volume.hu_kji, labels=labels)
    with np.load(path) as stored:
        hu, packed = stored["hu"], stored["labels"]
    known = np.array([name in case.bits for name in manifest.structures])
    return Sample(case.id, hu, packed, known, _points(packed, case.id, len(manifest.structures)))


def _prepare(
    manifest: DatasetManifest, case: Case, spacing_mm: float
) -> tuple[NetworkVolume, npt.NDArray[np.uint8]]:
    hu, grid = read_nifti(manifest.path(case.image))
    field, label_grid = read_nifti(manifest.path(case.labels))
    if not grid.is_close(label_grid):
        raise RtError("labels and image are on different grids", where=case.id)
    volume = prepare_ct(hu, grid, spacing_mm)
    packed: npt.NDArray[np.uint8] = volume.body_kji.astype(np.uint8) * np.uint8(128)
    for index, name in enumerate(manifest.structures):
        if name in case.bits:
            mask: npt.NDArray[Any] = (field >> case.bits[name] & 1).astype(np.float32)
            inside = resample(mask, grid, volume.grid, outside=0.0) >= 0.5
            packed |= inside.astype(np.uint8) * np.uint8(1 << index)
    return volume, packed


def _points(
    packed: npt.NDArray[np.uint8], case_id: str, structures: int
) -> tuple[npt.NDArray[np.float64], ...]:
    rng = np.random.default_rng(int(hashlib.sha256(case_id.encode()).hexdigest()[:8], 16))
    found = []
    for index in range(structures):
        points = np.argwhere(packed >> index & 1)
        if len(points):
            found.append(rng.permutation(points)[:POINTS_PER_STRUCTURE].astype(np.float64))
    return tuple(found)
