"""Lessons in finding tumours: heads after contrast medium, most with lesions that were put in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from models.datasets.head_labels import HeadMap
from models.synthesis.heads import HeadPicture, HeadRanges, HeadScan, HeadView, draw_head
from models.training.lessons import Batch, See
from rt.metrics import dice

LESIONS = ("GTV",)
KIND = "t1-enhanced"
"""Without contrast medium there is little to see: the network is for enhanced T1."""
WHOLE_HEAD_MM = 256
WATCHED_TURNS = 2


@dataclass
class LesionLessons:
    """Patches drawn from the maps of `train`; watched on whole pictures of those of `validation`."""

    train: list[HeadMap]
    validation: list[HeadMap]
    spacing_mm: int
    patch: int
    structures: tuple[str, ...] = LESIONS
    ranges: HeadRanges = field(default_factory=lambda: HeadRanges(lesion_probability=0.75))
    _scans: list[HeadScan] = field(default_factory=list)

    def settle(self, device: torch.device) -> None:
        """Copy the maps to the device."""
        self._scans = [HeadScan.of(head, device) for head in self.train]

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Pictures of heads drawn at random."""
        view = HeadView(self.patch, self.spacing_mm, kind=KIND)
        chosen = [self._scans[n] for n in rng.integers(len(self._scans), size=count)]
        pictures = [draw_head(scan, view, rng, self.ranges) for scan in chosen]
        return Batch(
            torch.stack([p.image for p in pictures])[:, None],
            torch.stack([p.lesions for p in pictures])[:, None].to(torch.uint8),
            torch.ones((count, 1), dtype=torch.bool, device=pictures[0].image.device),
        )

    def examine(self, see: See) -> dict[str, float]:
        """Mean Dice of all lesions of a head together, over the same whole pictures each time."""
        scores = [
            dice(see(picture.image.numpy())[0] > 0.5, truth)
            for picture, truth in self._watched()
            if truth.any()
        ]
        return {LESIONS[0]: float(np.mean(scores))} if scores else {}

    def _watched(self) -> list[tuple[HeadPicture, npt.NDArray[np.bool_]]]:
        pictures = []
        for number, head in enumerate(self.validation):
            scan = HeadScan.of(head, torch.device("cpu"))
            for turn in range(WATCHED_TURNS):
                torch.manual_seed(number * WATCHED_TURNS + turn)
                view = HeadView(WHOLE_HEAD_MM // self.spacing_mm, self.spacing_mm, whole=True, kind=KIND)
                picture = draw_head(scan, view, np.random.default_rng([number, turn]), self.ranges)
                pictures.append((picture, picture.lesions.numpy()))
        return pictures
