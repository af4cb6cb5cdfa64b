"""A picture seen by a network from elsewhere in its makers' way: logits averaged, then made probabilities."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.devices import mixed_precision
from models.foreign.practice import Practice

SIGMA = 0.125
"""Width of the Gaussian weights in parts of a window (MONAI and nnU-Net)."""
LEAST_WEIGHT = 1e-3


@torch.inference_mode()
def predict_practised(
    module: nn.Module,
    image_kji: npt.NDArray[np.float32],
    practice: Practice,
    device: torch.device,
    on_progress: Callable[[float], None] = lambda done: None,
) -> npt.NDArray[np.float16]:
    """Probabilities: of each structure (structures, k, j, i) where they may overlap, of each of the network's
    classes (outputs, k, j, i), background included, where these exclude each other.
    """
    padded, inner = _padded(image_kji, practice)
    total = torch.zeros((practice.outputs, *padded.shape), dtype=torch.float32)
    weights = torch.zeros(padded.shape, dtype=torch.float32)
    weight = _weights(practice)
    boxes = list(_boxes(padded.shape, practice))
    for number, box in enumerate(boxes):
        view = torch.from_numpy(padded[box])[None, None].to(device)
        with mixed_precision(device) if device.type == "cuda" else nullcontext():
            logits = _mirrored(module, view, practice.mirror_axes)
        total[(slice(None), *box)] += logits[0].float().cpu() * weight
        weights[box] += weight
        on_progress((number + 1) / len(boxes))
    logits = (total / weights)[(slice(None), *inner)]
    made = (
        logits.softmax(0)
        if practice.activation == "softmax"
        else torch.sigmoid(logits[list(practice.channels)])
    )
    return made.numpy().astype(np.float16)


def _mirrored(module: nn.Module, view: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    """The mean over the view and all its mirror images."""
    total: torch.Tensor | None = None
    count = 0
    for size in range(len(axes) + 1):
        for chosen in itertools.combinations(axes, size):
            turned = [axis + 2 for axis in chosen]
            seen = module(view.flip(turned)).flip(turned)
            total, count = (seen if total is None else total + seen), count + 1
    if total is None:
        raise ValueError("no view was seen")
    return total / count


def _padded(
    image: npt.NDArray[np.float32], practice: Practice
) -> tuple[npt.NDArray[np.float32], tuple[slice, ...]]:
    missing = [max(0, window - n) for window, n in zip(practice.patch_kji, image.shape, strict=True)]
    pads = [(m // 2, m - m // 2) for m in missing]
    inner = tuple(slice(low, low + n) for (low, _), n in zip(pads, image.shape, strict=True))
    return np.pad(image, pads, constant_values=practice.pad_value), inner


def _boxes(shape: tuple[int, ...], practice: Practice) -> list[tuple[slice, ...]]:
    starts = [_starts(n, window, practice) for n, window in zip(shape, practice.patch_kji, strict=True)]
    corners = itertools.product(*starts)
    return [
        tuple(slice(c, c + window) for c, window in zip(corner, practice.patch_kji, strict=True))
        for corner in corners
    ]


def _starts(extent: int, window: int, practice: Practice) -> list[int]:
    if practice.spread == "clamped":
        step = max(1, int(window * (1 - practice.overlap)))
        count = -(-max(0, extent - window) // step) + 1
        return [min(n * step, extent - window) for n in range(count)]
    target = window * (1 - practice.overlap)
    count = int(np.ceil((extent - window) / target)) + 1
    apart = (extent - window) / (count - 1) if count > 1 else 0.0
    return [int(np.rint(apart * n)) for n in range(count)]


def _weights(practice: Practice) -> torch.Tensor:
    if practice.blend == "constant":
        return torch.ones(practice.patch_kji)
    lines = []
    for window in practice.patch_kji:
        steps = torch.arange(window) - (window // 2 if practice.blend == "nnunet" else (window - 1) / 2)
        lines.append(torch.exp(-0.5 * (steps / (window * SIGMA)) ** 2))
    k, j, i = lines
    return (k[:, None, None] * j[None, :, None] * i[None, None, :]).clamp(
        min=1e-12 if practice.blend == "nnunet" else LEAST_WEIGHT
    )
