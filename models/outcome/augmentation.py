"""Crops as they might have come: shifted, turned, mirrored where sides do not matter, brighter or darker."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from models.outcome.config import Augmentation


def augmented(
    crops: torch.Tensor, how: Augmentation, spacing_mm: float, chance: torch.Generator
) -> torch.Tensor:
    """A changed copy of crops (batch, channels, k, j, i), each by a chance of its own.

    All channels move together; only the image (the first) changes in brightness and contrast.
    """
    count, size = crops.shape[0], crops.shape[-1]
    moves = _transforms(count, how, 2 * how.shift_mm / (spacing_mm * size), chance).to(crops.device)
    grid = functional.affine_grid(moves, list(crops.shape), align_corners=False)
    moved = functional.grid_sample(crops, grid, padding_mode="border", align_corners=False)
    spread = torch.tensor([how.contrast, how.brightness])
    factor, shift = (torch.randn(count, 2, generator=chance) * spread).to(crops.device).T
    image = moved[:, :1] * (1 + factor).view(-1, 1, 1, 1, 1) + shift.view(-1, 1, 1, 1, 1)
    return torch.cat([image, moved[:, 1:]], dim=1)


def _transforms(count: int, how: Augmentation, reach: float, chance: torch.Generator) -> torch.Tensor:
    """(count, 3, 4) from places in the new crop to places in the old one, in the order i, j, k."""
    moves = torch.zeros(count, 3, 4)
    drawn = torch.rand(count, 5, generator=chance) * 2 - 1
    angle = drawn[:, 0] * math.radians(how.rotation_deg)
    side = torch.where(drawn[:, 1] < 0, -1.0, 1.0) if how.flip else torch.ones(count)
    moves[:, 0, 0], moves[:, 0, 1] = torch.cos(angle) * side, -torch.sin(angle)
    moves[:, 1, 0], moves[:, 1, 1] = torch.sin(angle) * side, torch.cos(angle)
    moves[:, 2, 2] = 1.0
    moves[:, :, 3] = drawn[:, 2:] * reach
    return moves
