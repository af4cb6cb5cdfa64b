"""A toy anatomy: two balls, right brighter than left, in a body of soft tissue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rt.geometry import Grid
from rt.manifest import Case, DatasetManifest, Split
from rt.resample import write_nifti

STRUCTURES = ("Ball_R", "Ball_L")
SHAPE = (40, 48, 56)


def toy_grid(spacing_mm: float = 3.0) -> Grid:
    """Axis-aligned cubes around the origin."""
    return Grid.of(SHAPE, [spacing_mm] * 3, [-80, -70, -60], np.eye(3))


def toy_case(seed: int) -> tuple[npt.NDArray[np.int16], dict[str, npt.NDArray[np.bool_]]]:
    """HU (k, j, i) and the two balls' masks."""
    rng = np.random.default_rng(seed)
    k, j, i = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    body = ((j - 24) / 20) ** 2 + ((i - 28) / 25) ** 2 < 1
    hu = np.where(body, rng.normal(0, 10, SHAPE), -1000)
    masks = {}
    for name, column in zip(STRUCTURES, (16, 40), strict=True):
        centre = np.array([20, 24, column]) + rng.integers(-3, 4, 3)
        ball = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 < 36
        hu = np.where(ball, 250 if name == "Ball_R" else 150, hu)
        masks[name] = ball
    return hu.astype(np.int16), masks


def toy_manifest(
    folder: Path, splits: tuple[Split, ...], known: tuple[str, ...] = STRUCTURES
) -> DatasetManifest:
    """Cases written as NIfTI below `folder`."""
    cases = []
    for seed, split in enumerate(splits):
        hu, masks = toy_case(seed)
        field = sum((masks[name].astype(np.uint8) << bit for bit, name in enumerate(STRUCTURES)), np.uint8(0))
        write_nifti(folder / f"{seed}.nii.gz", hu, toy_grid())
        write_nifti(folder / f"{seed}_labels.nii.gz", np.asarray(field, dtype=np.uint8), toy_grid())
        bits = {name: bit for bit, name in enumerate(STRUCTURES) if name in known}
        cases.append(Case(f"c{seed}", f"p{seed}", split, f"{seed}.nii.gz", f"{seed}_labels.nii.gz", bits))
    return DatasetManifest(STRUCTURES, tuple(cases), folder)
