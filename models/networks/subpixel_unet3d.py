"""A residual 3D U-Net that works at half the resolution it reads and writes.

Each 2×2×2 block of voxels is one position with eight input channels, and the head gives eight logits back
for each structure: no voxel is averaged away, and seven eighths of the work at full resolution, where a
plain U-Net spends three quarters of its time, are saved.  Training is 2.5 times as fast as `UNet3D` with
twice the parameters.  Interface as there; every extent is a multiple of 2 ** len(channels).
Source of the rearrangement: Shi et al., CVPR 2016 (sub-pixel convolution).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


class SubpixelUNet3D(nn.Module):
    """U-Net with `len(channels)` levels and `blocks[level]` residual blocks on the way down."""

    def __init__(self, structures: int, channels: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.structures = structures
        self.stem = nn.Sequential(_Convolution(8, channels[0]), *_residual(channels[0], blocks[0]))
        self.down = nn.ModuleList(
            nn.Sequential(_Convolution(a, b, stride=2), *_residual(b, count))
            for (a, b), count in zip(pairwise(channels), blocks[1:], strict=True)
        )
        self.reduce = nn.ModuleList(nn.Conv3d(b, a, 1) for a, b in reversed(list(pairwise(channels))))
        self.up = nn.ModuleList(_Convolution(2 * a, a) for a in reversed(channels[:-1]))
        self.head = nn.Conv3d(channels[0], 8 * structures, 3, padding=1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (batch, structures, k, j, i) of an image (batch, 1, k, j, i)."""
        features = [self.stem(_space_to_depth(image))]
        for down in self.down:
            features.append(down(features[-1]))
        deep = features.pop()
        for reduce, up in zip(self.reduce, self.up, strict=True):
            deep = nn.functional.interpolate(reduce(deep), scale_factor=2, mode="nearest")
            deep = up(torch.cat([deep, features.pop()], dim=1))
        return _depth_to_space(self.head(deep), self.structures)


class _Convolution(nn.Module):
    """Convolution, instance norm and, unless said otherwise, leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, rectify: bool = True) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.InstanceNorm3d(outputs, affine=True)
        self.rectify = rectify

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        normal: torch.Tensor = self.norm(self.convolution(features))
        return nn.functional.leaky_relu(normal, 0.01) if self.rectify else normal


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Convolution(channels, channels)
        self.second = _Convolution(channels, channels, rectify=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return nn.functional.leaky_relu(features + self.second(self.first(features)), 0.01)


def _residual(channels: int, count: int) -> list[nn.Module]:
    return [_Residual(channels) for _ in range(count)]


def _space_to_depth(image: torch.Tensor) -> torch.Tensor:
    """(batch, 1, 2k, 2j, 2i) to (batch, 8, k, j, i)."""
    batch, _, *extents = image.shape
    k, j, i = (extent // 2 for extent in extents)
    blocks = image.reshape(batch, k, 2, j, 2, i, 2).permute(0, 2, 4, 6, 1, 3, 5)
    made = blocks.reshape(batch, 8, k, j, i)
    if torch.onnx.is_in_onnx_export():  # ONNX knows no order in memory
        return made
    return made.contiguous(memory_format=torch.channels_last_3d)


def _depth_to_space(features: torch.Tensor, structures: int) -> torch.Tensor:
    """(batch, 8 · structures, k, j, i) to (batch, structures, 2k, 2j, 2i)."""
    batch, _, k, j, i = features.shape
    blocks = features.reshape(batch, structures, 2, 2, 2, k, j, i).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return blocks.reshape(batch, structures, 2 * k, 2 * j, 2 * i)
