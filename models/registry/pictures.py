"""Pictures of a version: its best, median and worst case where drawing and truth differ most, an example.

They show patients: those of a clinic stay in the store of the installation, only those of openly licensed
data lie beside the weights.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from models.evaluation import Score, read_case
from models.inference.segment import Segmentation
from rt.geometry import Grid
from rt.manifest import Case, DatasetManifest
from rt.resample import lps_grid, resample

Rank = Literal["best", "median", "worst", "example"]
"""An example is a scan of which no truth is known."""
RANKS: tuple[Rank, ...] = ("best", "median", "worst")
Mask = npt.NDArray[np.bool_]
FINEST_MM = 1.0
"""Size of a picture's voxels, or the scan's own in the slice where that is coarser."""
MARGIN_MM = 25.0
"""Shown around the contours."""
WIDTH = 480
"""Pixels along the longer side of a picture."""
TRUTH, DRAWN, BOTH = (70, 220, 110), (255, 150, 30), (255, 255, 255)
"""Colours of what people drew, of what the network drew, and of where both lines run."""


@dataclass(frozen=True)
class CasePicture:
    """One case as a picture."""

    rank: Rank
    case: str
    dice: float | None
    """Mean over the case's structures; None of an example."""
    slice: int
    """Number of the scan's own slice at the middle of the picture, from 1."""
    png: bytes


@dataclass(frozen=True)
class Shown:
    """What a picture is made of: image (k, j, i) on its grid, what people drew and what the network drew."""

    image_kji: npt.NDArray[np.generic]
    grid: Grid
    truth: Mapping[str, Mask]
    drawn: Mapping[str, Mask]


def ranked_cases(scores: Sequence[Score]) -> dict[Rank, tuple[str, float]]:
    """Best, median and worst case by mean Dice over its structures; of fewer than three those there are."""
    values: dict[str, list[float]] = {}
    for score in scores:
        values.setdefault(score.case, []).append(score.dice)
    ordered = sorted(((float(np.mean(v)), case) for case, v in values.items()), reverse=True)
    places = {"best": 0, "median": len(ordered) // 2, "worst": len(ordered) - 1}
    found: dict[Rank, tuple[str, float]] = {}
    for rank in ("worst", "best", "median"):
        if ordered and ordered[places[rank]][1] not in {case for case, _ in found.values()}:
            found[rank] = ordered[places[rank]][::-1]
    return {rank: found[rank] for rank in RANKS if rank in found}


def picture_cases(
    manifest: DatasetManifest, scores: Sequence[Score], drawn: Callable[[Case], Segmentation]
) -> list[CasePicture]:
    """The ranked cases as pictures; `drawn` is asked for what the network drew of each."""
    cases, pictures = {case.id: case for case in manifest.cases}, []
    for rank, (name, dice) in ranked_cases(scores).items():
        image, grid, truth = read_case(manifest, cases[name])
        masks = drawn(cases[name]).masks
        shown = Shown(image, grid, truth, {n: masks[n] for n in truth if n in masks})
        pictures.append(draw_picture(rank, name, dice, shown))
    return pictures


def draw_picture(rank: Rank, case: str, dice: float | None, shown: Shown) -> CasePicture:
    """The axial slice where truth and drawing differ most; without a truth, that with most structures.

    The grid may lie in any direction: the picture shows the patient from the feet, the right side at its
    left.  Contours: truth green, network orange, white where both run.
    """
    png, number = _draw_slice(shown)
    return CasePicture(rank, case, dice, number, png)


def _draw_slice(shown: Shown) -> tuple[bytes, int]:
    image_kji, grid, truth, drawn = shown.image_kji, shown.grid, shown.truth, shown.drawn
    flat = lps_grid(grid, max(FINEST_MM, min(grid.spacing_ijk_mm)))
    sides = [[_moved(mask, grid, flat) for mask in masks.values()] for masks in (truth, drawn)]
    k = _telling_slice(*sides)
    planes = [[mask[k] for mask in masks] for masks in sides]
    values = resample(image_kji, grid, flat, outside=float(np.min(image_kji)))[k]
    box = _shown(planes[0] + planes[1], values.shape, flat.spacing_ijk_mm[0])
    cropped = values[box]
    scale = WIDTH / max(cropped.shape)
    size = (max(1, round(cropped.shape[1] * scale)), max(1, round(cropped.shape[0] * scale)))
    grey = Image.fromarray(_windowed(cropped)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.array(grey.convert("RGB"))
    of_truth, of_drawn = (_outline([plane[box] for plane in side], size) for side in planes)
    pixels[of_truth], pixels[of_drawn] = TRUTH, DRAWN
    pixels[of_truth & of_drawn] = BOTH
    middle = [(box[1].start + box[1].stop) / 2, (box[0].start + box[0].stop) / 2, k]
    number = int(np.clip(round(grid.to_index(flat.to_lps(middle))[2]), 0, grid.shape_kji[0] - 1)) + 1
    return _png(pixels), number


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


def _moved(mask: Mask, grid: Grid, flat: Grid) -> Mask:
    inside: Mask = resample(mask.astype(np.float32), grid, flat, outside=0.0) >= 0.5
    return inside


def _telling_slice(truth: Sequence[Mask], drawn: Sequence[Mask]) -> int:
    if not truth:
        return int(np.argmax(np.sum([mask.any(axis=(1, 2)) for mask in drawn], axis=0)))
    differing = np.sum([(a ^ b).sum(axis=(1, 2)) for a, b in zip(truth, drawn, strict=True)], axis=0)
    if not np.any(differing):
        differing = np.sum([mask.sum(axis=(1, 2)) for mask in truth], axis=0)
    return int(np.argmax(differing))


def _shown(planes: Sequence[Mask], shape: tuple[int, ...], spacing_mm: float) -> tuple[slice, slice]:
    """The part around the contours of the slice; all of it when it has none."""
    where = np.argwhere(np.any(planes, axis=0)) if planes else np.empty((0, 2))
    if len(where) == 0:
        return slice(0, shape[0]), slice(0, shape[1])
    margin = round(MARGIN_MM / spacing_mm)
    low, high = np.maximum(where.min(axis=0) - margin, 0), where.max(axis=0) + margin + 1
    return slice(int(low[0]), min(int(high[0]), shape[0])), slice(int(low[1]), min(int(high[1]), shape[1]))


def _windowed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Grey between the darkest and brightest twentieth of what is no background."""
    lit = values[values > values.min()]
    low, high = np.percentile(lit, [5, 98]) if lit.size else (0.0, 1.0)
    grey: npt.NDArray[np.uint8] = (np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).astype(
        np.uint8
    )
    return grey


def _outline(planes: Sequence[Mask], size: tuple[int, int]) -> Mask:
    """Lines two pixels wide along the inner edges of the masks, enlarged to `size` (columns, rows)."""
    lines = np.zeros(size[::-1], dtype=bool)
    for plane in planes:
        smooth = Image.fromarray(plane.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR)
        mask = np.asarray(smooth) > 127
        lines |= mask & ~ndimage.binary_erosion(mask, iterations=2)
    return lines
