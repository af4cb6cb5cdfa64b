"""How far several readers of one structure agree: in pairs, each with the others, and all together.

Masks are (k, j, i) on one grid.  Kappa corrects for chance and therefore depends on how much background is
counted; it is computed in the box around the union of all masks (`rt.consensus.region_of`), which the result
names.  Readers are told apart by their names, in the order given.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rt.consensus import StapleConfig, region_of, staple
from rt.errors import ConsensusError
from rt.geometry import Grid
from rt.masks import Mask, volume_cc
from rt.metrics import dice, surface_distances


@dataclass(frozen=True)
class AgreementConfig:
    """What agreement is measured with."""

    tolerance_mm: float = 2.0
    """Of the surface Dice."""
    margin_mm: float = 10.0
    """Of the box around the union in which kappa and STAPLE are computed."""


@dataclass(frozen=True)
class Overlap:
    """Two delineations compared."""

    dice: float
    surface_dice: float
    """At the tolerance asked for."""
    hd95_mm: float | None
    """None when one of the two is empty: there is no distance to a surface that is not there."""
    kappa: float | None
    """Cohen's; None when chance alone explains everything (both drew all or nothing of the box)."""


@dataclass(frozen=True)
class PairAgreement(Overlap):
    """Two readers compared."""

    first: str
    second: str


@dataclass(frozen=True)
class ReaderAgreement:
    """A reader against the consensus of the others."""

    reader: str
    volume_ml: float
    against_others: Overlap | None
    """None when the others drew nothing."""
    sensitivity: float
    """As STAPLE of all readers estimates it, of this reader."""
    specificity: float


@dataclass(frozen=True)
class Agreement:
    """All figures of a consensus; `to_json` gives them as a JSON object."""

    pairs: tuple[PairAgreement, ...]
    readers: tuple[ReaderAgreement, ...]
    fleiss_kappa: float | None
    mean_dice: float
    """Of the pairs."""
    tolerance_mm: float
    region_ml: float
    """Volume of the box that kappa, sensitivity and specificity were computed in."""

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON; nothing in it is infinite or no number."""
        return asdict(self)


def agreement(masks: Mapping[str, Mask], grid: Grid, config: AgreementConfig | None = None) -> Agreement:
    """Agreement of readers by name: pairs, each reader against STAPLE of the others, Fleiss' kappa.

    With two readers "the others" is the other one.  ConsensusError with fewer than two readers or nothing
    drawn by any; MaskError for masks that are not on the grid.
    """
    config = config or AgreementConfig()
    drawn = list(masks.values())
    box = region_of(drawn, grid, config.margin_mm)
    cut = {name: mask[box] for name, mask in masks.items()}
    here = _box_grid(grid, cut)
    pairs = tuple(
        PairAgreement(**asdict(_overlap(cut[a], cut[b], here, config)), first=a, second=b)
        for a, b in itertools.combinations(cut, 2)
    )
    whole = staple(drawn, grid, StapleConfig(margin_mm=config.margin_mm))
    readers = tuple(
        ReaderAgreement(
            name,
            volume_cc(mask, here),
            _against_others(name, cut, here, config),
            whole.sensitivity[number],
            whole.specificity[number],
        )
        for number, (name, mask) in enumerate(cut.items())
    )
    voxels = next(iter(cut.values())).size
    return Agreement(
        pairs,
        readers,
        fleiss_kappa(list(cut.values())),
        float(np.mean([pair.dice for pair in pairs])),
        config.tolerance_mm,
        voxels * grid.voxel_mm3 / 1000.0,
    )


def cohen_kappa(first: Mask, second: Mask) -> float | None:
    """Cohen's kappa of two decisions per voxel; None when chance agreement is complete.

    Cohen 1960, doi:10.1177/001316446002000104.
    """
    observed = float(np.mean(first == second))
    p, q = float(np.mean(first)), float(np.mean(second))
    chance = p * q + (1 - p) * (1 - q)
    return None if chance >= 1.0 else (observed - chance) / (1.0 - chance)


def fleiss_kappa(masks: Sequence[Mask]) -> float | None:
    """Fleiss' kappa of several decisions per voxel; None when chance agreement is complete.

    Fleiss 1971, doi:10.1037/h0031619.  ConsensusError with fewer than two readers.
    """
    n = len(masks)
    if n < 2:
        raise ConsensusError(f"kappa compares at least 2 readers, not {n}")
    votes = np.sum(masks, axis=0, dtype=np.int64)
    observed = float(np.mean(votes * (votes - 1) + (n - votes) * (n - votes - 1))) / (n * (n - 1))
    p = float(votes.mean()) / n
    chance = p * p + (1 - p) * (1 - p)
    return None if chance >= 1.0 else (observed - chance) / (1.0 - chance)


def _against_others(
    name: str, masks: Mapping[str, Mask], grid: Grid, config: AgreementConfig
) -> Overlap | None:
    others = [mask for other, mask in masks.items() if other != name]
    if not any(mask.any() for mask in others):
        return None
    reference = others[0]
    if len(others) > 1:
        reference = staple(others, grid, StapleConfig(margin_mm=config.margin_mm)).mask_kji
    return _overlap(masks[name], reference, grid, config)


def _overlap(first: Mask, second: Mask, grid: Grid, config: AgreementConfig) -> Overlap:
    distances = surface_distances(first, second, grid)
    far = distances.hausdorff_mm(95.0)
    return Overlap(
        dice(first, second),
        distances.dice_within(config.tolerance_mm),
        far if math.isfinite(far) else None,
        cohen_kappa(first, second),
    )


def _box_grid(grid: Grid, cut: Mapping[str, Mask]) -> Grid:
    """A grid of the box's size: distances and volumes do not depend on where it lies."""
    shape = next(iter(cut.values())).shape
    return Grid.of(shape, grid.spacing_ijk_mm, grid.origin_lps_mm, grid.direction)
