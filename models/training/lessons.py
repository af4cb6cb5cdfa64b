"""What a training learns from: patches with their truth, and pictures on which it is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

See = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float16]]
"""An image (k, j, i) in the network's range to probabilities (structures, k, j, i)."""


@dataclass(frozen=True)
class Batch:
    """Patches of one iteration, on the device that trains."""

    image: torch.Tensor
    """(batch, 1, k, j, i) float32 in the network's range."""
    target: torch.Tensor
    """(batch, structures, k, j, i), 0 or 1."""
    known: torch.Tensor
    """(batch, structures) bool: what was contoured in the patient."""


class Lessons(Protocol):
    """A source of patches; chance comes from the generators given, so that a resumed run sees the same."""

    @property
    def structures(self) -> tuple[str, ...]:
        """The network's outputs, in order."""

    def settle(self, device: torch.device) -> None:
        """Put the voxels where the training is."""

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """`count` patches; noise of voxels comes from torch's generator, the rest from `rng`."""

    def examine(self, see: See) -> dict[str, float]:
        """Mean hard Dice per structure on the pictures that are watched; empty when there are none."""
