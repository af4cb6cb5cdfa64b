"""Several networks read the same picture; their logits are averaged.

Members that err differently correct each other.  To its users an ensemble is one network: one file of
weights, fine-tuned as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class Ensemble(nn.Module):
    """The mean of the members' logits; input and output as each member's."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (batch, structures, k, j, i)."""
        return torch.stack([member(image) for member in self.members]).mean(0)
