"""What looks wrong about a set of predicted structures: said before a person relies on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.inference.order import out_of_order
from models.registry.network import NetworkManifest
from models.training.sides import side_swaps
from rt.acquisition import expected_dice
from rt.completion import HEAD, PAIRED
from rt.geometry import Grid
from rt.masks import bounding_box, centre_lps_mm

EDGE_SLICES = 1
SECOND_PART = 0.05
"""A second component larger than this share of the whole is worth a look."""

LEAST_FOUND = 2
"""Fewer structures of a size seen in training, and the scan does not show the network's region."""
REGION_CC = {HEAD: ("Intracranial", 800.0, 2200.0)}
"""By completion the structure whose volume (cc) tells that its region is there: of infants and of adults."""

Slug = Literal[
    "missing",
    "parts",
    "side",
    "order",
    "volume-small",
    "volume-large",
    "cut-off",
    "by-rule",
    "unsure",
    "coarse",
]


@dataclass(frozen=True)
class Finding:
    """One doubt about one structure."""

    structure: str
    slug: Slug
    detail: str
    values: dict[str, str | int | float] = field(default_factory=dict)
    """The names and numbers of `detail`, for a sentence in another language."""


def check_structures(
    masks: dict[str, npt.NDArray[np.bool_]], grid: Grid, manifest: NetworkManifest
) -> list[Finding]:
    """What is doubted of the masks (k, j, i) on `grid`.

    Missing, in two parts, on the wrong side, above or behind what it never is, of a volume never seen in
    training, cut off, or not seen.
    """
    findings: list[Finding] = []
    for name, mask in masks.items():
        findings += _check_one(name, mask, grid, manifest)
    names = tuple(masks)
    for right, left in side_swaps(names):
        findings += _check_sides(names[right], names[left], masks, grid)
    findings += _check_order(masks, grid)
    placed = [
        name
        for name, rule in manifest.by_rule.items()
        if rule == "placed" and name in masks and masks[name].any()
    ]
    findings += [Finding(name, "by-rule", "placed by anatomy, not seen in the image") for name in placed]
    return findings


def check_certainty(
    masks: dict[str, npt.NDArray[np.bool_]],
    probability: Sequence[npt.NDArray[np.float16]],
    manifest: NetworkManifest,
) -> list[Finding]:
    """What was drawn although the network's own probabilities (k, j, i) of each expect little of it."""
    findings: list[Finding] = []
    for index, name in enumerate(manifest.structures):
        rule = manifest.rule(name)
        if rule.least_expected <= 0 or name not in masks or not masks[name].any():
            continue
        expected = expected_dice(probability[index], rule.threshold)
        if expected < rule.least_expected:
            detail = f"the network itself expects a Dice of {expected:.2f}"
            values: dict[str, str | int | float] = {"dice": round(expected, 2), "least": rule.least_expected}
            findings.append(Finding(name, "unsure", detail, values))
    return findings


def unseen_closely(masks: dict[str, npt.NDArray[np.bool_]], structures: Sequence[str]) -> list[Finding]:
    """Of `structures` what was drawn though the second network did not know where to look."""
    sides = {side for name in structures for side in PAIRED.get(name, (name,))}
    detail = "neither eyes nor chiasm were found, drawn by the coarse network alone"
    return [Finding(name, "coarse", detail) for name, mask in masks.items() if name in sides and mask.any()]


def shows_region(
    masks: dict[str, npt.NDArray[np.bool_]], findings: list[Finding], grid: Grid, manifest: NetworkManifest
) -> bool:
    """Whether the scan shows what the network draws: enough structures of a size seen in training.

    One from elsewhere may draw only one.  A head must have an intracranial space of a head's size as well,
    whatever else looks like its parts.
    """
    sizes = {"volume-small", "volume-large"}
    doubted = {finding.structure for finding in findings if finding.slug in sizes}
    believable = [name for name, mask in masks.items() if name not in doubted and mask.any()]
    if len(believable) < (1 if manifest.source else LEAST_FOUND):
        return False
    if manifest.completion not in REGION_CC:
        return True
    name, low, high = REGION_CC[manifest.completion]
    return low <= float(np.count_nonzero(masks[name])) * grid.voxel_mm3 / 1000 <= high


def _check_one(
    name: str, mask: npt.NDArray[np.bool_], grid: Grid, manifest: NetworkManifest
) -> list[Finding]:
    box = bounding_box(mask)
    if box is None:
        return [Finding(name, "missing", "not found in this scan")]
    found: list[Finding] = []
    inside = mask[box]
    volume = float(inside.sum()) * grid.voxel_mm3 / 1000
    low, high = manifest.rule(name).volume_cc
    if not low <= volume <= high:
        slug: Slug = "volume-small" if volume < low else "volume-large"
        detail = f"{volume:.1f} cc; {low:.1f} to {high:.1f} cc in training"
        numbers = {"cc": round(volume, 1), "low": round(low, 1), "high": round(high, 1)}
        found.append(Finding(name, slug, detail, {**numbers}))
    labels, count = ndimage.label(inside, np.ones((3, 3, 3), dtype=bool))
    rule = manifest.rule(name)
    if count > 1 and rule.parts == 1:
        sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1]
        share = float(sizes[1] / sizes.sum())
        if share > SECOND_PART:
            detail = f"{count} parts, the second has {share:.0%}"
            found.append(Finding(name, "parts", detail, {"n": int(count), "percent": round(100 * share)}))
    k = box[0]
    is_cut = k.start < EDGE_SLICES or k.stop > grid.shape_kji[0] - EDGE_SLICES
    if is_cut and not rule.may_be_cut:
        found.append(Finding(name, "cut-off", "reaches the first or last slice"))
    return found


def _check_sides(right: str, left: str, masks: dict[str, npt.NDArray[np.bool_]], grid: Grid) -> list[Finding]:
    of_right, of_left = (centre_lps_mm(masks[name], grid) for name in (right, left))
    if of_right is None or of_left is None or of_right[0] < of_left[0]:
        return []
    values: dict[str, str | int | float] = {"right": right, "left": left}
    return [Finding(name, "side", f"{right} lies left of {left}", values) for name in (right, left)]


def _check_order(masks: dict[str, npt.NDArray[np.bool_]], grid: Grid) -> list[Finding]:
    """One finding for each structure: it names the first that it lies wrong to."""
    found: dict[str, Finding] = {}
    for one, other, wrong in out_of_order(masks, grid):
        detail, values = f"{one} lies {wrong} {other}", {"one": one, "other": other, "wrong": wrong}
        for name in (one, other):
            found.setdefault(name, Finding(name, "order", detail, {**values}))
    return list(found.values())
