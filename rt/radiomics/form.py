"""The form of a region: IBSI's morphology, and shape features beyond it (IBSI 3.1).

The surface is marching cubes at half of the mask.  Bounding boxes along oblique axes and the minimum volume
enclosing ellipsoid have no reference value in IBSI and are not computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist
from skimage.measure import marching_cubes

from rt.geometry import FloatArray
from rt.masks import Mask
from rt.radiomics.intensity import CONSTANT, Features, mean_of
from rt.radiomics.region import Region

FLAT = "the region has no extent along one axis"
ELLIPSOID_TERMS = 20
"""Of the series of an ellipsoid's area, by IBSI."""
FARTHEST_CHUNK = 2000
"""Corners of the hull whose distances are computed at once."""


@dataclass(frozen=True)
class Surface:
    """The mesh of a region in mm along k, j, i, with its convex hull."""

    vertices: FloatArray
    area: float
    volume: float
    hull: ConvexHull

    @classmethod
    def of(cls, form_kji: Mask, spacing_kji_mm: FloatArray) -> Surface:
        """Marching cubes at half of a mask."""
        solid = np.pad(form_kji, 1).astype(np.float32)
        vertices, faces, _, _ = marching_cubes(solid, 0.5, spacing=tuple(spacing_kji_mm))
        points = np.asarray(vertices, dtype=np.float64) - spacing_kji_mm
        a, b, c = (points[faces[:, n]] for n in range(3))
        area = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
        volume = float(abs(np.einsum("ni,ni->n", a, np.cross(b, c)).sum()) / 6)
        return cls(points, area, volume, ConvexHull(points))

    def diameter(self) -> float:
        """The largest distance of two vertices."""
        corners = self.vertices[self.hull.vertices]
        if len(corners) <= FARTHEST_CHUNK:
            return float(pdist(corners).max())
        parts = [corners[n : n + FARTHEST_CHUNK] for n in range(0, len(corners), FARTHEST_CHUNK)]
        return math.sqrt(max(float(_squared(part, corners).max()) for part in parts))


def _squared(first: FloatArray, second: FloatArray) -> FloatArray:
    out: FloatArray = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    return out


def morphology(region: Region, surface: Surface) -> Features:
    """IBSI's morphological features in mm, with those that weigh the form by intensity."""
    form, inside = region.form_kji[region.box], region.inside_kji[region.box]
    values = region.image_kji[region.box][inside]
    spacing = region.spacing_kji_mm
    volume, area = surface.volume, surface.area
    points = np.argwhere(form) * spacing
    return {
        "volume": volume,
        "vol_approx": float(form.sum() * np.prod(spacing)),
        "area_mesh": area,
        "av": area / volume,
        "comp_1": volume / (math.sqrt(math.pi) * area**1.5),
        "comp_2": 36 * math.pi * volume**2 / area**3,
        "sph_dispr": area / (36 * math.pi * volume**2) ** (1 / 3),
        "sphericity": (36 * math.pi * volume**2) ** (1 / 3) / area,
        "asphericity": (area**3 / (36 * math.pi * volume**2)) ** (1 / 3) - 1,
        "com": _centre_shift(points, np.argwhere(inside) * spacing, values),
        "diam": surface.diameter(),
        **_axes(points, surface),
        **_densities(surface),
        "integ_int": mean_of(values) * volume,
        **_autocorrelation(region.image_kji[region.box], inside, spacing),
    }


def _centre_shift(points: FloatArray, places: FloatArray, values: FloatArray) -> float | str:
    if not (mean := mean_of(values)):
        return "the intensities sum to 0"
    return float(np.linalg.norm(points.mean(axis=0) - values @ places / (mean * len(values))))


