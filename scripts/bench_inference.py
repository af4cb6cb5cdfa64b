"""The shipped network on a large CT: `segment` beside the bare network, our windows beside those of MONAI.

Everything is processor time, the median of `REPEATS`, each round of one after the other's: other work on the
machine lengthens the wall time of both, not this.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers import SlidingWindowInferer

from models.devices import mixed_precision
from models.inference.segment import OVERLAP, segment
from models.inference.sliding_window import Windows, filled_windows, predict_probabilities
from models.registry.network import Network, NetworkManifest, load_network
from rt.metrics import dice
from scripts.bench_figures import Figure, median
from scripts.bench_patient import ct_volume

SLICES = 150
REPEATS = 3
MOST = 1.15
"""Times the bare network that a whole segmentation may need (issue 4)."""
SIGMA = 0.125
"""Of the Gaussian weight, in parts of a window: ours, and MONAI's default."""


def beside_monai(weights: Path, matrix: int) -> Iterator[Figure]:
    """Of the head-and-neck network on `matrix` x `matrix` x 150 voxels."""
    folder = weights / "head-neck-oar" / "1"
    manifest = NetworkManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    network = load_network(manifest, (folder / "weights.safetensors").read_bytes())
    hu_kji, grid = ct_volume(matrix, SLICES)
    values = manifest.window.prepare(hu_kji, grid, manifest.spacing_mm).values_kji
    patches = filled_windows(values, manifest.patch, OVERLAP)
    whole, bare = _in_turn(lambda: segment(network, hu_kji, grid), lambda: _bare(network, patches))
    note = f"{len(patches)} windows, each seen twice, {torch.get_num_threads()} threads"
    yield Figure("segment, processor time", whole, "s", bare, "the bare network", most=MOST, note=note)
    ours, monais = _in_turn(lambda: _ours(network, values), lambda: _monais(network, values))
    yield Figure(
        "one view by our windows, processor time", ours, "s", monais, "MONAI SlidingWindowInferer", most=1
    )
    cut = [
        (a > manifest.rule(name).threshold, b > manifest.rule(name).threshold)
        for name, a, b in zip(
            manifest.structures, _ours(network, values), _monais(network, values), strict=True
        )
    ]
    yield Figure("    worst Dice between the two", min(dice(a, b) for a, b in cut if a.any()), "")


def _in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Medians of processor time (s), after a round that does not count."""
    taken: list[list[float]] = [[], []]
    for _ in range(REPEATS + 1):
        for work, times in zip((one, other), taken, strict=True):
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
    return median(taken[0][1:]), median(taken[1][1:])


@torch.inference_mode()
def _bare(network: Network, patches: list[torch.Tensor]) -> None:
    for patch in patches * 2:  # the picture and its mirror image
        with mixed_precision(network.device):
            network.module(patch)


def _ours(network: Network, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    manifest = network.manifest
    windows = Windows(len(manifest.structures), manifest.patch, OVERLAP, network.device)
    return predict_probabilities(network.module, values, windows)


@torch.inference_mode()
def _monais(network: Network, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    def probability(patch: torch.Tensor) -> torch.Tensor:
        with mixed_precision(network.device):
            logits = network.module(patch)
        return torch.sigmoid(logits.float())

    inferer = SlidingWindowInferer(
        [network.manifest.patch] * 3, 1, OVERLAP, "gaussian", SIGMA, "constant", cval=-1.0
    )
    seen: npt.NDArray[np.float32] = inferer(torch.from_numpy(values)[None, None], probability)[0].numpy()
    return seen
