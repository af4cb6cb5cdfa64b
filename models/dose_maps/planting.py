"""Sensitive regions planted in real doses: outcomes by a known rule, and how well a map finds the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special, stats

from models.dose_maps.study import Kind, Mask, Outcome, Study, Vector, Volume

OUTLYING_MM = 8.0
"""Farther than this from the region a significant voxel is a false discovery that nearness cannot excuse."""


@dataclass(frozen=True)
class Planting:
    """A rule and how strongly it holds."""

    kind: Kind = "continuous"
    r2: float = 0.3
    """Of a continuous outcome: the planted quantity's share of the variance; 0 plants nothing."""
    odds_ratio: float = 2.5
    """Of a binary one, a standard deviation of the quantity (of survival: hazard ratio); 1 plants nothing."""
    event_rate: float = 0.35
    share: float = 0.15
    """Of the organ that is sensitive."""
    clinical: float = 0.3
    """Effect of a standard deviation of the clinical term, in those of the outcome or as log odds."""
    seed: int = 1


@dataclass(frozen=True)
class Planted:
    """A study whose truth is known."""

    study: Study
    region_kji: Mask
    quantity: Vector
    """(n,) mean dose of the region, standardised."""


def plant(planting: Planting, doses_nkji: Volume, mask_kji: Mask, spacing_mm: float) -> Planted:
    """Outcomes of patients with these doses; region and chance by the seed.

    The region is the part of the organ nearest to a voxel drawn at random.
    """
    rng = np.random.default_rng([planting.seed, len(doses_nkji)])
    places = np.argwhere(mask_kji)
    middle = places[np.random.default_rng(planting.seed).integers(len(places))]
    far = np.linalg.norm(places - middle, axis=1)
    region = np.zeros_like(mask_kji)
    region[tuple(places[np.argsort(far, kind="stable")[: round(planting.share * len(places))]].T)] = True
    quantity = doses_nkji[:, region].mean(axis=1, dtype=np.float64)
    quantity = (quantity - quantity.mean()) / quantity.std()
    age = rng.normal(size=len(quantity))
    outcome = _outcome(planting, quantity, age, rng)
    spacing = (spacing_mm, spacing_mm, spacing_mm)
    study = Study(doses_nkji, mask_kji, spacing, outcome, age[:, None], ("age",))
    return Planted(study, region, quantity)


def _outcome(planting: Planting, quantity: Vector, age: Vector, rng: np.random.Generator) -> Outcome:
    n = len(quantity)
    if planting.kind == "continuous":
        noise = rng.normal(size=n) * (1 - planting.r2) ** 0.5
        return Outcome("continuous", planting.r2**0.5 * quantity + noise + planting.clinical * age)
    eta = np.log(planting.odds_ratio) * quantity + planting.clinical * age
    if planting.kind == "binary":
        chance = special.expit(eta - np.quantile(eta, 1 - planting.event_rate))
        return Outcome("binary", (rng.random(n) < chance).astype(np.float64))
    times = rng.exponential(np.exp(-eta))
    censored = rng.exponential(np.exp(-eta).mean() * 1.5, size=n)
    return Outcome("survival", np.minimum(times, censored) + 1e-3, times <= censored)


def found(planted: Planted, arrays: dict[str, Volume]) -> dict[str, Any]:
    """How a map's place agrees with the planted one.

    `dice`, `precision` of the significant voxels; `outlying_share` of them lies more than `OUTLYING_MM` from
    the region; `auc` of |map|, and `marginal_auc` of the correlation of a voxel's dose with the outcome, as
    classifiers of voxels; `alike`: median correlation of the region's mean dose with voxels outside of it.
    """
    study, region = planted.study, planted.region_kji
    organ = study.mask_kji
    significant = arrays["significant_kji"] > 0
    distance = ndimage.distance_transform_edt(~region, sampling=study.spacing_mm)
    count, both = int(significant.sum()), int((significant & region).sum())
    return {
        "significant_voxels": count,
        "dice": 2 * both / (count + int(region.sum())),
        "precision": both / count if count else None,
        "outlying_share": float((distance[significant] > OUTLYING_MM).mean()) if count else None,
        "auc": area(region[organ], np.abs(arrays["map_kji"][organ])),
        "marginal_auc": area(region[organ], np.abs(_correlation(study, study.outcome.happened))),
        "alike": float(np.median(_correlation(study, planted.quantity)[~region[organ]])),
    }


def _correlation(study: Study, values: Vector) -> Vector:
    doses = study.doses_nkji[:, study.mask_kji].astype(np.float64)
    doses -= doses.mean(axis=0)
    values = values - values.mean()
    size = np.linalg.norm(doses, axis=0) * np.linalg.norm(values)
    return np.asarray(values @ doses / np.maximum(size, 1e-12))


def area(inside: npt.NDArray[np.bool_], scores: Vector) -> float:
    """Area under the ROC curve of voxels (n,), .5 where all scores are equal."""
    ranks = stats.rankdata(scores)
    own, others = int(inside.sum()), int((~inside).sum())
    return float((ranks[inside].sum() - own * (own + 1) / 2) / (own * others))
