"""Tells contours that people drew from a network's, patch by patch, seeing the image with them.

After Isola et al., CVPR 2017 (a discriminator of patches) and Luc et al. 2016 (adversarial segmentation).  It
only helps to train: no version holds one.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn


class PatchDiscriminator(nn.Module):
    """Strided convolutions in three dimensions, or slice by slice in two; one verdict for each patch."""

    def __init__(self, structures: int, channels: tuple[int, ...], planar: bool) -> None:
        super().__init__()
        self.planar = planar
        convolution: type[nn.Conv2d] | type[nn.Conv3d] = nn.Conv2d if planar else nn.Conv3d
        norm = nn.InstanceNorm2d if planar else nn.InstanceNorm3d
        layers: list[nn.Module] = [convolution(1 + structures, channels[0], 4, stride=2, padding=1)]
        for a, b in pairwise(channels):
            layers += [
                nn.LeakyReLU(0.2),
                convolution(a, b, 4, stride=2, padding=1, bias=False),
                norm(b, affine=True),
            ]
        layers += [nn.LeakyReLU(0.2), convolution(channels[-1], 1, 3, padding=1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Near 1 where `masks` (batch, structures, k, j, i) look drawn by a person, else near 0."""
        seen = torch.cat([image, masks], dim=1)
        if self.planar:
            seen = seen.transpose(1, 2).flatten(0, 1)
        verdict: torch.Tensor = self.layers(seen)
        return verdict
