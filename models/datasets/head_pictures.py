"""Whole scans drawn from the head maps that validate: hard on purpose, and always the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from models.datasets.head_labels import STRUCTURES, HeadMap
from models.inference.anatomy import complete_head
from models.synthesis.heads import HeadRanges, HeadScan, HeadView, draw_head
from rt.completion import HEAD, made_by_rule
from rt.geometry import Grid

SIDE_MM = 256
SCANS = (("t1-enhanced", 1), ("t1-enhanced", 3), ("t1", 2), ("any", 5), ("t2", 7))
"""Contrast and slice thickness (mm) of the scans of one head."""
EASY_SCANS = (("t1-enhanced", 1), ("t1", 1))
"""Contrast and slice thickness (mm) of scans in which the nerves can be seen."""
LESION_SCANS = (
    ("t1-enhanced", 1, 1.0),
    ("t1-enhanced", 3, 1.0),
    ("t1-enhanced", 5, 1.0),
    ("t1-enhanced", 1, 0.0),
)
"""Contrast, slice thickness (mm) and share with lesions of the scans that tumours are looked for in."""

_Wanted = tuple[str, int, HeadRanges]
_PLAIN = replace(HeadRanges(), slice_mm=1.0, cut_probability=0.0)


@dataclass(frozen=True)
class Picture:
    """A drawn scan with its truth."""

    id: str
    kind: str
    slice_mm: int
    image_kji: npt.NDArray[np.float32]
    grid: Grid
    masks: dict[str, npt.NDArray[np.bool_]]
    lesions: npt.NDArray[np.bool_]
    """(k, j, i): the tumours that were put in."""


def draw_scans(heads: list[HeadMap]) -> Iterator[Picture]:
    """Each head in each of SCANS: transverse slices of 1 mm pixels, bent and disturbed as in training."""
    return _draw_all(heads, ((kind, mm, _PLAIN) for kind, mm in SCANS), 9)


def draw_easy_scans(heads: list[HeadMap]) -> Iterator[Picture]:
    """Each head in each of EASY_SCANS: whole, without lesions, its orbits full of fat as in life."""
    ranges = replace(_PLAIN, lesion_probability=0.0, strip_probability=0.0, orbit_probability=1.0)
    return _draw_all(heads, ((kind, mm, ranges) for kind, mm in EASY_SCANS), 11)


def draw_lesion_scans(heads: list[HeadMap]) -> Iterator[Picture]:
    """Each head in each of LESION_SCANS, drawn likewise."""
    wanted = ((kind, mm, replace(_PLAIN, lesion_probability=share)) for kind, mm, share in LESION_SCANS)
    return _draw_all(heads, wanted, 10)


def _draw_all(heads: list[HeadMap], scans: Iterable[_Wanted], seed: int) -> Iterator[Picture]:
    wanted = list(scans)
    for number, head in enumerate(heads):
        scan = HeadScan.of(head, torch.device("cpu"))
        for turn, one in enumerate(wanted):
            torch.manual_seed(1000 * number + turn)
            yield _draw(head.id, scan, one, np.random.default_rng([seed, number, turn]))


def _draw(name: str, scan: HeadScan, wanted: _Wanted, rng: np.random.Generator) -> Picture:
    kind, thickness, ranges = wanted
    picture = draw_head(scan, HeadView(SIDE_MM, 1, whole=True, kind=kind), rng, ranges)
    image = _slices(picture.image[None] + 1, thickness)[0]
    truth, tumours = (
        _slices(picture.target, thickness) >= 0.5,
        _slices(picture.lesions[None], thickness)[0] >= 0.5,
    )
    grid = Grid.of(image.shape, [1.0, 1.0, float(thickness)], [0.0, 0.0, 0.0], np.eye(3))
    masks = complete_head(dict(zip(STRUCTURES, truth, strict=True)), grid)
    rules = made_by_rule(STRUCTURES, HEAD)  # what is placed by rule in the map too agrees and says nothing
    kept = {key: mask for key, mask in masks.items() if rules.get(key) != "placed"}
    return Picture(f"{name} {kind} {thickness} mm", kind, thickness, image, grid, kept, tumours)


def _slices(volumes: torch.Tensor, thickness: int) -> npt.NDArray[np.float32]:
    """(n, k, j, i) as the means of `thickness` slices at a time; what remains at the top is left out."""
    count, slices, *plane = volumes.shape
    whole = slices // thickness
    cut = volumes.numpy()[:, : whole * thickness].reshape(count, whole, thickness, *plane)
    mean: npt.NDArray[np.float32] = cut.mean(axis=2, dtype=np.float32)
    return mean
