"""The U-Nets of nnU-Net v2, plain and with a residual encoder, with the parameters' names of its checkpoints.

Written anew because their library (dynamic-network-architectures) pulls in another one for vision
transformers with its model hub; a test holds both against it.  Input (batch, 1, k, j, i), output logits
(batch, classes, k, j, i).  Source: Isensee et al., Nature Methods 2021, and arXiv 2404.09556 (residual).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Size = Sequence[int]


def _three(size: Size) -> tuple[int, int, int]:
    k, j, i = size
    return k, j, i


@dataclass(frozen=True)
class _Style:
    bias: bool
    norm: dict[str, Any]
    slope: float


class _Convolution(nn.Module):
    """Convolution, instance norm, leaky rectifier; its layers are named twice, as nnU-Net stores them."""

    def __init__(self, shape: tuple[int, int], kernel: Size, stride: Size, style: _Style, last: bool) -> None:
        super().__init__()
        padding = _three([(size - 1) // 2 for size in kernel])
        self.conv = nn.Conv3d(*shape, _three(kernel), _three(stride), padding, bias=style.bias)
        self.norm = nn.InstanceNorm3d(shape[1], **style.norm)
        layers: list[nn.Module] = [self.conv, self.norm]
        if not last:
            self.nonlin = nn.LeakyReLU(style.slope)
            layers.append(self.nonlin)
        self.all_modules = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.all_modules(features)
        return made


class _Stack(nn.Module):
    def __init__(self, count: int, shape: tuple[int, int], kernel: Size, stride: Size, style: _Style) -> None:
        super().__init__()
        first = _Convolution(shape, kernel, stride, style, last=False)
        more = [
            _Convolution((shape[1], shape[1]), kernel, (1, 1, 1), style, last=False) for _ in range(1, count)
        ]
        self.convs = nn.Sequential(first, *more)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.convs(features)
        return made


class _Block(nn.Module):
    """Two convolutions beside a shortcut that is averaged down and projected where the shape changes."""

    def __init__(self, shape: tuple[int, int], kernel: Size, stride: Size, style: _Style) -> None:
        super().__init__()
        self.conv1 = _Convolution(shape, kernel, stride, style, last=False)
        self.conv2 = _Convolution((shape[1], shape[1]), kernel, (1, 1, 1), style, last=True)
        shortcut: list[nn.Module] = []
        if any(step != 1 for step in stride):
            shortcut.append(nn.AvgPool3d(_three(stride), _three(stride)))
        if shape[0] != shape[1]:
            plain = _Style(False, style.norm, style.slope)
            shortcut.append(_Convolution(shape, (1, 1, 1), (1, 1, 1), plain, last=True))
        if shortcut:
            self.skip = nn.Sequential(*shortcut)
        self.nonlin2 = nn.LeakyReLU(style.slope)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        beside = self.skip(features) if hasattr(self, "skip") else features
        made: torch.Tensor = self.nonlin2(self.conv2(self.conv1(features)) + beside)
        return made


class _Blocks(nn.Module):
    def __init__(self, count: int, shape: tuple[int, int], kernel: Size, stride: Size, style: _Style) -> None:
        super().__init__()
        first = _Block(shape, kernel, stride, style)
        more = [_Block((shape[1], shape[1]), kernel, (1, 1, 1), style) for _ in range(1, count)]
        self.blocks = nn.Sequential(first, *more)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.blocks(features)
        return made


class _Encoder(nn.Module):
    def __init__(self, plan: _Plan, style: _Style, residual: bool) -> None:
        super().__init__()
        inputs = 1
        if residual:
            self.stem = _Stack(1, (1, plan.features[0]), plan.kernels[0], (1, 1, 1), style)
            inputs = plan.features[0]
        stages: list[nn.Module] = []
        for count, outputs, kernel, stride in zip(
            plan.encoder, plan.features, plan.kernels, plan.strides, strict=True
        ):
            if residual:
                stages.append(_Blocks(count, (inputs, outputs), kernel, stride, style))
            else:
                stages.append(nn.Sequential(_Stack(count, (inputs, outputs), kernel, stride, style)))
            inputs = outputs
        self.stages = nn.Sequential(*stages)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        features = [self.stem(image) if hasattr(self, "stem") else image]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features[1:]


class _Decoder(nn.Module):
    """The encoder is held here too, and so its parameters are stored twice: as in nnU-Net's checkpoints."""

    def __init__(self, encoder: _Encoder, plan: _Plan, style: _Style, outputs: int) -> None:
        super().__init__()
        self.encoder = encoder
        stages: list[nn.Module] = []
        ups: list[nn.Module] = []
        heads: list[nn.Module] = []
        for below in range(len(plan.features) - 1, 0, -1):
            deep, wide = plan.features[below], plan.features[below - 1]
            stride = _three(plan.strides[below])
            ups.append(nn.ConvTranspose3d(deep, wide, stride, stride, bias=style.bias))
            count = plan.decoder[len(stages)]
            stages.append(_Stack(count, (2 * wide, wide), plan.kernels[below - 1], (1, 1, 1), style))
            heads.append(nn.Conv3d(wide, outputs, 1))
        self.stages = nn.ModuleList(stages)
        self.transpconvs = nn.ModuleList(ups)
        self.seg_layers = nn.ModuleList(heads)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        deep = features[-1]
        for number, (up, stage) in enumerate(zip(self.transpconvs, self.stages, strict=True)):
            deep = stage(torch.cat((up(deep), features[-2 - number]), 1))
        logits: torch.Tensor = self.seg_layers[-1](deep)
        return logits


@dataclass(frozen=True)
class _Plan:
    features: Sequence[int]
    kernels: Sequence[Size]
    strides: Sequence[Size]
    encoder: Sequence[int]
    decoder: Sequence[int]


class PlannedUNet(nn.Module):
    """The network of one configuration of an nnU-Net plan."""

    def __init__(self, plan: dict[str, Any], outputs: int, residual: bool) -> None:
        super().__init__()
        style = _Style(plan["bias"], plan["norm"], plan["slope"])
        shape = _Plan(*(plan[name] for name in ("features", "kernels", "strides", "encoder", "decoder")))
        self.encoder = _Encoder(shape, style, residual)
        self.decoder = _Decoder(self.encoder, shape, style, outputs)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits of the same extent as the image."""
        logits: torch.Tensor = self.decoder(self.encoder(image))
        return logits


def build_planned(structures: int, plan: dict[str, Any], outputs: int, residual: bool) -> nn.Module:
    """`structures` is not asked for: the outputs may hold a background."""
    return PlannedUNet(plan, outputs, residual)
