"""Lessons from pictures of heads that are drawn anew for every iteration."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from models.datasets.head_labels import STRUCTURES, HeadMap
from models.synthesis.heads import HeadPicture, HeadRanges, HeadScan, HeadView, draw_head
from models.training.lessons import Batch, See
from rt.metrics import dice

WATCHED_KINDS = ("t1-enhanced", "any")
"""Of each head that is watched one picture of each kind, the same in every examination."""
WHOLE_HEAD_MM = 256


@dataclass
class HeadLessons:
    """Patches drawn from the maps of `train`; watched on whole pictures of those of `validation`."""

    train: list[HeadMap]
    validation: list[HeadMap]
    spacing_mm: int
    patch: int
    structures: tuple[str, ...] = STRUCTURES
    ranges: HeadRanges = field(default_factory=HeadRanges)
    kind: str | None = None
    """Contrast of all patches, of `contrasts.KINDS`; any if none is given."""
    watched: tuple[str, ...] = WATCHED_KINDS
    around: tuple[str, ...] = ()
    """Structures that the patches are centred on; none: any."""
    watched_mm: int = WHOLE_HEAD_MM
    """Side of the pictures that are watched."""
    _scans: list[HeadScan] = field(default_factory=list)

    def settle(self, device: torch.device) -> None:
        """Copy the maps to the device: thirteen are 200 megabytes."""
        self._scans = [HeadScan.of(head, device) for head in self.train]

    def target(self, picture: HeadPicture) -> torch.Tensor:
        """What is asked for of a picture: (structures, k, j, i) uint8."""
        return picture.target[[STRUCTURES.index(name) for name in self.structures]]

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Pictures of heads drawn at random."""
        view = HeadView(self.patch, self.spacing_mm, kind=self.kind, around=self.around)
        chosen = [self._scans[n] for n in rng.integers(len(self._scans), size=count)]
        pictures = [draw_head(scan, view, rng, self.ranges) for scan in chosen]
        return Batch(
            torch.stack([p.image for p in pictures])[:, None],
            torch.stack([self.target(p) for p in pictures]),
            torch.ones((count, len(self.structures)), dtype=torch.bool, device=pictures[0].image.device),
        )

    def examine(self, see: See) -> dict[str, float]:
        """Mean Dice over the same whole pictures each time."""
        scores: dict[str, list[float]] = {name: [] for name in self.structures}
        for number, head in enumerate(self.validation):
            scan = HeadScan.of(head, torch.device("cpu"))
            for turn, kind in enumerate(self.watched):
                rng = np.random.default_rng([number, turn])
                torch.manual_seed(number * len(self.watched) + turn)
                size = self.watched_mm // self.spacing_mm
                view = HeadView(size, self.spacing_mm, whole=True, kind=kind, around=self.around)
                picture = draw_head(scan, view, rng, self.ranges)
                probability, truths = see(picture.image.numpy()), self.target(picture).numpy().astype(bool)
                for index, name in enumerate(self.structures):
                    if truths[index].any():
                        scores[name].append(dice(probability[index] > 0.5, truths[index]))
        return {name: float(np.mean(values)) for name, values in scores.items() if values}
