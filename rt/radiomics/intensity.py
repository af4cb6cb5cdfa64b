"""Intensities without their places: local peak, statistics, histogram and intensity-volume histogram (IBSI).

Each function gives its family's features by IBSI's abbreviations; a feature that does not exist for these
intensities is the reason in words.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from rt.geometry import FloatArray
from rt.radiomics.grey_levels import Levels
from rt.radiomics.region import PEAK_RADIUS_MM, Region
from rt.radiomics.settings import Discretisation

Features = dict[str, float | str]
"""Values by name; text says why there is none."""

CONSTANT = "all intensities are equal"
NOTHING = 1e-9
"""Of the mean magnitude: a mean below is 0."""
ONE_LEVEL = "there is one grey level"


def local_intensity(region: Region) -> Features:
    """Mean in a sphere of 1 cm³ around the brightest voxel, and the largest such mean (IBSI 3.2)."""
    spacing, image = region.spacing_kji_mm, region.image_kji
    reach = np.floor(PEAK_RADIUS_MM / spacing).astype(int)
    offsets = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1) * spacing
    ball = (np.linalg.norm(offsets, axis=-1) <= PEAK_RADIUS_MM).astype(np.float64)
    k, j, i = (slice(max(0, s.start - n), s.stop + n) for s, n in zip(region.box, reach, strict=True))
    part, inside = image[k, j, i], region.inside_kji[k, j, i]
    total = ndimage.correlate(part, ball, mode="constant")
    means = (total / ndimage.correlate(np.ones_like(part), ball, mode="constant"))[inside]
    values = part[inside]
    return {
        "peak_loc": float(means[values == values.max()].max()),
        "peak_glob": float(means.max()),
    }


def mean_of(values: FloatArray) -> float:
    """The mean; 0 where it is so by normalisation, without the rounding that would pass for a finding."""
    mean = float(values.mean())
    return 0.0 if abs(mean) <= NOTHING * float(np.abs(values).mean()) else mean


def statistics(values: FloatArray) -> Features:
    """Of the intensities inside, in their unit (IBSI 3.3)."""
    mean, std = mean_of(values), float(values.std())
    p10, p25, median, p75, p90 = (float(p) for p in np.percentile(values, (10, 25, 50, 75, 90)))
    middle = values[(values >= p10) & (values <= p90)]
    return {
        **_moments(values),
        "median": median,
        "min": float(values.min()),
        "p10": p10,
        "p90": p90,
        "max": float(values.max()),
        "iqr": p75 - p25,
        "range": float(np.ptp(values)),
        "mad": float(np.abs(values - mean).mean()),
        "rmad": float(np.abs(middle - middle.mean()).mean()) if len(middle) else CONSTANT,
        "medad": float(np.abs(values - median).mean()),
        "cov": std / mean if mean else "the mean is 0",
        "qcod": (p75 - p25) / (p75 + p25) if p75 + p25 else "the quartiles sum to 0",
        "energy": float((values**2).sum()),
        "rms": math.sqrt(float((values**2).mean())),
    }


def _moments(values: FloatArray) -> Features:
    mean, std = mean_of(values), float(values.std())
    constant = std <= 1e-12 * max(1.0, abs(mean))
    scaled = (values - mean) / (1.0 if constant else std)
    return {
        "mean": mean,
        "var": std**2,
        "skew": CONSTANT if constant else float((scaled**3).mean()),
        "kurt": CONSTANT if constant else float((scaled**4).mean()) - 3,
    }


def histogram(levels: Levels) -> Features:
    """Of the grey levels (IBSI 3.4)."""
    values = levels.flat[levels.flat > 0].astype(np.float64)
    counts = np.bincount(values.astype(np.int64), minlength=levels.count + 1)[1:].astype(np.float64)
    found = {name: value for name, value in statistics(values).items() if name not in ("energy", "rms")}
    share = counts[counts > 0] / counts.sum()
    modes = np.flatnonzero(counts == counts.max()) + 1
    found["mode"] = float(modes[np.abs(modes - values.mean()).argmin()])
    found["entropy"] = float(-(share * np.log2(share)).sum()) + 0.0
    found["uniformity"] = float((share**2).sum())
    gradient = np.gradient(counts) if len(counts) > 1 else None
    for name, at in (("max_grad", np.argmax), ("min_grad", np.argmin)):
        where = None if gradient is None else int(at(gradient))
        found[name] = ONE_LEVEL if gradient is None or where is None else float(gradient[where])
        found[f"{name}_g"] = ONE_LEVEL if where is None else float(where + 1)
    return found


def volume_histogram(values: FloatArray, bins: Discretisation | None, lowest: float | None) -> Features:
    """Volume above an intensity, intensity above which a volume lies (IBSI 3.5); None: whole numbers."""
    at, share = _curve(values, bins, lowest)
    reach = (at - at[0]) / (at[-1] - at[0]) if len(at) > 1 else np.zeros(1)
    found: Features = {}
    for percent in (10, 90):
        found[f"v{percent}"] = float(share[reach >= percent / 100 - 1e-9].max()) if len(at) > 1 else CONSTANT
    for percent in (10, 90):
        low_enough = at[share <= percent / 100 + 1e-9]
        found[f"i{percent}"] = float(low_enough.min()) if len(low_enough) else float(at[-1])
    for kind in "vi":
        ten, ninety = found[f"{kind}10"], found[f"{kind}90"]
        known = not isinstance(ten, str) and not isinstance(ninety, str)
        name = f"diff_{kind}10_{kind}90"
        found[name] = ten - ninety if known else CONSTANT  # type: ignore[operator]
    return found


def _curve(
    values: FloatArray, bins: Discretisation | None, lowest: float | None
) -> tuple[FloatArray, FloatArray]:
    """Intensities, ascending, and the share of the volume that has at least each."""
    least, most = float(values.min()), float(values.max())
    begin = least if lowest is None else lowest
    if bins is None:
        at = np.arange(math.floor(begin), math.ceil(most) + 1, dtype=np.float64)
        return at, _share(values, at)
    if bins.method == "fixed-bin-size":
        begin = math.floor(least / bins.value) * bins.value if lowest is None else lowest
        count = math.floor((most - begin) / bins.value) + 1
        edges = begin + np.arange(count, dtype=np.float64) * bins.value
        return edges + bins.value / 2, _share(values, edges)
    count = int(bins.value) if most > least else 1
    return np.arange(1.0, count + 1), _share(values, least + np.arange(count) * (most - least) / count)


def _share(values: FloatArray, at: FloatArray) -> FloatArray:
    return 1 - np.searchsorted(np.sort(values), at, side="left") / len(values)
