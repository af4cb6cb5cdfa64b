"""Scaling of features, learnt on training patients and applied to anybody, within groups if they are named.

A group (modality, scanner, kind of cancer) is scaled by its own patients, so that a subtype is a place within
the group and holds across groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

from models.statistics.errors import OtherModel
from models.statistics.subtypes_config import Scaling
from models.statistics.subtypes_errors import GroupUnusable

Matrix = npt.NDArray[np.float64]
KNOTS = 101
"""At most so many quantiles describe the distribution of a feature in a model."""
GROUP_MINIMUM = 10
"""Patients that a scaling group needs."""
IQR_OF_NORMAL = 1.3489795003921634
"""Interquartile range of a standard normal distribution."""


@dataclass(frozen=True)
class Scale:
    """How one group of patients is scaled."""

    fill: tuple[float, ...]
    """Median a feature, for what is missing."""
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    """Above 0; z-score: SD, robust: IQR / 1.349, rank: 1."""
    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    """rank: values and their probabilities a feature, both increasing."""

    @classmethod
    def learn(cls, values: Matrix, scaling: Scaling) -> Self:
        """The scale of values (patients, features); NaN is missing; a constant feature keeps spread 1."""
        fill = np.nanmedian(values, axis=0)
        if scaling == "rank":
            zeros, ones = np.zeros(values.shape[1]), np.ones(values.shape[1])
            knots = tuple(_knots(column[~np.isnan(column)]) for column in values.T)
            return cls(_plain(fill), _plain(zeros), _plain(ones), knots)
        if scaling == "robust":
            low, high = np.nanpercentile(values, [25, 75], axis=0)
            centre, spread = fill, (high - low) / IQR_OF_NORMAL
            spread = np.where(spread > 0, spread, np.nanstd(values, axis=0))
        else:
            centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        return cls(_plain(fill), _plain(centre), _plain(np.where(spread > 0, spread, 1.0)))

    def apply(self, values: Matrix) -> Matrix:
        """Scaled values (patients, features), what is missing filled with the median."""
        filled = np.where(np.isnan(values), np.array(self.fill), values)
        if self.knots:
            columns = [_scores(column, *knots) for column, knots in zip(filled.T, self.knots, strict=True)]
            return np.stack(columns, axis=1)
        scaled: Matrix = (filled - np.array(self.centre)) / np.array(self.spread)
        return scaled


@dataclass(frozen=True)
class Scaler:
    """The scales of all groups; the empty name stands for everybody."""

    group: str
    scales: dict[str, Scale]

    @classmethod
    def learn(cls, values: Matrix, groups: Sequence[str], group: str, scaling: Scaling) -> Self:
        """Scales of values (patients, features) and a group a patient; GroupUnusable if one is too small."""
        found = np.array(groups)
        scales = {}
        for name in sorted(set(groups)):
            rows = values[found == name]
            if group and len(rows) < GROUP_MINIMUM:
                raise GroupUnusable(
                    f"{name!r} has {len(rows)} training patients, scaling needs {GROUP_MINIMUM}", where=group
                )
            if np.isnan(rows).all(axis=0).any():
                raise GroupUnusable(f"a feature is missing for everybody in {name!r}", where=group)
            scales[name] = Scale.learn(rows, scaling)
        return cls(group, scales)

    def apply(self, values: Matrix, groups: Sequence[str]) -> Matrix:
        """Scaled values; GroupUnusable for a group that nothing was learnt of."""
        out = np.empty_like(values)
        found = np.array(groups)
        for name in sorted(set(groups)):
            if name not in self.scales:
                known = ", ".join(sorted(self.scales))
                raise GroupUnusable(f"nothing was learnt of {name!r}, only of {known}", where=self.group)
            out[found == name] = self.scales[name].apply(values[found == name])
        return out

    def keep(self, columns: Sequence[int]) -> Scaler:
        """The scaler of some of the features only."""
        return Scaler(self.group, {name: _keep(scale, columns) for name, scale in self.scales.items()})

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {"group": self.group, "scales": {name: _json(scale) for name, scale in self.scales.items()}}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """What `to_json` wrote; OtherModel."""
        try:
            return cls(body["group"], {name: _scale(one) for name, one in body["scales"].items()})
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise OtherModel(f"scaling: {error}") from error


def _json(scale: Scale) -> dict[str, Any]:
    """A scale as JSON: features without ties have the same probabilities, which are written once."""
    shares = sorted({one for _, one in scale.knots})
    return {
        "fill": list(scale.fill),
        "centre": list(scale.centre),
        "spread": list(scale.spread),
        "shares": [list(one) for one in shares],
        "knots": [[list(values), shares.index(one)] for values, one in scale.knots],
    }


def _scale(body: dict[str, Any]) -> Scale:
    shares = [tuple(one) for one in body["shares"]]
    knots = tuple((tuple(values), shares[which]) for values, which in body["knots"])
    return Scale(tuple(body["fill"]), tuple(body["centre"]), tuple(body["spread"]), knots)


def _keep(scale: Scale, columns: Sequence[int]) -> Scale:
    fill, centre, spread = (
        tuple(one[j] for j in columns) for one in (scale.fill, scale.centre, scale.spread)
    )
    return Scale(fill, centre, spread, tuple(scale.knots[j] for j in columns) if scale.knots else ())


def _plain(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """As JSON numbers of nine digits, so that a model read back scales as the one that was learnt."""
    return tuple(float(f"{one:.9g}") for one in values)


def _knots(values: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Different values and the middle of their ranks as probability; thinned to KNOTS."""
    ranks = (rankdata(values) - 0.5) / len(values)
    different, first = np.unique(values, return_index=True)
    shares = ranks[first]
    if len(different) > KNOTS:
        chosen = np.unique(np.linspace(0, len(different) - 1, KNOTS).round().astype(int))
        different, shares = different[chosen], shares[chosen]
    return _plain(different), _plain(shares)


def _scores(column: npt.NDArray[np.float64], values: Sequence[float], shares: Sequence[float]) -> Matrix:
    scores: Matrix = norm.ppf(np.interp(column, values, shares))
    return scores
