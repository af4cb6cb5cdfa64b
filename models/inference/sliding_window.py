"""A volume seen through overlapping windows of the training patch's size, Gaussian-weighted.

Whole-volume inference would change the statistics that instance norm sees and costs .08 to .29 Dice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.devices import mixed_precision

EMPTY = -0.99
"""A window whose brightest voxel is below this is air: nothing to find, nothing computed."""


@dataclass(frozen=True)
class Windows:
    """How a volume is walked over."""

    structures: int
    """Number of the network's outputs."""
    size: int
    """Voxels along each side."""
    overlap: float
    """Share of the size by which neighbours overlap."""
    device: torch.device


@torch.inference_mode()
def predict_probabilities(
    network: nn.Module,
    image_kji: npt.NDArray[np.float32],
    windows: Windows,
    on_progress: Callable[[float], None] = lambda done: None,
) -> npt.NDArray[np.float16]:
    """Probability per structure (structures, k, j, i) of an image already scaled to the network's range."""
    padded, offset = _padded(image_kji, windows.size)
    total = torch.zeros((windows.structures, *padded.shape), dtype=torch.float32)
    weight_sum = torch.zeros(padded.shape, dtype=torch.float32)
    weight = _gaussian(windows.size)
    network.eval()
    boxes = _boxes(padded.shape, windows.size, windows.overlap)
    for number, box in enumerate(boxes):
        weight_sum[box] += weight
        patch = padded[box]
        if patch.max() > EMPTY:
            image = torch.from_numpy(patch)[None, None].to(windows.device)
            with mixed_precision(windows.device):
                logits = network(image)
            total[(slice(None), *box)] += torch.sigmoid(logits[0].float()).cpu() * weight
        on_progress((number + 1) / len(boxes))
    inner = tuple(slice(o, o + n) for o, n in zip(offset, image_kji.shape, strict=True))
    mean: npt.NDArray[np.float16] = (total / weight_sum)[(slice(None), *inner)].numpy().astype(np.float16)
    return mean


def _boxes(shape: tuple[int, ...], window: int, overlap: float) -> list[tuple[slice, ...]]:
    corners = itertools.product(*(_starts(n, window, overlap) for n in shape))
    return [tuple(slice(c, c + window) for c in corner) for corner in corners]


def _padded(image: npt.NDArray[np.float32], window: int) -> tuple[npt.NDArray[np.float32], list[int]]:
    missing = [max(0, window - n) for n in image.shape]
    offset = [m // 2 for m in missing]
    pads = [(o, m - o) for o, m in zip(offset, missing, strict=True)]
    return np.pad(image, pads, constant_values=-1.0), offset


def _starts(extent: int, window: int, overlap: float) -> list[int]:
    step = max(1, int(window * (1 - overlap)))
    count = -(-(extent - window) // step) + 1
    if count == 1:
        return [0]
    return [round(n * (extent - window) / (count - 1)) for n in range(count)]


def _gaussian(window: int) -> torch.Tensor:
    steps = torch.arange(window) - (window - 1) / 2
    line = torch.exp(-0.5 * (steps / (window / 8)) ** 2).clamp(min=1e-3)
    return line[:, None, None] * line[None, :, None] * line[None, None, :]
