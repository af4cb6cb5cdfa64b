"""Features beside plain pyradiomics, in an environment of its own: time, and values that mean the same.

The region is a ball of 20 mL in smooth noise on voxels of 1 mm, so that neither side resamples; both make the
same images (LoG of 1 to 5 mm, coif1 wavelet) and 32 bins.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.radiomics import Discretisation, Settings, extract, presets
from rt.resample import write_nifti
from scripts.bench_figures import Figure, median
from scripts.peer_environment import INSTALL_S, last_line, peer_python
from scripts.pyradiomics_names import own_name, own_value

INSTALLS = (
    ("setuptools", "wheel", "numpy<2.5", "SimpleITK", "PyWavelets", "pykwalify", "six"),
    ("--no-deps", "--no-build-isolation", "pyradiomics==3.0.1"),
)
"""Its last release that builds; it asks for numpy before pip would install it, and for a C compiler."""
GRID = Grid.of([128] * 3, [1.0] * 3, [-63.5] * 3, np.eye(3))
RADIUS_MM = 16.84
REPEATS = 3
LIMIT_S = 12.0
"""100 regions of 20 mL in 10 minutes on two cores."""
SIGMAS_MM = (1.0, 2.0, 3.0, 4.0, 5.0)
FAMILIES = ("stat", "cm", "rlm", "szm", "ngt", "ngl")
SAME = Settings(
    families=("morph", *FAMILIES),
    filtered_families=FAMILIES,
    aggregations=("3D_avg",),
    discretisation=Discretisation("fixed-bin-number", 32),
    log_sigmas_mm=SIGMAS_MM,
    wavelet="coif1",
)
THEIRS = {
    "settings": {"binCount": 32},
    "images": {"Original": {}, "LoG": {"sigma": SIGMAS_MM}, "Wavelet": {"wavelet": "coif1"}},
    "repeats": REPEATS,
}
EQUAL = 1e-6
"""Relative."""
CLOSE = 0.02
"""Of their LoG, whose Gaussian is a recursive approximation; ours is a sum up to 4 sigma."""


def beside_pyradiomics(folder: Path, cache: Path) -> Iterator[Figure]:
    """Processor time of both and of the CT preset, then how many values of the same meaning agree."""
    image, mask = _region()
    seconds, count, _ = _timed(image, mask, presets()["ct"])
    yield Figure(f"CT preset, 20 mL, {count} features", seconds, "s", LIMIT_S)
    theirs = _theirs(folder, cache, image, mask)
    seconds, count, ours = _timed(image, mask, SAME)
    label = f"the images and families of pyradiomics, {count} features"
    yield Figure(label, seconds, "s", median(theirs["seconds"]) if theirs else None, "pyradiomics")
    if theirs:
        yield from _agreement(ours, theirs["values"])


def _region() -> tuple[FloatArray, Mask]:
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=GRID.shape_kji), 1.5)
    image = np.rint(40 + 30 * noise / noise.std())
    k, j, i = np.indices(GRID.shape_kji) - 63.7
    return image, k**2 + j**2 + i**2 <= RADIUS_MM**2


def _timed(image: FloatArray, mask: Mask, settings: Settings) -> tuple[float, int, dict[str, float]]:
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        values = extract(image, mask, GRID, settings).values
        seconds.append(time.process_time() - began)
    return median(seconds), len(values), values


def _theirs(folder: Path, cache: Path, image: FloatArray, mask: Mask) -> dict[str, Any]:
    """What pyradiomics finds; empty, with the reason printed, where it cannot be had."""
    files = {name: str(folder / f"radiomics-{name}.nii") for name in ("image", "mask")}
    write_nifti(Path(files["image"]), image, GRID)
    write_nifti(Path(files["mask"]), mask, GRID)
    wanted = folder / "pyradiomics.json"
    wanted.write_text(json.dumps({**THEIRS, **files}))
    script = Path(__file__).with_name("pyradiomics_features.py")
    try:
        command = [str(peer_python(cache, *INSTALLS)), str(script), str(wanted)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        sys.stdout.write(f"  pyradiomics cannot be had, no peer: {last_line(error)}\n")
        return {}
    results: dict[str, Any] = json.loads(ran.stdout)
    return results


def _agreement(ours: dict[str, float], theirs: dict[str, float]) -> Iterator[Figure]:
    """Of each kind of image, how many values are equal."""
    apart: dict[str, list[tuple[float, str]]] = {}
    for name, value in theirs.items():
        own = own_name(name)
        if own is not None:
            wanted = own_value(name, value)
            difference = abs(ours[own] - wanted) / max(abs(wanted), 1e-9)
            apart.setdefault(name.split("-")[0].split("_")[0], []).append((difference, own))
    for kind, found in apart.items():
        limit = CLOSE if kind == "log" else EQUAL
        agreed, (worst, name) = sum(d <= limit for d, _ in found), max(found)
        label = f"{kind}: values within {limit:g} of theirs, of {len(found)}"
        yield replace(Figure(label, agreed, ""), note=f"farthest {worst:.2g}, {name}")
