"""Outcomes planted by a known rule on real patients, so that what is found can be held against the truth.

The images stay as they are.  A rule names a quantity that is measured on each patient; its rank among the
patients, as a normal score, decides by a logistic curve of a given steepness how likely the event is, and
chance decides the rest.  So even who knows the quantity cannot predict everybody: `PlantedOutcome.ceiling` is
the AUC that knowing it has.  Beside the images stand three clinical variables, of which one is weakly
related to the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize, special, stats

from models.outcome.crops import Patient
from models.statistics import merit
from rt.cohort import CohortTable, Column, Endpoint, Role
from rt.cropping import Region
from rt.errors import DoseError
from rt.masks import Mask, bounding_box, padded_box, volume_cc

Rule = Literal["texture", "dose", "volume", "nothing"]
RULES: tuple[Rule, ...] = get_args(Rule)
TUMOUR = Region(("PTV_High",))
PAROTIDS = ("Parotid_L", "Parotid_R")
HOT_PAROTIDS = Region(PAROTIDS, any_of=True, isodose_gy=20.0)
ENDPOINT = "planted"
SMOOTHED_VOXELS = 1.0
"""Standard deviation of the Gaussian whose difference from the image is the texture."""


@dataclass(frozen=True)
class Planting:
    """A rule and how strongly it holds."""

    rule: Rule
    seed: int = 1
    effect: float = 2.5
    """Logit a standard deviation of the normal score."""
    event_rate: float = 0.35
    clinical_auc: float = 0.6
    """Of the one clinical variable that is related to the outcome; of `nothing` none is."""


@dataclass(frozen=True)
class PlantedOutcome:
    """Outcomes of patients, and what they were planted by."""

    patients: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    """(n,) normal scores of the measured quantity; 0 of `nothing`."""
    events: npt.NDArray[np.int64]
    clinical: tuple[Column, ...]

    @property
    def ceiling(self) -> float:
        """AUC of the quantity itself; .5 where there is none."""
        return merit.auc(self.events, self.scores).value if self.scores.any() else 0.5

    def table(self, features: tuple[Column, ...] = ()) -> CohortTable:
        """The cohort, all of it to learn from: nested folds are what judges."""
        roles: tuple[Role, ...] = tuple("train" for _ in self.patients)
        endpoint = Endpoint(ENDPOINT, "binary", tuple(self.events.tolist()))
        return CohortTable(self.patients, roles, self.clinical, features, (endpoint,))


def texture(patient: Patient) -> float:
    """Mean absolute difference in HU between the tumour's voxels and their Gaussian-smoothed surroundings."""
    mask = TUMOUR.mask(patient.masks_kji, patient.grid, patient.dose)
    box = bounding_box(mask)
    assert box is not None
    box = padded_box(box, (4, 4, 4), mask.shape)
    image = patient.image_kji[box].astype(np.float64)
    return float(np.abs(image - ndimage.gaussian_filter(image, SMOOTHED_VOXELS))[mask[box]].mean())


def hot_dose(patient: Patient) -> float:
    """Mean dose in Gy of the part of both parotids that gets 20 Gy or more."""
    if patient.dose is None:
        raise DoseError("there is no dose")
    mask: Mask = HOT_PAROTIDS.mask(patient.masks_kji, patient.grid, patient.dose)
    return float(patient.dose.on(patient.grid)[0][mask].mean())


def volume(patient: Patient) -> float:
    """Volume of the tumour in cm³."""
    return volume_cc(TUMOUR.mask(patient.masks_kji, patient.grid, patient.dose), patient.grid)


QUANTITIES: dict[Rule, Callable[[Patient], float]] = {
    "texture": texture, "dose": hot_dose, "volume": volume,
}  # fmt: skip
"""What each rule measures; `nothing` measures nothing."""


def plant(planting: Planting, measured: Mapping[str, float]) -> PlantedOutcome:
    """Outcomes of the patients in whom the quantity was measured; the same for the same seed."""
    names = tuple(measured)
    chance = np.random.default_rng([planting.seed, RULES.index(planting.rule)])
    scores = np.zeros(len(names))
    if planting.rule != "nothing":
        ranks = stats.rankdata([measured[name] for name in names])
        scores = stats.norm.ppf((ranks - 0.5) / len(names))
    shift = optimize.brentq(
        lambda shift: special.expit(shift + planting.effect * scores).mean() - planting.event_rate, -30, 30
    )
    events = (chance.random(len(names)) < special.expit(shift + planting.effect * scores)).astype(np.int64)
    return PlantedOutcome(names, scores, events, _clinical(planting, events, chance))


def _clinical(
    planting: Planting, events: npt.NDArray[np.int64], chance: np.random.Generator
) -> tuple[Column, ...]:
    """A marker apart by as much as gives the AUC wanted (Φ(d/√2)), and two that are chance."""
    wanted = 0.5 if planting.rule == "nothing" else planting.clinical_auc
    apart = 2**0.5 * float(stats.norm.ppf(wanted))
    marker = chance.normal(apart * events, 1.0)
    age = chance.normal(62, 9, len(events)).round()
    sex = chance.choice(["F", "M"], len(events), p=[0.25, 0.75])
    return (
        Column("marker", "number", tuple(marker.round(3).tolist())),
        Column("age", "number", tuple(age.tolist()), "a"),
        Column("sex", "category", tuple(str(one) for one in sex)),
    )
