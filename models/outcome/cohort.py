"""The patients of an analysis: a frozen table, a crop each, and the splits that keep every patient in one
part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedKFold

from models.outcome.config import OutcomeConfig
from models.outcome.crops import Crop
from models.outcome.losses import Truth
from models.statistics.errors import AnalysisConfigError, MissingValues, OneClass, TooFewEvents
from rt.cohort import CohortTable, Column, Endpoint
from rt.errors import GeometryError, VoxelsNotNumbers

Rows = npt.NDArray[np.intp]
EVENTS_A_PART = 3
"""Patients of the rarer outcome that each part of a split has to hold."""


@dataclass(frozen=True)
class OutcomeCohort:
    """A frozen cohort with what a network sees of its patients."""

    table: CohortTable
    crops: Mapping[str, Crop]
    """By patient."""
    failed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Patients of whom no crop can be made, with the slug and the words of the refusal."""


@dataclass(frozen=True)
class Patients:
    """Those of a cohort whose outcome and crop are known, a row each."""

    table: CohortTable
    endpoint: Endpoint
    rows: Rows
    """Of each its row in the table."""
    crops: torch.Tensor
    """(n, channels, k, j, i)."""
    events: npt.NDArray[np.float64]
    """(n,) 1: the event; competing events count as censored."""
    times: npt.NDArray[np.float64] | None
    left_out: list[dict[str, str]]
    """`{"patient", "slug", "detail"}` of those who are not among them."""

    @property
    def truth(self) -> Truth:
        """Outcomes as tensors."""
        times = None if self.times is None else torch.tensor(self.times, dtype=torch.float32)
        return Truth(torch.tensor(self.events, dtype=torch.float32), times)

    @property
    def train(self) -> Rows:
        """Places among the patients (not rows of the table) of those to learn from."""
        return np.flatnonzero([self.table.roles[row] == "train" for row in self.rows])

    @property
    def test(self) -> Rows:
        """Places of those who were set aside once."""
        return np.flatnonzero([self.table.roles[row] == "test" for row in self.rows])

    def name(self, place: int) -> str:
        """The patient at a place."""
        return self.table.patients[int(self.rows[place])]

    def values(self, column: Column) -> list[float | str | None]:
        """A column's values of these patients."""
        return [column.values[row] for row in self.rows]


def gather(cohort: OutcomeCohort, config: OutcomeConfig) -> Patients:
    """The patients that can be used.

    RtError where table and configuration do not fit, MissingValues where neither crop nor refusal is there,
    GeometryError or VoxelsNotNumbers of a crop that is not the configuration's, OneClass, TooFewEvents.
    """
    endpoint, table = cohort.table.endpoint(config.endpoint), cohort.table
    clinical = {one.name for one in table.clinical}
    if unknown := [name for name in config.clinical if name not in clinical]:
        raise AnalysisConfigError("is no clinical variable of the cohort", where=", ".join(unknown))
    rows, crops, left_out = list[int](), list[torch.Tensor](), list[dict[str, str]]()
    for row, (patient, event) in enumerate(zip(table.patients, endpoint.events, strict=True)):
        if event is None:
            left_out.append(
                {"patient": patient, "slug": "missing-values", "detail": "the outcome is unknown"}
            )
        elif patient in cohort.failed:
            slug, detail = cohort.failed[patient]
            left_out.append({"patient": patient, "slug": slug, "detail": detail})
        elif patient not in cohort.crops:
            raise MissingValues("has no crop", where=patient)
        else:
            rows.append(row)
            crops.append(_checked(cohort.crops[patient], config, patient))
    events = np.array([1.0 if endpoint.events[row] == 1 else 0.0 for row in rows])
    times = np.array([endpoint.times[row] for row in rows], float) if endpoint.times else None
    if len(set(events.tolist())) < 2:
        raise OneClass(f"all {len(rows)} patients with a crop have the same outcome", where=endpoint.name)
    found = Patients(table, endpoint, np.array(rows), torch.stack(crops), events, times, left_out)
    _require_events(found, config)
    return found


def _checked(crop: Crop, config: OutcomeConfig, patient: str) -> torch.Tensor:
    wanted = (len(config.crop.channels), *[config.crop.size] * 3)
    if crop.values.shape != wanted:
        raise GeometryError(f"crop of {crop.values.shape} is not the configuration's {wanted}", where=patient)
    if not np.isfinite(crop.values).all():
        raise VoxelsNotNumbers("the crop has voxels that are no numbers", where=patient)
    if not crop.region_kji.any():
        raise GeometryError("the crop holds nothing of the region", where=patient)
    return torch.from_numpy(crop.values)


def _require_events(patients: Patients, config: OutcomeConfig) -> None:
    events = patients.events[patients.train]
    rarer = int(min(events.sum(), (1 - events).sum()))
    smallest = EVENTS_A_PART * max(config.folds, -(-config.members * config.folds // (config.folds - 1)))
    if rarer < smallest:
        raise TooFewEvents(
            f"{rarer} training patients of the rarer outcome: {config.folds} folds of {config.members} parts "
            f"need {smallest}",
            where=patients.endpoint.name,
        )


def parts_of(events: npt.NDArray[np.float64], count: int, seed: int) -> list[Rows]:
    """Patients cut into parts with the same share of events: every place stands in exactly one."""
    cut = StratifiedKFold(count, shuffle=True, random_state=seed)
    return [np.sort(part) for _, part in cut.split(events, events.astype(int))]
