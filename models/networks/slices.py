"""A volume read slice by slice: each slice with its neighbours as the channels of one picture."""

from __future__ import annotations

import torch
from torch import nn


class SliceStack(nn.Module):
    """Wraps a planar network, so that it reads and writes volumes like every other network.

    The planar one takes (n, slices, j, i), a slice in the middle of its neighbours, and gives the middle
    one's logits (n, structures, j, i).  Beyond the first and last slice of a window they are repeated.
    """

    def __init__(self, planar: nn.Module, slices: int) -> None:
        super().__init__()
        if slices < 1 or slices % 2 == 0:
            raise ValueError(f"an odd number of input slices is needed, not {slices}")
        self.planar = planar
        self.slices = slices

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (batch, structures, k, j, i) of an image (batch, 1, k, j, i)."""
        batch, _, k, j, i = image.shape
        logits: torch.Tensor = self.planar(_neighbourhoods(image, self.slices))
        return logits.reshape(batch, k, -1, j, i).permute(0, 2, 1, 3, 4)


def _neighbourhoods(image: torch.Tensor, slices: int) -> torch.Tensor:
    """(batch, 1, k, j, i) to (batch · k, slices, j, i)."""
    reach = slices // 2
    padded = nn.functional.pad(image, (0, 0, 0, 0, reach, reach), mode="replicate")
    stacks = padded[:, 0].unfold(1, slices, 1).permute(0, 1, 4, 2, 3)
    return stacks.flatten(0, 1)
