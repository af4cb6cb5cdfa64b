"""Whole scans drawn from the head maps that validate: hard on purpose, and always the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from models.datasets.head_labels import STRUCTURES, HeadMap
from models.inference.anatomy import complete_head
from models.synthesis.heads import HeadRanges, HeadScan, HeadView, draw_head
from rt.geometry import Grid

SIDE_MM = 256
SCANS = (("t1-enhanced", 1), ("t1-enhanced", 3), ("t1", 2), ("any", 5), ("t2", 7))
"""Contrast and slice thickness (mm) of the scans of one head."""
PLACED = ("Lens_R", "Lens_L", "Pituitary")
"""Placed by rule in the maps too: agreement would say nothing."""


@dataclass(frozen=True)
class Picture:
    """A drawn scan with its truth."""

    id: str
    kind: str
    slice_mm: int
    image_kji: npt.NDArray[np.float32]
    grid: Grid
    masks: dict[str, npt.NDArray[np.bool_]]


def draw_scans(heads: list[HeadMap]) -> Iterator[Picture]:
    """Each head in each of SCANS: transverse slices of 1 mm pixels, bent and disturbed as in training."""
    for number, head in enumerate(heads):
        scan = HeadScan.of(head, torch.device("cpu"))
        for turn, (kind, thickness) in enumerate(SCANS):
            torch.manual_seed(1000 * number + turn)
            rng = np.random.default_rng([9, number, turn])
            yield _draw(head.id, scan, (kind, thickness), rng)


def _draw(name: str, scan: HeadScan, wanted: tuple[str, int], rng: np.random.Generator) -> Picture:
    kind, thickness = wanted
    ranges = replace(HeadRanges(), slice_mm=1.0, cut_probability=0.0)
    picture = draw_head(scan, HeadView(SIDE_MM, 1, whole=True, kind=kind), rng, ranges)
    count = SIDE_MM // thickness
    shape = (count, thickness, SIDE_MM, SIDE_MM)
    image = (picture.image.numpy()[: count * thickness] + 1).reshape(shape).mean(axis=1)
    truth = (
        picture.target.numpy()[:, : count * thickness].reshape(len(STRUCTURES), *shape).mean(axis=2) >= 0.5
    )
    grid = Grid.of(image.shape, [1.0, 1.0, float(thickness)], [0.0, 0.0, 0.0], np.eye(3))
    masks = complete_head(dict(zip(STRUCTURES, truth, strict=True)), grid)
    kept = {key: mask for key, mask in masks.items() if key not in PLACED}
    return Picture(f"{name} {kind} {thickness} mm", kind, thickness, image, grid, kept)
