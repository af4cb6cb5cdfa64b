"""Spatial heterogeneity that holds across modalities; not of IBSI.

Every feature stays the same when the intensities are scaled or shifted, so that CT in HU and MR in any unit
can be compared.  Habitats are three classes of intensity, low, middle and high, by one-dimensional k-means
from the quantiles 1/6, 1/2 and 5/6, which has one answer for one region.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from rt.geometry import FloatArray
from rt.masks import Mask
from rt.radiomics.grey_levels import DIRECTIONS, IntArray
from rt.radiomics.intensity import CONSTANT, Features
from rt.radiomics.region import Region

HABITATS = ("low", "middle", "high")
SCALES_MM = (2, 4, 8)
"""Gaussians under which it is asked how much variance stays."""
ROUNDS = 100
"""Most rounds of k-means; ten are usual."""
TOUCHING = np.ones((3, 3, 3), dtype=bool)
SHALLOW = "all voxels are equally far from the edge"
FACES = ((0, 0, 1), (0, 1, 0), (1, 0, 0))


def heterogeneity(region: Region) -> Features:
    """Features of the voxels of the intensity mask; all of them reasons where intensities are constant."""
    box = region.box
    inside = region.inside_kji[box]
    values = region.image_kji[box][inside]
    if values.std() <= 1e-12 * max(1.0, abs(float(values.mean()))):
        return dict.fromkeys(NAMES, CONSTANT)
    image = np.where(inside, (region.image_kji[box] - values.mean()) / values.std(), 0.0)
    depth = _depth(region.form_kji[box], region.spacing_kji_mm)
    return {
        **_neighbours(image, inside),
        **_scales(image, inside, region.spacing_kji_mm),
        **_radial(image[inside], depth[inside], np.argwhere(inside) * region.spacing_kji_mm),
        **_habitats(image, inside, depth, float(np.prod(region.spacing_kji_mm))),
    }


NAMES = (
    "neighbour_moran_i",
    "neighbour_geary_c",
    *(f"variance_kept_{mm}mm" for mm in SCALES_MM),
    "depth_correlation",
    "core_minus_rim",
    "rank_shift",
    "habitat_entropy",
    "habitat_border",
    "habitat_mixing",
    "habitat_separation",
    *(f"{habitat}_{of}" for habitat in HABITATS for of in ("fraction", "clusters", "largest", "depth")),
)


def _depth(form: Mask, spacing_kji_mm: FloatArray) -> FloatArray:
    """Distance to the edge, 1 at the deepest voxel."""
    depth = ndimage.distance_transform_edt(np.pad(form, 1), sampling=spacing_kji_mm)[1:-1, 1:-1, 1:-1]
    out: FloatArray = depth / depth.max()
    return out


def _pairs(
    values: npt.NDArray[Any], inside: Mask, directions: tuple[tuple[int, int, int], ...]
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Values of neighbours inside, a pair of arrays for each direction (k, j, i)."""
    for direction in directions:
        first = tuple(slice(max(0, -d), n - max(0, d)) for d, n in zip(direction, inside.shape, strict=True))
        second = tuple(slice(max(0, d), n - max(0, -d)) for d, n in zip(direction, inside.shape, strict=True))
        both = inside[first] & inside[second]
        yield values[first][both], values[second][both]


def _neighbours(image: FloatArray, inside: Mask) -> Features:
    """Moran's I and Geary's C of z-scores among the 26 neighbours, each of weight 1."""
    together = apart = count = 0.0
    for first, second in _pairs(image, inside, DIRECTIONS):
        together += float((first * second).sum())
        apart += float(((first - second) ** 2).sum())
        count += len(first)
    number = int(inside.sum())
    if not count:
        return dict.fromkeys(("neighbour_moran_i", "neighbour_geary_c"), "no two voxels are neighbours")
    return {
        "neighbour_moran_i": together / count,
        "neighbour_geary_c": (number - 1) / number * apart / (2 * count),
    }


def _scales(image: FloatArray, inside: Mask, spacing_kji_mm: FloatArray) -> Features:
    """Share of the variance that stays when the inside is smoothed; coarse texture keeps more."""
    found: Features = {}
    weight = inside.astype(np.float64)
    for mm in SCALES_MM:
        total, share = (
            ndimage.gaussian_filter(part, mm / spacing_kji_mm, mode="constant", truncate=3.0)
            for part in (image * weight, weight)
        )
        found[f"variance_kept_{mm}mm"] = float((total[inside] / share[inside]).var())
    return found


def _radial(values: FloatArray, depth: FloatArray, places: FloatArray) -> Features:
    """How intensities change from rim to core, and where the high ones lie."""
    ranks, deep = stats.rankdata(values), np.ptp(depth) > 1e-9
    middle = float(np.median(depth))
    core, rim = depth > middle, depth <= middle
    shift = float(np.linalg.norm(ranks @ places / ranks.sum() - places.mean(axis=0)))
    spread = float(np.sqrt(places.var(axis=0).sum()))
    return {
        "depth_correlation": float(np.corrcoef(ranks, stats.rankdata(depth))[0, 1]) if deep else SHALLOW,
        "core_minus_rim": float(values[core].mean() - values[rim].mean()) if core.any() else SHALLOW,
        "rank_shift": shift / spread,
    }


def _habitats(image: FloatArray, inside: Mask, depth: FloatArray, voxel_mm3: float) -> Features:
    values = image[inside]
    centres, habitat = _three_means(values)
    classes = np.full(inside.shape, -1, dtype=np.int64)
    classes[inside] = habitat
    share = np.bincount(habitat, minlength=3) / len(habitat)
    known = share[share > 0]
    unlike = total = 0
    for first, second in _pairs(classes, inside, FACES):
        unlike, total = unlike + int((first != second).sum()), total + len(first)
    border = unlike / total if total else "no two voxels are neighbours"
    chance = 1 - float((share**2).sum())
    found: Features = {
        "habitat_entropy": float(-(known * np.log2(known)).sum()),
        "habitat_border": border,
        "habitat_mixing": border if isinstance(border, str) else border / chance,
        "habitat_separation": 1 - float(((values - centres[habitat]) ** 2).mean()),
    }
    volume_cm3 = len(values) * voxel_mm3 / 1000
    for number, name in enumerate(HABITATS):
        found |= _of_habitat(name, classes == number, depth, volume_cm3)
        found[f"{name}_fraction"] = float(share[number])
    return found


def _of_habitat(name: str, mask: Mask, depth: FloatArray, volume_cm3: float) -> Features:
    if not mask.any():
        return dict.fromkeys((f"{name}_{of}" for of in ("clusters", "largest", "depth")), "no such voxel")
    clusters, count = ndimage.label(mask, TOUCHING)
    return {
        f"{name}_clusters": count / volume_cm3,
        f"{name}_largest": float(np.bincount(clusters[mask]).max() / mask.sum()),
        f"{name}_depth": float(depth[mask].mean()),
    }


def _three_means(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Centres, ascending, and the class of each value."""
    ordered = np.sort(values)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centres = np.quantile(ordered, (1 / 6, 1 / 2, 5 / 6))
    for _ in range(ROUNDS):
        edges = [0, *np.searchsorted(ordered, _limits(centres)), len(ordered)]
        counts = np.diff(edges)
        moved = np.where(counts > 0, np.diff(sums[edges]) / np.maximum(counts, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres, np.searchsorted(_limits(centres), values)


def _limits(centres: FloatArray) -> FloatArray:
    """Half-way between the centres, and so little more that a value there is low whatever the rounding."""
    out: FloatArray = (centres[:-1] + centres[1:]) / 2 + 1e-9
    return out
