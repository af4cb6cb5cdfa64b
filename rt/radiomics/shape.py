"""Form beyond IBSI: roughness, thickness, parts and cavities, of no intensity and no direction."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from skimage.measure import euler_number

from rt.masks import Mask
from rt.radiomics.form import Surface
from rt.radiomics.intensity import Features
from rt.radiomics.region import Region

TOUCHING = np.ones((3, 3, 3), dtype=bool)
"""Voxels that share a corner are one part."""
LEAST_SCALES = 3
"""Box sizes without which no fractal dimension is fitted."""


def shape(region: Region, surface: Surface) -> Features:
    """Features of the morphological mask; lengths in mm."""
    mask = np.pad(region.form_kji[region.box], 1)
    depth = ndimage.distance_transform_edt(mask, sampling=region.spacing_kji_mm)[mask]
    equivalent = (3 * float(mask.sum()) * float(np.prod(region.spacing_kji_mm)) / (4 * math.pi)) ** (1 / 3)
    radii = np.linalg.norm(surface.vertices - surface.vertices.mean(axis=0), axis=1)
    low, high = np.percentile(radii, (5, 95))
    parts, count = ndimage.label(mask, TOUCHING)
    _, outside = ndimage.label(~mask)
    return {
        "equivalent_radius": equivalent,
        "inscribed_radius": float(depth.max()),
        "inscribed_ratio": float(depth.max()) / equivalent,
        "depth_mean": float(depth.mean()),
        "depth_cov": float(depth.std() / depth.mean()),
        "radius_cov": float(radii.std() / radii.mean()),
        "radius_spread": float((high - low) / radii.mean()),
        "parts": float(count),
        "largest_part": float(np.bincount(parts[mask])[1:].max() / mask.sum()),
        "cavities": float(outside - 1),
        "euler_number": float(euler_number(mask, connectivity=3)),
        "fractal_dimension": _fractal_dimension(mask),
    }


def _fractal_dimension(mask: Mask) -> float | str:
    """Of the surface, by counting boxes of 1, 2, 4 … voxels that it meets."""
    shell = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    sizes = 2 ** np.arange(0, int(np.log2(max(np.ptp(shell, axis=0).max(), 1))))
    if len(sizes) < LEAST_SCALES:
        return "the region is too small for boxes of three sizes"
    counts = [len(np.unique(shell // size, axis=0)) for size in sizes]
    return float(-np.polyfit(np.log(sizes), np.log(counts), 1)[0])
