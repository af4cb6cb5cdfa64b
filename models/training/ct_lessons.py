"""Lessons from CTs that people contoured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from models.data import Sample
from models.preprocessing import CtWindow
from models.training.lessons import Batch, See
from models.training.sides import side_swaps
from models.transforms import Augmentation, Scan, draw_patch
from rt.errors import RtError
from rt.metrics import dice

UNCORRECTED_SHARE = 0.25
"""Of the patches, from scans that nobody corrected, where there are any."""


class NothingToLearn(RtError):
    """Scans that do not teach what they should."""

    slug = "nothing-to-learn"


@dataclass
class CtLessons:
    """Patches of `train`, bent and disturbed; watched on the first `watch` of `validation`.

    Of `uncorrected` nothing is known: their patches only rehearse what the starting network saw in them.
    """

    structures: tuple[str, ...]
    train: list[Sample]
    validation: list[Sample]
    window: CtWindow
    patch: int
    augmentation: Augmentation = field(default_factory=Augmentation)
    watch: int = 6
    uncorrected: list[Sample] = field(default_factory=list)
    _scans: list[Scan] = field(default_factory=list)
    _taught: int = 0
    """So many of them, the first, have contours."""

    def settle(self, device: torch.device) -> None:
        """Copy the scans to the device: 202 head-and-neck scans are half a gigabyte.

        Scans to train without any contour teach nothing and are left out; NothingToLearn when no other is
        there.
        """
        taught = [sample for sample in self.train if sample.known.any()]
        if not taught:
            raise NothingToLearn(f"none of {len(self.train)} training scans has a contour")
        self._taught = len(taught)
        self._scans = [Scan.of(sample, device) for sample in (*taught, *self.uncorrected)]

    def require_all(self) -> None:
        """NothingToLearn names the structures that nobody contoured, which no network learns from nothing."""
        taught = sum((sample.known for sample in self.train), np.zeros(len(self.structures), dtype=bool))
        missing = [name for name, known in zip(self.structures, taught, strict=True) if not known]
        if missing:
            raise NothingToLearn(f"no training scan has a contour of {', '.join(missing)}")

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Patches of scans drawn at random."""
        chosen = [self._scans[self._draw(rng)] for _ in range(count)]
        swaps = side_swaps(self.structures)
        patches = [draw_patch(scan, self.patch, rng, self.augmentation, swaps) for scan in chosen]
        image = self.window.scale(torch.stack([p.hu for p in patches]))[:, None]
        packed = torch.stack([p.labels for p in patches])
        known = torch.stack([scan.known for scan in chosen])
        bits = torch.arange(known.shape[1], device=packed.device, dtype=torch.uint8)
        return Batch(image, (packed[:, None] >> bits[None, :, None, None, None]) & 1, known)

    def _draw(self, rng: np.random.Generator) -> int:
        if self.uncorrected and rng.random() < UNCORRECTED_SHARE:
            return self._taught + int(rng.integers(len(self.uncorrected)))
        return int(rng.integers(self._taught))

    def examine(self, see: See) -> dict[str, float]:
        """Mean Dice of each structure over the scans in which it is known."""
        scores: dict[str, list[float]] = {name: [] for name in self.structures}
        for sample in self.validation[: self.watch]:
            probability = see(self.window(sample.hu.astype(np.float32)))
            for index, name in enumerate(self.structures):
                if sample.known[index]:
                    truth = (sample.labels >> index & 1).astype(bool)
                    scores[name].append(dice(probability[index] > 0.5, truth))
        return {name: float(np.mean(values)) for name, values in scores.items() if values}
