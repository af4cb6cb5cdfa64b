"""DeepLabV3+ over several neighbouring slices: residual encoder, atrous pyramid, decoder with fine features.

After Chen et al., ECCV 2018 (doi:10.1007/978-3-030-01234-2_49), made small: the encoder is trained from
nothing (no ImageNet weights are shipped), works at an eighth of the picture (its last stage dilated instead
of strided), norms are per instance, and the decoder's fine features are at half of the resolution, because
the pictures are patches of 64 voxels and not photographs.  Interface as `UNet3D`; j and i are multiples of 8.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from models.networks.slices import SliceStack
from models.networks.unet25d import planar_block

Stages = Sequence[Sequence[int]]
STAGES: Stages = ((1, 1), (2, 1), (2, 1), (1, 2))
"""Stride and dilation of the encoder's residual stages, after a stem of stride 2."""


class DeepLabV3Plus(SliceStack):
    """`channels` of the encoder's four stages, atrous `rates` of the pyramid, `slices` an odd number.

    `stages` are (stride, dilation) of each; with fewer strides smaller things are seen, and more is computed.
    """

    def __init__(
        self,
        structures: int,
        channels: tuple[int, ...] = (32, 64, 96, 128),
        rates: tuple[int, ...] = (1, 2, 4),
        slices: int = 5,
        stages: Stages = STAGES,
    ) -> None:
        super().__init__(_DeepLab((slices, structures), channels, rates, stages), slices)


class _DeepLab(nn.Module):
    def __init__(
        self, ends: tuple[int, int], channels: tuple[int, ...], rates: tuple[int, ...], stages: Stages
    ) -> None:
        super().__init__()
        inputs, structures = ends
        fine, deep = channels[0], channels[-1] // 2
        self.stem = planar_block(inputs, fine, stride=2)
        before = (fine, *channels)
        self.stages = nn.ModuleList(
            _Residual(a, b, stride, dilation)
            for a, b, (stride, dilation) in zip(before, channels, stages, strict=False)
        )
        self.pyramid = _Pyramid(channels[-1], deep, rates)
        self.fine = nn.Conv2d(fine, fine // 2, 1)
        self.decoder = nn.Sequential(planar_block(deep + fine // 2, deep), planar_block(deep, deep))
        self.head = nn.Conv2d(deep, structures, 1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        fine = deep = self.stages[0](self.stem(image))
        for stage in self.stages[1:]:
            deep = stage(deep)
        deep = _resized(self.pyramid(deep), fine)
        decoded = self.decoder(torch.cat([deep, self.fine(fine)], dim=1))
        return _resized(self.head(decoded), image)


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.first = planar_block(inputs, outputs, stride, dilation)
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, padding=dilation, dilation=dilation, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
        )
        self.way = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return nn.functional.leaky_relu(self.second(self.first(features)) + self.way(features), 0.01)


class _Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: a 1×1 convolution, one per rate, and the picture's mean."""

    def __init__(self, inputs: int, outputs: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.point = nn.Conv2d(inputs, outputs, 1)
        self.atrous = nn.ModuleList(planar_block(inputs, outputs, dilation=rate) for rate in rates)
        self.whole = nn.Conv2d(inputs, outputs, 1)
        self.join = nn.Conv2d((2 + len(rates)) * outputs, outputs, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        whole = self.whole(features.mean((2, 3), keepdim=True)).expand(-1, -1, *features.shape[2:])
        seen = [self.point(features), *(atrous(features) for atrous in self.atrous), whole]
        return nn.functional.leaky_relu(self.join(torch.cat(seen, dim=1)), 0.01)


def _resized(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(features, size=like.shape[2:], mode="bilinear")
