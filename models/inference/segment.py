"""An image in, the organs' masks on its own grid out, with what looks implausible about them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import nn

from models.foreign.errors import ForeignUnsupported
from models.foreign.practice import Practice
from models.foreign.predict import predict_practised
from models.foreign.totalsegmentator import ARCHITECTURE, draw_totalsegmentator
from models.inference.anatomy import COMPLETIONS
from models.inference.close_up import close_box
from models.inference.outlook import outlook
from models.inference.plausibility import Finding, check_certainty, check_structures, unseen_closely
from models.inference.sliding_window import Windows, predict_probabilities
from models.mr_preprocessing import MrScale
from models.preprocessing import NetworkImage
from models.registry.network import LANDMARKS, Network, NetworkManifest, StructureRule
from models.training.sides import side_swaps
from rt.acquisition import Outlook
from rt.cropping import part_of
from rt.geometry import Grid
from rt.masks import bounding_box, padded_box
from rt.morphology import dilate_box
from rt.resample import resample

OVERLAP = 0.5
CHUNK_VOXELS = 30_000_000
"""Most voxels of the scan's own grid that one structure's probability is written to at once."""


@dataclass(frozen=True)
class Segmentation:
    """What a network drew."""

    masks: dict[str, npt.NDArray[np.bool_]]
    """Per structure (k, j, i) on the scan's grid; empty where nothing was found."""
    findings: list[Finding]
    outlook: Outlook | None = None
    """What it says about the use of correcting it; None of networks from elsewhere."""


@dataclass(frozen=True)
class Scan:
    """A scan as it came, and what became of its grey values."""

    image_kji: npt.NDArray[np.generic]
    grid: Grid
    level: tuple[float, float] | None
    """Of `NetworkImage`."""


@dataclass(frozen=True)
class CloserLook:
    """What the second network sees of a part of the scan."""

    structures: tuple[str, ...]
    probability: npt.NDArray[np.float16]
    """(structures, k, j, i)."""
    grid: Grid


@dataclass(frozen=True)
class Prediction:
    """What a network sees in a scan, before any threshold."""

    probability: npt.NDArray[np.float16]
    """(structures, k, j, i); of a network from elsewhere whose classes exclude each other, of each class."""
    grid: Grid
    """The network's, cropped to the body."""
    closer: CloserLook | None = None
    """What the second network sees, where the manifest has one and it knew where to look."""

    def of(self, manifest: NetworkManifest, name: str) -> tuple[npt.NDArray[np.float16], Grid]:
        """Probability (k, j, i) of a structure, by the network that draws it, and its grid."""
        if self.closer is not None and name in self.closer.structures:
            return self.closer.probability[self.closer.structures.index(name)], self.closer.grid
        return self.probability[manifest.structures.index(name)], self.grid


def segment(
    network: Network,
    image_kji: npt.NDArray[np.generic],
    grid: Grid,
    on_progress: Callable[[float, str, str], None] = lambda fraction, stage, structure: None,
    on_fallback: Callable[[int], None] = lambda batch: None,
) -> Segmentation:
    """All of the network's structures on `grid`, mirrored view averaged in, largest part kept.

    `on_fallback` is told when a GPU is full: how many windows go at once from here, 0 on the processor.
    """
    if network.manifest.architecture == ARCHITECTURE:
        on_progress(0.1, "network", "")
        masks = draw_totalsegmentator(network.manifest, image_kji, grid)
        return Segmentation(masks, check_structures(masks, grid, network.manifest))
    on_progress(0.02, "resampling", "")
    image = network.manifest.window.prepare(image_kji, grid, network.manifest.spacing_mm)
    first = 0.7 if network.close_up is None else 0.5
    probability = predict_volume(
        network, image, lambda done: on_progress(0.1 + first * done, "network", ""), on_fallback
    )
    whole = Prediction(probability, image.grid)
    closer = look_closer(
        network,
        Scan(image_kji, grid, image.level),
        whole,
        lambda done: on_progress(0.6 + 0.2 * done, "network", ""),
        on_fallback,
    )
    drawn = draw_structures(network.manifest, replace(whole, closer=closer), grid, on_progress)
    if network.manifest.practice is not None:
        return drawn
    seen = outlook(network.manifest, probability, image.values_kji, drawn.findings)
    return replace(drawn, outlook=seen)


def see_picture(network: Network, image_kji: npt.NDArray[np.generic], grid: Grid) -> Prediction:
    """What the network sees in an image on `grid`: enough to try thresholds without seeing it again."""
    seen = network.manifest.window.prepare(image_kji, grid, network.manifest.spacing_mm)
    whole = Prediction(predict_volume(network, seen), seen.grid)
    return replace(whole, closer=look_closer(network, Scan(image_kji, grid, seen.level), whole))


