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
from rt.metrics import dice


@dataclass
class CtLessons:
    """Patches of `train`, bent and disturbed; watched on the first `watch` of `validation`."""

    structures: tuple[str, ...]
    train: list[Sample]
    validation: list[Sample]
    window: CtWindow
    patch: int
    augmentation: Augmentation = field(default_factory=Augmentation)
    watch: int = 6
    _scans: list[Scan] = field(default_factory=list)

    def settle(self, device: torch.device) -> None:
        """Copy the scans to the device: 202 head-and-neck scans are half a gigabyte."""
        self._scans = [Scan.of(sample, device) for sample in self.train]

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Patches of scans drawn at random."""
        chosen = [self._scans[n] for n in rng.integers(len(self._scans), size=count)]
        swaps = side_swaps(self.structures)
        patches = [draw_patch(scan, self.patch, rng, self.augmentation, swaps) for scan in chosen]
        image = self.window.scale(torch.stack([p.hu for p in patches]))[:, None]
        packed = torch.stack([p.labels for p in patches])
        known = torch.stack([scan.known for scan in chosen])
        bits = torch.arange(known.shape[1], device=packed.device, dtype=torch.uint8)
        return Batch(image, (packed[:, None] >> bits[None, :, None, None, None]) & 1, known)

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
