"""How far a patient is from those that a network learnt from, in the vector that it decides by.

The distance is the mean of those to the nearest training patients, each number of the vector scaled by its
spread among them.  It is told as a percentile among patients whom that network did not learn from: its own
training patients would lie nearer than any new one can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch

from models.training.moments import Tensors

NEAREST = 5


@dataclass(frozen=True)
class Reference:
    """The training patients of one network."""

    mean: torch.Tensor
    """(features,)."""
    spread: torch.Tensor
    """(features,)."""
    learnt: torch.Tensor
    """(n, features), scaled."""
    held: torch.Tensor
    """(m,) distances of patients it did not learn from, ascending."""

    def distances(self, vectors: torch.Tensor) -> torch.Tensor:
        """(n,) of vectors (n, features)."""
        apart = torch.cdist((vectors - self.mean) / self.spread, self.learnt)
        return apart.topk(min(NEAREST, apart.shape[1]), largest=False).values.mean(1)

    def percentile(self, vector: torch.Tensor) -> float:
        """Share of the patients held out who lie nearer."""
        return float((self.held < self.distances(vector[None])).float().mean())

    def tensors(self) -> Tensors:
        """What `of` reads back."""
        return {"mean": self.mean, "spread": self.spread, "learnt": self.learnt, "held": self.held}

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """The reference that `tensors` gave."""
        return cls(**tensors)


def learn_reference(learnt: torch.Tensor, held: torch.Tensor) -> Reference:
    """From vectors (n, features) of those learnt from and (m, features) of those held out."""
    mean, spread = learnt.mean(0), learnt.std(0).clamp_min(1e-6)
    first = Reference(mean, spread, (learnt - mean) / spread, torch.zeros(0))
    return Reference(mean, spread, first.learnt, first.distances(held).sort().values)