def look_closer(
    network: Network,
    scan: Scan,
    whole: Prediction,
    on_progress: Callable[[float], None] = lambda done: None,
    on_fallback: Callable[[int], None] = lambda batch: None,
) -> CloserLook | None:
    """What the manifest's second network sees, the mean of the picture and its mirror image.

    None where there is no such network, or where the first one found neither globes nor chiasm.
    """
    second, manifest = network.manifest.close_up, network.manifest
    if second is None or network.close_up is None or scan.level is None:
        return None
    found = {name: _core(whole.of(manifest, name)[0], whole.grid, manifest.rule(name)) for name in LANDMARKS}
    box = close_box(found, whole.grid, second.spacing_mm)
    if box is None or not isinstance(manifest.window, MrScale):
        return None
    part = manifest.window.closer(scan.image_kji, scan.grid, box, scan.level)
    windows = Windows(len(second.structures), second.patch, OVERLAP, network.device, on_fallback)
    seen = _both_ways(network.close_up, part.values_kji, windows, second.structures, on_progress)
    return CloserLook(second.structures, seen, box)


def draw_structures(
    manifest: NetworkManifest,
    prediction: Prediction,
    grid: Grid,
    on_progress: Callable[[float, str, str], None] = lambda fraction, stage, structure: None,
) -> Segmentation:
    """The structures' masks on `grid`, by the manifest's thresholds, and what is implausible about them."""
    if manifest.practice is not None and manifest.practice.activation == "softmax":
        masks = draw_classes(manifest, manifest.practice, prediction, grid, on_progress)
        return Segmentation(masks, check_structures(masks, grid, manifest))
    names, masks = manifest.structures, dict[str, npt.NDArray[np.bool_]]()

    def drawn(index: int) -> npt.NDArray[np.bool_]:
        return on_native_grid(*prediction.of(manifest, names[index]), grid, manifest.rule(names[index]))

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for index, mask in enumerate(threads.map(drawn, range(len(names)))):
            on_progress(0.8 + 0.18 * index / len(names), "structure", names[index])
            masks[names[index]] = mask
    if manifest.completion:
        masks = COMPLETIONS[manifest.completion](masks, grid)
    masks = {
        name: mask for name, mask in masks.items() if mask.any() or not manifest.rule(name).may_be_absent
    }
    unsure = check_certainty(masks, [prediction.of(manifest, name)[0] for name in names], manifest)
    if manifest.close_up is not None and prediction.closer is None:
        unsure += unseen_closely(masks, manifest.close_up.structures)
    return Segmentation(masks, check_structures(masks, grid, manifest) + unsure)


