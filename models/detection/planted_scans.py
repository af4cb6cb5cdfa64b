"""Scans to measure the detector on: patients' CTs on their own grid, two thirds with planted lesions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.evaluation import read_case
from models.synthesis.bone_lesions import plant, vertebrae
from models.training.spine_lessons import CORD
from rt.geometry import Grid
from rt.manifest import Case, DatasetManifest

COUNTS = (0, 1, 2, 3)
SHARES = (1 / 3, 2 / 9, 2 / 9, 2 / 9)


@dataclass(frozen=True)
class PlantedScan:
    """One scan and where its lesions are."""

    id: str
    image_kji: npt.NDArray[np.int16]
    lesions_kji: npt.NDArray[np.bool_]
    grid: Grid


def planted_scans(manifest: DatasetManifest, cases: Iterable[Case], seed: int) -> Iterator[PlantedScan]:
    """The cases in which the cord is known, lesions by `seed` and the case's name; the same each time."""
    for case in cases:
        if CORD in case.bits:
            image, grid, masks = read_case(manifest, case)
            rng = np.random.default_rng([seed, *case.id.encode()])
            yield _planted(case.id, image, masks[CORD], grid, rng)


def _planted(
    name: str,
    image: npt.NDArray[Any],
    cord: npt.NDArray[np.bool_],
    grid: Grid,
    rng: np.random.Generator,
) -> PlantedScan:
    hu = torch.from_numpy(image.astype(np.float32))
    spacing = grid.spacing_ijk_mm[::-1]
    bone = vertebrae(hu, torch.from_numpy(cord), spacing)
    count = int(rng.choice(COUNTS, p=SHARES))
    drawn, lesions = plant(hu, bone, spacing, count, rng)
    return PlantedScan(name, np.rint(drawn.numpy()).astype(np.int16), lesions.numpy(), grid)
