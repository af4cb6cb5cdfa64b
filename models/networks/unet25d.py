"""A 2.5D U-Net: planar convolutions over several neighbouring slices, the middle one's logits out.

Interface as `UNet3D`; j and i are multiples of 2 ** (levels - 1), k is free.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from models.networks.slices import SliceStack


class UNet25D(SliceStack):
    """U-Net with `len(channels)` levels that sees `slices` slices, an odd number."""

    def __init__(self, structures: int, channels: tuple[int, ...], slices: int = 5) -> None:
        super().__init__(_UNet2D(slices, structures, channels), slices)


class _UNet2D(nn.Module):
    def __init__(self, inputs: int, structures: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = planar_block(inputs, channels[0])
        self.down = nn.ModuleList(
            nn.Sequential(planar_block(a, b, stride=2), planar_block(b, b)) for a, b in pairwise(channels)
        )
        self.reduce = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(list(pairwise(channels))))
        self.up = nn.ModuleList(planar_block(2 * a, a) for a in reversed(channels[:-1]))
        self.head = nn.Conv2d(channels[0], structures, 1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = [self.stem(image)]
        for down in self.down:
            features.append(down(features[-1]))
        deep = features.pop()
        for reduce, up in zip(self.reduce, self.up, strict=True):
            deep = nn.functional.interpolate(reduce(deep), scale_factor=2, mode="bilinear")
            deep = up(torch.cat([deep, features.pop()], dim=1))
        logits: torch.Tensor = self.head(deep)
        return logits


def planar_block(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution 3×3, instance norm, leaky rectifier; extents kept, or halved by a stride of 2."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation, bias=False),
        nn.InstanceNorm2d(outputs, affine=True),
        nn.LeakyReLU(0.01, inplace=True),
    )
