"""What a prediction says about the use of correcting it: expected Dice, and a descriptor of the scan.

The descriptor does not depend on the architecture: the body's extent, how its voxels spread over the
network's range, and the volumes of what was drawn.  `rt.acquisition` makes an order of both.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from models.inference.plausibility import Finding
from models.registry.network import NetworkManifest
from rt.acquisition import Outlook, expected_dice

BINS = 8
EMPTY = -0.99
"""A voxel below this is air or outside."""


def outlook(
    manifest: NetworkManifest,
    probability: npt.NDArray[np.float16],
    values_kji: npt.NDArray[np.float32],
    findings: Iterable[Finding] = (),
) -> Outlook:
    """The outlook of a scan seen as `values_kji` (k, j, i), with `probability` (structures, k, j, i)."""
    cuts = [manifest.rule(name).threshold for name in manifest.structures]
    expected = {
        name: round(expected_dice(probability[n], cuts[n]), 4)
        for n, name in enumerate(manifest.structures)
        if not manifest.rule(name).may_be_absent or (probability[n] > cuts[n]).any()
    }
    voxel_cc = manifest.spacing_mm**3 / 1000
    volumes = [float((probability[n] > cut).sum()) * voxel_cc for n, cut in enumerate(cuts)]
    described = (*_appearance(values_kji, manifest.spacing_mm), *np.log1p(volumes).tolist())
    doubted = frozenset(f.structure for f in findings) & expected.keys()
    return Outlook(expected, frozenset(doubted), tuple(round(value, 4) for value in described))


def _appearance(values_kji: npt.NDArray[np.float32], spacing_mm: float) -> list[float]:
    """Logarithms of the three extents in mm, and roots of the shares of the body's voxels in eight bins."""
    inside = values_kji[values_kji > EMPTY]
    counts = np.histogram(inside, BINS, (-1.0, 1.0))[0]
    extents = np.log(np.array(values_kji.shape) * spacing_mm)
    return [*extents.tolist(), *np.sqrt(counts / max(1, len(inside))).tolist()]