def draw_classes(
    manifest: NetworkManifest,
    practice: Practice,
    prediction: Prediction,
    grid: Grid,
    on_progress: Callable[[float, str, str], None],
) -> dict[str, npt.NDArray[np.bool_]]:
    """The structures' masks where classes exclude each other: the most probable one wins each voxel."""
    best = np.zeros(grid.shape_kji, dtype=np.float32)
    winner = np.full(grid.shape_kji, -1, dtype=np.int16)
    names = dict(zip(practice.channels, manifest.structures, strict=True))
    thickness = max(1, CHUNK_VOXELS // (grid.shape_kji[1] * grid.shape_kji[2]))
    for channel, probability in enumerate(prediction.probability):
        on_progress(0.8 + 0.18 * channel / practice.outputs, "structure", names.get(channel, ""))
        source = probability.astype(np.float32)
        for start in range(0, grid.shape_kji[0], thickness):
            rows = slice(start, min(start + thickness, grid.shape_kji[0]))
            part = (rows, slice(0, grid.shape_kji[1]), slice(0, grid.shape_kji[2]))
            seen = resample(source, prediction.grid, part_of(grid, part), outside=0.0)
            ahead = seen > best[rows]
            best[rows][ahead] = seen[ahead]
            winner[rows][ahead] = channel
    return {
        name: largest_parts(winner == channel, manifest.rule(name).parts) for channel, name in names.items()
    }


def predict_volume(
    network: Network,
    image: NetworkImage,
    on_progress: Callable[[float], None] = lambda done: None,
    on_fallback: Callable[[int], None] = lambda batch: None,
) -> npt.NDArray[np.float16]:
    """Probability per structure on the network's grid, the mean of the picture and its mirror image.

    A network from elsewhere is asked in its makers' way.
    """
    manifest = network.manifest
    values = image.values_kji
    if manifest.architecture == ARCHITECTURE:
        raise ForeignUnsupported("draws by itself and gives no probabilities", where=manifest.name)
    if manifest.practice is not None:
        return predict_practised(network.module, values, manifest.practice, network.device, on_progress)
    windows = Windows(len(manifest.structures), manifest.patch, OVERLAP, network.device, on_fallback)
    return _both_ways(network.module, values, windows, manifest.structures, on_progress)


def _both_ways(
    module: nn.Module,
    values: npt.NDArray[np.float32],
    windows: Windows,
    structures: tuple[str, ...],
    on_progress: Callable[[float], None],
) -> npt.NDArray[np.float16]:
    """The mean of what a network sees in `values` (k, j, i) and in their mirror image."""

    def half(part: npt.NDArray[np.float32], start: float) -> npt.NDArray[np.float16]:
        return predict_probabilities(module, part, windows, lambda done: on_progress(start + done / 2))

    plain = torch.from_numpy(half(values, 0.0))
    mirrored = torch.from_numpy(half(np.ascontiguousarray(values[:, :, ::-1]), 0.5)).flip(3)
    order = list(range(len(structures)))
    for right, left in side_swaps(structures):
        order[right], order[left] = left, right
    for index, other in enumerate(order):  # in float32: numpy computes float16 by software
        plain[index] = (plain[index].float() + mirrored[other].float()).div_(2)
    mean: npt.NDArray[np.float16] = plain.numpy()
    return mean


def on_native_grid(
    probability: npt.NDArray[np.floating[Any]], source: Grid, target: Grid, rule: StructureRule
) -> npt.NDArray[np.bool_]:
    """The largest parts over the rule's threshold, interpolated to the target grid and cut there."""
    mask = np.zeros(target.shape_kji, dtype=bool)
    seen = torch.from_numpy(probability).float().numpy()
    core = _core(seen, source, rule)
    found = bounding_box(core)
    if found is None:
        return mask
    near = padded_box(found, (3, 3, 3), source.shape_kji)
    kept = np.where(dilate_box(core[near], (2, 2, 2)), seen[near], np.float32(0))
    source = part_of(source, near)
    box = _target_box(source, target)
    if any(s.start >= s.stop for s in box):
        return mask
    thickness = max(1, CHUNK_VOXELS // ((box[1].stop - box[1].start) * (box[2].stop - box[2].start)))
    for start in range(box[0].start, box[0].stop, thickness):
        part = (slice(start, min(start + thickness, box[0].stop)), box[1], box[2])
        mask[part] = resample(kept, source, part_of(target, part), outside=0.0) > rule.threshold
    return mask


def _core(seen: npt.NDArray[np.floating[Any]], grid: Grid, rule: StructureRule) -> npt.NDArray[np.bool_]:
    """The largest parts over the rule's threshold, without specks."""
    core = largest_parts(seen > rule.threshold, rule.parts)
    return without_specks(core, rule.smallest_cc * 1000 / grid.voxel_mm3)


def largest_parts(mask: npt.NDArray[np.bool_], parts: int) -> npt.NDArray[np.bool_]:
    """The `parts` largest 26-connected components, all if 0; ties by scan order."""
    labels, count = _label(mask)
    if parts == 0 or count <= parts:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept: npt.NDArray[np.bool_] = np.isin(labels, np.argsort(-sizes, kind="stable")[:parts])
    return kept


def without_specks(mask: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.bool_]:
    """The 26-connected components of at least `least` voxels."""
    if least <= 1:
        return mask
    labels, _ = _label(mask)
    large = np.bincount(labels.ravel()) >= least
    large[0] = False
    kept: npt.NDArray[np.bool_] = large[labels]
    return kept


def _label(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    """Numbers of the 26-connected components, and how many; only the mask's box is walked over."""
    labels = np.zeros(mask.shape, dtype=np.int32)
    box = bounding_box(mask)
    if box is None:
        return labels, 0
    labels[box], count = ndimage.label(mask[box], np.ones((3, 3, 3), dtype=bool))
    return labels, count


def _target_box(source: Grid, target: Grid) -> tuple[slice, slice, slice]:
    """The voxels of `target` (k, j, i) that `source` may reach; a slice may be empty."""
    corners = np.array(list(itertools.product(*((-0.5, n - 0.5) for n in source.shape_kji[::-1]))))
    index = target.to_index(source.to_lps(corners))[:, ::-1]
    bounds = zip(index.min(axis=0), index.max(axis=0), target.shape_kji, strict=True)
    k, j, i = (slice(max(0, math.floor(a)), min(n, math.ceil(b) + 1)) for a, b, n in bounds)
    return k, j, i
