"""Several networks read the same picture, each drawing structures of its own.

What is easy and what is rare learn best apart (a tumour is not in every head); to its users the whole is one
network: one file of weights, one manifest.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class SideBySide(nn.Module):
    """The members' logits one after the other; input as each member's."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (batch, the sum of the members' structures, k, j, i)."""
        return torch.cat([member(image) for member in self.members], dim=1)
