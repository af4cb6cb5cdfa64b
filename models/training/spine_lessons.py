"""Lessons in finding metastases of the spine: real CTs of the neck with lesions that were put into them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from models.data import Sample
from models.preprocessing import CtWindow
from models.synthesis.bone_lesions import plant, vertebrae
from models.training.lessons import Batch, See
from models.transforms import Augmentation, Scan, draw_patch
from rt.metrics import dice

LESION = "GTV"
CORD = "SpinalCord"
BONE_WINDOW = CtWindow(-200.0, 1200.0)
HEALTHY_SHARE = 0.3
"""Of the patches, without any lesion."""
MOST = 3
"""Lesions in a patch."""
SLAB = 6
"""Slices of a patch that are taught: more patients an iteration are worth more than whole volumes of few."""


@dataclass
class SpineLessons:
    """Slabs around the cord, most with lesions; watched on the first `watch` scans of `validation`."""

    labelled: tuple[str, ...]
    """What the bits of the samples' labels mean; the cord among them."""
    train: list[Sample]
    validation: list[Sample]
    spacing_mm: float
    patch: int
    structures: tuple[str, ...] = (LESION,)
    augmentation: Augmentation = field(default_factory=Augmentation)
    watch: int = 6
    _scans: list[Scan] = field(default_factory=list)

    def settle(self, device: torch.device) -> None:
        """Copy the scans in which the cord is known to the device."""
        bit = self.labelled.index(CORD)
        known = [sample for sample in self.train if sample.known[bit]]
        place = [sum(1 for n in range(bit) if (sample.labels >> n & 1).any()) for sample in known]
        self._scans = [
            replace(Scan.of(sample, device), points=(sample.points[n],))
            for sample, n in zip(known, place, strict=True)
        ]

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """Patches of scans drawn at random."""
        chosen = [self._scans[n] for n in rng.integers(len(self._scans), size=count)]
        drawn = [self._lesson(scan, rng) for scan in chosen]
        image = BONE_WINDOW.scale(torch.stack([hu for hu, _ in drawn]))[:, None]
        target = torch.stack([lesions for _, lesions in drawn])[:, None].to(torch.uint8)
        return Batch(image, target, torch.ones((count, 1), dtype=torch.bool, device=image.device))

    def _lesson(self, scan: Scan, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        patch = draw_patch(scan, self.patch, rng, self.augmentation, [])
        count = 0 if rng.random() < HEALTHY_SHARE else int(rng.integers(1, MOST + 1))
        hu, lesions = self._planted(patch.hu, patch.labels, count, rng)
        shown = torch.nonzero(lesions.flatten(1).any(1))[:, 0].tolist() or range(self.patch)
        first = int(rng.choice(shown)) - int(rng.integers(SLAB))
        slab = slice(max(0, min(first, self.patch - SLAB)), None)
        return hu[slab][:SLAB], lesions[slab][:SLAB]

    def _planted(
        self, hu: torch.Tensor, labels: torch.Tensor, count: int, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        cord = (labels >> self.labelled.index(CORD) & 1).bool()
        spacing = (self.spacing_mm,) * 3
        return plant(hu, vertebrae(hu, cord, spacing), spacing, count, rng)

    def examine(self, see: See) -> dict[str, float]:
        """Mean Dice over the same scans with the same lesions each time."""
        scores = []
        for number, sample in enumerate(self.validation[: self.watch]):
            rng = np.random.default_rng(number)
            hu = torch.from_numpy(sample.hu.astype(np.float32))
            planted, lesions = self._planted(hu, torch.from_numpy(sample.labels), MOST, rng)
            if lesions.any():
                probability = see(BONE_WINDOW.scale(planted).numpy())
                scores.append(dice(probability[0] > 0.5, lesions.numpy()))
        return {LESION: float(np.mean(scores))} if scores else {}
