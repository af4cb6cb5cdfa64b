"""Which scan teaches a network most when a person corrects it: the formula, in this one place.

    expected gain = mean over the network's structures of u · (1 + d)

    u = max(1 - E[Dice], 1/2 where the plausibility check doubts the structure)
    d = D / (1 + D), D the distance of the scan's descriptor to that of the nearest corrected scan

The first factor is the Dice that is still to be won on this scan, as far as the network knows; the second,
from 1 to 2, how unlike it is to what was corrected already.  While nothing is corrected, d is 0 for all.
Descriptors are made by `models.inference.outlook`; each of their numbers is divided by its standard
deviation over the scans that are ranked together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

DOUBTED = 0.5
"""Least Dice to be won where the plausibility check doubts a structure."""
LEAST_PROBABILITY = 0.05
"""A voxel below this counts as surely outside: the faint rest of a whole body would outweigh an organ."""
FAR = 1.0
"""Distance, in standard deviations, from which a scan counts as unlike what was corrected."""

Reason = Literal["doubted", "uncertain", "unlike"]


@dataclass(frozen=True)
class Outlook:
    """What a network's look at one scan says about correcting it."""

    expected_dice: Mapping[str, float]
    """Of each structure with the truth, as far as the network's probabilities tell."""
    doubted: frozenset[str]
    """Structures of which the plausibility check has a finding."""
    descriptor: tuple[float, ...]


@dataclass(frozen=True)
class Gain:
    """What correcting a scan is expected to bring, and why."""

    value: float
    """0 to 2; of use for an order only."""
    reason: Reason
    """What weighs most: doubts, what the network is unsure of, or that the scan is unlike others."""
    structures: tuple[str, ...]
    """Those with most to win, the most first, three at most."""
    distance: float | None
    """D; None while nothing is corrected."""


def expected_dice(probability: npt.NDArray[np.floating], threshold: float) -> float:
    """Dice of what the threshold cuts with a truth drawn from the probabilities: a ratio of expectations.

    2 Σ_m p / (|m| + Σ p), m the voxels over the threshold; 0 where nothing is over it.
    """
    likely = probability[probability >= min(LEAST_PROBABILITY, threshold)].astype(np.float64)
    drawn = likely[likely > threshold]
    if len(drawn) == 0:
        return 0.0
    return float(2 * drawn.sum() / (len(drawn) + likely.sum()))


def distances(
    descriptors: npt.NDArray[np.float64], corrected: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """D of each of `descriptors` (n, numbers) to the nearest of `corrected` (m, numbers); None if m is 0.

    The root of the mean square of the differences in standard deviations over all n + m scans.
    """
    if len(corrected) == 0:
        return None
    spread = np.concatenate([descriptors, corrected]).std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    ours, theirs = descriptors / scale, corrected / scale
    nearest = [np.sqrt(((theirs - one) ** 2).mean(axis=1)).min() for one in ours]
    return np.array(nearest, dtype=np.float64)


def expected_gains(scans: Sequence[Outlook], corrected: Sequence[tuple[float, ...]]) -> list[Gain]:
    """The gain of each scan beside what was corrected; all descriptors have the same length."""
    if not scans:
        return []
    width = len(scans[0].descriptor)
    ours = np.array([scan.descriptor for scan in scans], dtype=np.float64)
    found = distances(ours, np.array(corrected, dtype=np.float64).reshape(len(corrected), width))
    return [_gain(scan, None if found is None else float(found[n])) for n, scan in enumerate(scans)]


def choose(scans: Mapping[str, Outlook], corrected: Sequence[tuple[float, ...]], count: int) -> list[str]:
    """The `count` scans to correct next: the one of highest gain, then the highest beside that one too, ….

    Ties go by name.
    """
    left, done, chosen = dict(sorted(scans.items())), list(corrected), list[str]()
    while left and len(chosen) < count:
        gains = expected_gains(list(left.values()), done)
        best = max(zip(left, gains, strict=True), key=lambda pair: pair[1].value)[0]
        chosen.append(best)
        done.append(left.pop(best).descriptor)
    return chosen


def _gain(scan: Outlook, distance: float | None) -> Gain:
    to_win = {
        name: max(1 - dice, DOUBTED if name in scan.doubted else 0.0)
        for name, dice in scan.expected_dice.items()
    }
    mean = float(np.mean(list(to_win.values()))) if to_win else 0.0
    novelty = 0.0 if distance is None else distance / (1 + distance)
    most = sorted(to_win, key=lambda name: (-to_win[name], name))[:3]
    return Gain(mean * (1 + novelty), _reason(scan, to_win, distance), tuple(most), distance)


def _reason(scan: Outlook, to_win: Mapping[str, float], distance: float | None) -> Reason:
    raised = sum(to_win[name] - (1 - scan.expected_dice[name]) for name in to_win)
    if raised > sum(1 - dice for dice in scan.expected_dice.values()) / 2:
        return "doubted"
    return "unlike" if distance is not None and distance >= FAR else "uncertain"
