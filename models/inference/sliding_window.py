"""A volume seen through overlapping windows of the training patch's size, Gaussian-weighted.

Whole-volume inference would change the statistics that instance norm sees and costs .08 to .29 Dice.

On a GPU several windows go through the network at once, the next ones are copied while it works, and what
it gives is added up there.  Where its memory does not suffice, half as many are tried, at last one, at last
the processor; `on_fallback` is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.devices import mixed_precision, place

EMPTY = -0.99
"""A window whose brightest voxel is below this is air: nothing to find, nothing computed."""
GPU_BATCH = 8
"""Windows at once on a GPU; on a CPU one, which its caches hold."""

Box = tuple[slice, ...]
Fallback = Callable[[int], None]
"""Told how many windows go at once from here; 0: the processor goes on."""


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
    on_fallback: Fallback = lambda batch: None


@torch.inference_mode()
def predict_probabilities(
    network: nn.Module,
    image_kji: npt.NDArray[np.float32],
    windows: Windows,
    on_progress: Callable[[float], None] = lambda done: None,
) -> npt.NDArray[np.float16]:
    """Probability per structure (structures, k, j, i) of an image already scaled to the network's range."""
    here = next((value.device for value in network.parameters()), windows.device)
    windows = replace(windows, device=here)  # the processor, once a GPU was full
    padded, offset = _padded(image_kji, windows.size)
    network.eval()
    boxes = window_boxes(padded.shape, windows.size, windows.overlap)
    weight_sum = torch.zeros(padded.shape, dtype=torch.float32)
    weight = _gaussian(windows.size)
    for box in boxes:
        weight_sum[box] += weight
    filled = _filled(padded, boxes)
    total = _with_less_memory(network, padded, filled, windows, on_progress)
    inner = tuple(slice(o, o + n) for o, n in zip(offset, image_kji.shape, strict=True))
    total = total[(slice(None), *inner)].div_(weight_sum.to(total.device)[inner])
    mean: npt.NDArray[np.float16] = total.half().cpu().numpy()
    return mean


def _with_less_memory(
    network: nn.Module,
    padded: npt.NDArray[np.float32],
    boxes: Sequence[Box],
    windows: Windows,
    on_progress: Callable[[float], None],
) -> torch.Tensor:
    """The weighted sum (structures, k, j, i); begun again with fewer windows at once when memory is short."""
    batch = GPU_BATCH if windows.device.type == "cuda" else 1
    while True:
        try:
            return _weighted_sum(network, padded, boxes, (windows, batch, on_progress))
        except torch.OutOfMemoryError:
            if windows.device.type == "cpu":
                raise
        # outside the handler: the error holds the frames, and those the tensors that filled the memory
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        batch //= 2
        windows.on_fallback(batch)
        if batch == 0:
            cpu = torch.device("cpu")
            windows, batch = replace(windows, device=cpu), 1
            place(network, cpu)


def _weighted_sum(
    network: nn.Module,
    padded: npt.NDArray[np.float32],
    boxes: Sequence[Box],
    how: tuple[Windows, int, Callable[[float], None]],
) -> torch.Tensor:
    windows, batch, on_progress = how
    device = windows.device
    image = torch.from_numpy(padded)
    total = torch.zeros((windows.structures, *padded.shape), dtype=torch.float32, device=device)
    weight = _gaussian(windows.size).to(device)
    groups = [boxes[n : n + batch] for n in range(0, len(boxes), batch)]
    waiting = _gather(image, groups[0], device) if groups else None
    for number, group in enumerate(groups):
        with mixed_precision(device):
            logits = network(waiting)
        if number + 1 < len(groups):
            waiting = _gather(image, groups[number + 1], device)  # copied while a GPU still computes
        seen = torch.sigmoid_(logits.float())
        for one, box in zip(seen, group, strict=True):
            total[(slice(None), *box)].addcmul_(one, weight)
        on_progress((number + 1) / len(groups))
    return total


def _gather(image: torch.Tensor, boxes: Sequence[Box], device: torch.device) -> torch.Tensor:
    patches = torch.stack([image[box] for box in boxes])[:, None]
    if device.type != "cuda":
        return patches
    return patches.pin_memory().to(device, non_blocking=True)


def window_boxes(shape: tuple[int, ...], window: int, overlap: float) -> list[Box]:
    """The windows that cover `shape`, evenly spread; `shape` is at least `window` along each axis."""
    corners = itertools.product(*(_starts(n, window, overlap) for n in shape))
    return [tuple(slice(c, c + window) for c in corner) for corner in corners]


def filled_windows(image_kji: npt.NDArray[np.float32], window: int, overlap: float) -> list[torch.Tensor]:
    """What the network is given of an image, window by window (1, 1, k, j, i); those of air are left out."""
    padded, _ = _padded(image_kji, window)
    image = torch.from_numpy(padded)
    boxes = _filled(padded, window_boxes(padded.shape, window, overlap))
    return [image[box][None, None] for box in boxes]


def _filled(padded: npt.NDArray[np.float32], boxes: Sequence[Box]) -> list[Box]:
    return [box for box in boxes if padded[box].max() > EMPTY]


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