def _axes(points: FloatArray, surface: Surface) -> Features:
    """Principal axes of the voxel centres, and the ellipsoid that has them."""
    names = ("pca_maj_axis", "pca_min_axis", "pca_least_axis")
    ratios = ("pca_elongation", "pca_flatness", "vol_dens_aee", "area_dens_aee")
    if len(points) < 2:
        return dict.fromkeys((*names, *ratios), "one voxel has no axes")
    lengths = 4 * np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(points.T))[::-1], 0))
    found: Features = {name: float(length) for name, length in zip(names, lengths, strict=True)}
    a, b, c = (float(length) / 2 for length in lengths)
    found["pca_elongation"], found["pca_flatness"] = b / a, c / a
    if c <= 1e-9 * a:
        return {**found, "vol_dens_aee": FLAT, "area_dens_aee": FLAT}
    found["vol_dens_aee"] = surface.volume / (4 / 3 * math.pi * a * b * c)
    found["area_dens_aee"] = surface.area / _ellipsoid_area(a, b, c)
    return found


def _ellipsoid_area(a: float, b: float, c: float) -> float:
    """IBSI's series of 20 terms for semi-axes a, b and c.

    It is not the area of the ellipsoid: its eccentricities are both of the major axis, which gives 4 % less
    on the digital phantom, but the reference values were made by it.  The products of powers and Legendre
    polynomials come by their recurrence, which does not divide by an eccentricity of 0.
    """
    half, squared = (2 - (b / a) ** 2 - (c / a) ** 2) / 2, (1 - (b / a) ** 2) * (1 - (c / a) ** 2)
    before, term, total = 0.0, 1.0, 0.0
    for n in range(ELLIPSOID_TERMS + 1):
        total += term / (1 - 4 * n * n)
        before, term = term, ((2 * n + 1) * half * term - n * squared * before) / (n + 1)
    return 4 * math.pi * a * b * total


def _densities(surface: Surface) -> Features:
    a, b, c = (float(length) for length in np.ptp(surface.vertices, axis=0))
    return {
        "vol_dens_aabb": surface.volume / (a * b * c),
        "area_dens_aabb": surface.area / (2 * (a * b + b * c + a * c)),
        "vol_dens_conv_hull": surface.volume / float(surface.hull.volume),
        "area_dens_conv_hull": surface.area / float(surface.hull.area),
    }


def _autocorrelation(image: FloatArray, inside: Mask, spacing: FloatArray) -> Features:
    """Moran's I and Geary's C over all pairs of voxels, weighted by 1 / distance.

    The weights depend on the offset only, so the sums over pairs are convolutions: exact, and in seconds
    where pairs are billions.
    """
    values = image[inside]
    count, mean = len(values), float(values.mean())
    scatter = float(((values - mean) ** 2).sum())
    if scatter <= 1e-20 * max(1.0, mean**2) * count:
        return dict.fromkeys(("moran_i", "geary_c"), CONSTANT)
    centred = np.where(inside, image - mean, 0.0)
    around, around_values = _weighted_sums(inside.astype(np.float64), centred, spacing)
    weights = float(around[inside].sum())
    moran = float((centred * around_values)[inside].sum())
    geary = 2 * float((centred**2 * around)[inside].sum()) - 2 * moran
    return {
        "moran_i": count / weights * moran / scatter,
        "geary_c": (count - 1) / (2 * weights) * geary / scatter,
    }


def _weighted_sums(
    ones: FloatArray, values: FloatArray, spacing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both arrays summed over all other voxels with weights 1 / distance, by fast Fourier transform."""
    shape = [fft.next_fast_len(2 * n - 1, real=True) for n in ones.shape]
    distance = np.zeros(shape)
    for axis, (length, mm) in enumerate(zip(shape, spacing, strict=True)):
        steps = np.minimum(np.arange(length), length - np.arange(length)) * mm
        distance = distance + np.expand_dims(steps**2, tuple(n for n in range(3) if n != axis))
    distance[0, 0, 0] = np.inf
    weights = fft.rfftn(1 / np.sqrt(distance))
    own = tuple(slice(n) for n in ones.shape)
    first, second = (fft.irfftn(weights * fft.rfftn(part, shape), shape)[own] for part in (ones, values))
    return first, second
