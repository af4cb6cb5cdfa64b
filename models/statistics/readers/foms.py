"""Figures of merit of each reader in each condition, and their covariance over cases.

A figure is a function of weights of the cases: the jackknife and the bootstrap are weights too.
Axes: t condition, r reader, c case, p positive case, n negative case, b set of weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.statistics.errors import TooFewPatients
from models.statistics.readers.config import Covariance, ReaderConfig
from models.statistics.readers.crossed import Array, Crossed, Lesions

PER_CHUNK = 100
"""Sets of weights at a time: memory stays below some 100 MB."""


@dataclass(frozen=True)
class Pairwise:
    """A mean over pairs of a positive and a negative case: areas under curves."""

    kernel_trpn: Array
    """1 where the positive case, or its lesions, stand above the negative one, .5 where they are equal."""
    positive: npt.NDArray[np.bool_]

    @property
    def cases(self) -> int:
        """How many there are."""
        return self.positive.size

    def at(self, weights_bc: Array) -> Array:
        """(b, t, r) values by weights of the cases."""
        t, r, p, n = self.kernel_trpn.shape
        flat = self.kernel_trpn.reshape(t * r * p, n)
        found = []
        for start in range(0, len(weights_bc), PER_CHUNK):
            part = weights_bc[start : start + PER_CHUNK]
            up, down = part[:, self.positive], part[:, ~self.positive]
            means = (flat @ down.T).reshape(t, r, p, len(part)) / down.sum(axis=1)
            found.append(np.einsum("trpb,bp->btr", means, up) / up.sum(axis=1)[:, None, None])
        return np.concatenate(found)

    def delong(self) -> Array:
        """(t r, t r) covariance by structural components; DeLong et al., Biometrics 1988;44:837."""
        t, r, p, n = self.kernel_trpn.shape
        flat = self.kernel_trpn.reshape(t * r, p, n)
        covariance: Array = np.cov(flat.mean(axis=2)) / p + np.cov(flat.mean(axis=1)) / n
        return covariance


@dataclass(frozen=True)
class Ratio:
    """A share: what counts of what could have counted, summed over cases; a mean where all could."""

    counts_trc: Array
    of_trc: Array

    @property
    def cases(self) -> int:
        """How many there are."""
        return int(self.counts_trc.shape[2])

    def at(self, weights_bc: Array) -> Array:
        """(b, t, r) values by weights of the cases; NaN where nothing could have counted."""
        above = np.einsum("trc,bc->btr", self.counts_trc, weights_bc)
        below = np.einsum("trc,bc->btr", self.of_trc, weights_bc)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 0, above / below, np.nan)


Figure = Pairwise | Ratio


def figures_of_merit(read: Crossed, config: ReaderConfig) -> dict[str, Figure]:
    """By name: of cases `auc`, `sensitivity`, `specificity`, `ppv`; of lesions, where the truth is known by
    lesion, `wafroc` (weighted AFROC area), `lesion-sensitivity`, `lesion-ppv`, `false-marks` a case.
    """
    called = (read.confidence_trc >= config.threshold).astype(float)
    positive = np.broadcast_to(read.positive.astype(float), called.shape)
    up, down = read.confidence_trc[..., read.positive], read.confidence_trc[..., ~read.positive]
    found: dict[str, Figure] = {
        "auc": Pairwise(above(up[..., :, None], down[..., None, :]), read.positive),
        "sensitivity": Ratio(called * positive, positive),
        "specificity": Ratio((1 - called) * (1 - positive), 1 - positive),
        "ppv": Ratio(called * positive, called),
    }
    return found | _of_lesions(read, config)


def _of_lesions(read: Crossed, config: ReaderConfig) -> dict[str, Figure]:
    lesions = read.lesions
    if lesions is None:
        return {}
    hits, false, there = (np.zeros_like(read.confidence_trc) for _ in range(3))
    for index, case in enumerate(lesions.case):
        hits[..., case] += lesions.rating_trl[..., index] >= config.mark_threshold
        there[..., case] += 1
    for place, of_cases in lesions.all_false.items():
        false[place] = [sum(one >= config.mark_threshold for one in marks) for marks in of_cases]
    return {
        "wafroc": _wafroc(read, lesions),
        "lesion-sensitivity": Ratio(hits, there),
        "lesion-ppv": Ratio(hits, hits + false),
        "false-marks": Ratio(false, np.ones_like(false)),
    }


def _wafroc(read: Crossed, lesions: Lesions) -> Pairwise:
    """Mean over a case's lesions of how often they stand above the highest false mark of a negative case.

    All lesions of a case weigh 1 together.  Source: Chakraborty and Zhai, Med Phys 2016;43:2264.
    """
    negative = lesions.false_trc[..., ~read.positive]
    cases = np.flatnonzero(read.positive)
    kernels = [
        above(lesions.rating_trl[..., lesions.case == case][..., :, None], negative[..., None, :]).mean(
            axis=2
        )
        for case in cases
    ]
    return Pairwise(np.stack(kernels, axis=2), read.positive)


def above(up: Array, down: Array) -> Array:
    """1 where `up` is higher, .5 where both are the same, 0 elsewhere; what is unmarked equals what is."""
    won: Array = (up > down) + 0.5 * (up == down)
    return won


def values(figure: Figure) -> Array:
    """(t, r) values with all cases; NaN where nothing could have counted."""
    whole: Array = figure.at(np.ones((1, figure.cases)))[0]
    return whole


def left_out(figure: Figure) -> Array:
    """(c, t, r) values without each case in turn."""
    return figure.at(1 - np.eye(figure.cases))


def covariance_of(
    figure: Figure, positive: npt.NDArray[np.bool_], config: ReaderConfig
) -> tuple[Array, Covariance]:
    """(t r, t r) covariance over cases, and by what it was made."""
    if min(positive.sum(), (~positive).sum()) < 2:
        raise TooFewPatients("two positive and two negative cases at least", where="cases")
    if config.covariance == "delong" and isinstance(figure, Pairwise):
        return figure.delong(), "delong"
    if config.covariance == "bootstrap":
        drawn = figure.at(resamples(positive, config.bootstraps, config.seed))
        return np.cov(drawn.reshape(len(drawn), -1).T), "bootstrap"
    dropped = left_out(figure)
    cases = len(dropped)
    apart = dropped.reshape(cases, -1) - dropped.reshape(cases, -1).mean(axis=0)
    return (cases - 1) / cases * apart.T @ apart, "jackknife"


def resamples(positive: npt.NDArray[np.bool_], count: int, seed: int) -> Array:
    """(b, c) how often each case is drawn, positive and negative ones apart, as many as there are."""
    source = np.random.default_rng(seed)
    weights = np.zeros((count, positive.size))
    for members in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        weights[:, members] = source.multinomial(members.size, np.full(members.size, 1 / members.size), count)
    return weights


def pseudovalues(figure: Figure) -> Array:
    """(t, r, c) jackknife pseudovalues, moved so that their mean is the figure (Hillis et al., 2005)."""
    whole, dropped = values(figure), left_out(figure)
    cases = len(dropped)
    raw = cases * whole[None] - (cases - 1) * dropped
    return np.moveaxis(raw + (whole - raw.mean(axis=0)), 0, 2)
