"""A 2D network that reads every slice of a crop alike, and attention that says how much each of them counts.

Input, output and norm are those of `outcome3d`; its maps keep one plane a slice, so that they lie on the
crop as those of the 3D network do.  It has a ninth of the weights of a 3D kernel twice over, which is what
speaks for it with few patients and thick slices.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from models.networks.outcome3d import Decision


class OutcomeNet2D(nn.Module):
    """`len(channels)` levels within the slice, then attention over slices."""

    def __init__(self, inputs: int, variables: int, channels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        steps = [_step(inputs, channels[0]), *(_step(a, b) for a, b in pairwise(channels))]
        self.levels = nn.Sequential(*steps)
        self.attention = nn.Sequential(nn.Linear(channels[-1], 16), nn.Tanh(), nn.Linear(16, 1))
        self.decision = Decision(2 * channels[-1], variables, dropout)

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Feature maps (batch, channels, k, j, i): all slices, coarser within them."""
        batch, _, slices = image.shape[:3]
        maps = self.levels(image.transpose(1, 2).flatten(0, 1))
        stacked: torch.Tensor = maps.unflatten(0, (batch, slices)).transpose(1, 2)
        return stacked

    def describe(self, maps: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """The picture as a vector (batch, 2 · channels): slices weighed by attention, and their mean."""
        slices = maps.mean((3, 4)).transpose(1, 2)
        weights = self.attention(slices).softmax(dim=1)
        return torch.cat([(slices * weights).sum(1), slices.mean(1)], dim=1)

    def forward(self, image: torch.Tensor, variables: torch.Tensor) -> torch.Tensor:
        """One logit (batch,) a patient."""
        logit: torch.Tensor = self.decision(self.describe(self.encode(image), image), variables)
        return logit


def _step(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, stride=2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip
