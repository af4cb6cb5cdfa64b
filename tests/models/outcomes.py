"""Toy patients of outcome: noise, with a bright spot somewhere in those who have the event."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.outcome.cohort import OutcomeCohort
from models.outcome.config import Augmentation, CropConfig, OutcomeConfig
from models.outcome.crops import Crop
from rt.cohort import CohortTable, Column, Endpoint
from rt.geometry import Grid

SIZE = 16
CONFIG = OutcomeConfig(
    "progression", CropConfig(size=SIZE), ("marker", "site"), channels=(8, 16), folds=3, members=2, epochs=12,
    learning_rate=5e-3, augmentation=Augmentation(shift_mm=0, rotation_deg=0), seed=3,
)  # fmt: skip
GRID = Grid.of([SIZE] * 3, [4.0] * 3, [0, 0, 0], np.eye(3))


def toy_cohort(
    count: int, seed: int, brightness: float
) -> tuple[OutcomeCohort, dict[str, npt.NDArray[np.bool_]]]:
    """A cohort of `count` patients, and where the spot of each lies."""
    rng = np.random.default_rng(seed)
    events = np.arange(count) % 5 < 2
    crops, spots = {}, {}
    for number, event in enumerate(events):
        name = f"p{number}"
        k, j, i = rng.integers(2, SIZE - 6, 3)
        spot = np.zeros((SIZE,) * 3, dtype=bool)
        spot[k : k + 4, j : j + 4, i : i + 4] = True
        image = rng.normal(0, 0.3, (SIZE,) * 3) + brightness * event * spot
        crops[name] = Crop(np.stack([image, np.ones_like(image)]).astype(np.float32), GRID)
        spots[name] = spot
    table = CohortTable(
        tuple(crops),
        ("train",) * count,
        (
            Column("marker", "number", tuple(float(v) for v in rng.normal(0.4 * events, 1))),
            Column("site", "category", tuple("AB"[v] for v in rng.integers(2, size=count))),
        ),
        (),
        (Endpoint("progression", "binary", tuple(int(v) for v in events)),),
    )
    return OutcomeCohort(table, crops), spots


def as_survival(cohort: OutcomeCohort) -> OutcomeCohort:
    """The same patients: those with the event have it early, the others are followed for long."""
    rng = np.random.default_rng(0)
    events = cohort.table.endpoints[0].events
    times = tuple(float(rng.uniform(1, 10) if event else rng.uniform(8, 20)) for event in events)
    table = replace(cohort.table, endpoints=(Endpoint("progression", "survival", events, times),))
    return replace(cohort, table=table)
