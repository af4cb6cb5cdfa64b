"""A small residual 3D network that reads one number from a crop: what will become of the patient.

Input (batch, channels, k, j, i), the last channel the region, and a vector (batch, variables) of what is
known beside the image; output (batch,), a logit or a log hazard.  Batch norm, not instance norm: how bright,
how large and how high a dose is may be what matters, and instance norm divides it away.  No ReLU is in place,
so that the maps of `encode` can be differentiated for (Grad-CAM).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


class OutcomeNet3D(nn.Module):
    """`len(channels)` levels, each at half the resolution of the one before."""

    def __init__(self, inputs: int, variables: int, channels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(inputs, channels[0], 3, padding=1, stride=2, bias=False),
            nn.BatchNorm3d(channels[0]),
            nn.ReLU(),
        )
        self.levels = nn.Sequential(_Residual(channels[0]), *(_Down(a, b) for a, b in pairwise(channels)))
        self.decision = Decision(2 * channels[-1], variables, dropout)

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Feature maps (batch, channels, k, j, i) at the last level."""
        maps: torch.Tensor = self.levels(self.stem(image))
        return maps

    def describe(self, maps: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """The picture as a vector (batch, 2 · channels): means of its maps, everywhere and in the region."""
        region = nn.functional.adaptive_avg_pool3d(
            image[:, -1:], (maps.shape[2], maps.shape[3], maps.shape[4])
        ).clamp_min(0)
        within = (maps * region).sum((2, 3, 4)) / region.sum((2, 3, 4)).clamp_min(1e-3)
        return torch.cat([maps.mean((2, 3, 4)), within], dim=1)

    def forward(self, image: torch.Tensor, variables: torch.Tensor) -> torch.Tensor:
        """One logit (batch,) a patient."""
        logit: torch.Tensor = self.decision(self.describe(self.encode(image), image), variables)
        return logit


class Decision(nn.Module):
    """From a picture's vector and the patient's variables to one number."""

    def __init__(self, features: int, variables: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.weigh = nn.Linear(features + variables, 1)

    def forward(self, features: torch.Tensor, variables: torch.Tensor) -> torch.Tensor:
        """(batch,) from (batch, features) and (batch, variables)."""
        logit: torch.Tensor = self.weigh(torch.cat([self.dropout(features), variables], dim=1))[:, 0]
        return logit


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv3d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm3d(channels), nn.ReLU(),
            nn.Conv3d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm3d(channels),
        )  # fmt: skip

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(maps + self.body(maps))


class _Down(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv3d(inputs, outputs, 2, stride=2, bias=False), nn.BatchNorm3d(outputs), nn.ReLU(),
            _Residual(outputs),
        )  # fmt: skip
