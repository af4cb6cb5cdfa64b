"""A whole dose-outcome map: 75 patients, an organ of 32³ voxels, all of its folds, permutations and halves.

The doses are smooth noise, the organ a ball; the outcome depends on the dose in an eighth of its box.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from models.dose_maps import MapConfig, Outcome, Run, Study, analyse
from scripts.bench_figures import Figure

PATIENTS, SIZE = 75, 32
LIMIT_S = 1200.0
"""10 minutes on two cores."""


def whole_analysis(folder: Path) -> Iterator[Figure]:
    """Processor time with the default settings of the convex solver."""
    study = _study()
    began = time.process_time()
    result, _ = analyse(study, MapConfig(), Run(folder / "dose-map.safetensors"))
    label = f"{PATIENTS} patients, {SIZE}³, default settings, processor time"
    note = f"any p = {result['significance']['any_p']:.3g}, {result['organ']['blocks']} blocks"
    yield Figure(label, time.process_time() - began, "s", LIMIT_S, note=note)


def _study() -> Study:
    rng = np.random.default_rng(0)
    doses = [ndimage.gaussian_filter(rng.normal(size=(SIZE,) * 3), 5) for _ in range(PATIENTS)]
    nkji = np.stack(doses)
    nkji = (30 + 10 * nkji / nkji.std()).astype(np.float32)
    organ = ((np.indices((SIZE,) * 3) - 15.5) ** 2).sum(0) <= 15.5**2
    quantity = nkji[:, 8:24, 8:16, 8:16].mean(axis=(1, 2, 3))
    quantity = (quantity - quantity.mean()) / quantity.std()
    outcome = Outcome("continuous", 0.55 * quantity + 0.84 * rng.normal(size=PATIENTS))
    return Study(
        nkji, np.asarray(organ), (2.0, 2.0, 2.0), outcome, rng.normal(size=(PATIENTS, 2)), ("a", "b")
    )
