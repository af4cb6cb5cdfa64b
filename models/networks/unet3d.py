"""A plain 3D U-Net: strided-convolution encoder, instance norm, one convolution at full resolution.

Input (batch, 1, k, j, i), output logits (batch, structures, k, j, i), one sigmoid per structure, so that
structures may overlap and a structure unknown in a patient can be left out of the loss.  Every extent
is a multiple of 2 ** (levels - 1).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


class UNet3D(nn.Module):
    """U-Net with `len(channels)` levels and one output channel per structure."""

    def __init__(self, structures: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.stride = 2 ** (len(channels) - 1)
        self.stem = _block(1, channels[0])
        self.down = nn.ModuleList(
            nn.Sequential(_block(a, b, stride=2), _block(b, b)) for a, b in pairwise(channels)
        )
        self.reduce = nn.ModuleList(nn.Conv3d(b, a, 1) for a, b in reversed(list(pairwise(channels))))
        self.up = nn.ModuleList(_block(2 * a, a) for a in reversed(channels[:-1]))
        self.head = nn.Conv3d(channels[0], structures, 1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits of the same extent as the image."""
        features = [self.stem(image)]
        for down in self.down:
            features.append(down(features[-1]))
        deep = features.pop()
        for reduce, up in zip(self.reduce, self.up, strict=True):
            deep = nn.functional.interpolate(reduce(deep), scale_factor=2, mode="trilinear")
            deep = up(torch.cat([deep, features.pop()], dim=1))
        logits: torch.Tensor = self.head(deep)
        return logits


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.InstanceNorm3d(outputs, affine=True),
        nn.LeakyReLU(0.01, inplace=True),
    )
