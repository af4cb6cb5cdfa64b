"""A control chart that says when correcting begins to cost more: EWMA, one-sided, per case.

The first `BASELINE` cases give mean and standard deviation.  From then on
z_t = λ x_t + (1 - λ) z_{t-1} is watched, which begins at the mean; an alarm is z_t above the mean by more
than L · s · sqrt(λ / (2 - λ) · (1 - (1 - λ)^(2t))) (Roberts 1959; Lucas and Saccucci 1990).  s is widened by
sqrt(1 + 1 / BASELINE), for the mean is itself an estimate.  Values are such that more is worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BASELINE = 20
"""Cases that say what is usual; no alarm before."""
WEIGHT = 0.2
"""λ, of the newest case."""
LIMIT = 3.5
"""L, in standard deviations of the average. With normal noise one in ten series of 100 further cases alarms
falsely, for a baseline of 20 is short; a shift by two standard deviations is found within 10 cases nineteen
times in twenty (both simulated in tests/rt/test_control_chart.py)."""
LEAST_SPREAD = 1e-3
"""A baseline of equal values (contours that nobody touched) must not make an alarm of the least change."""


@dataclass(frozen=True)
class ChartPoint:
    """One case of a watched series."""

    value: float
    average: float
    """z_t; the mean of the baseline while that is gathered."""
    limit: float | None
    """Above it is an alarm; None while the baseline is gathered."""

    @property
    def alarm(self) -> bool:
        """The average is over the limit."""
        return self.limit is not None and self.average > self.limit


def ewma_chart(values: Sequence[float], least_spread: float = LEAST_SPREAD) -> list[ChartPoint]:
    """A point for each value, in the order of time; values are finite."""
    usual = np.array(values[:BASELINE], dtype=np.float64)
    if len(usual) < BASELINE:
        return [ChartPoint(value, float(usual[: n + 1].mean()), None) for n, value in enumerate(values)]
    mean = float(usual.mean())
    spread = max(float(usual.std(ddof=1)), least_spread) * math.sqrt(1 + 1 / BASELINE)
    points = [
        ChartPoint(value, float(usual[: n + 1].mean()), None) for n, value in enumerate(values[:BASELINE])
    ]
    average = mean
    for turn, value in enumerate(values[BASELINE:], start=1):
        average = WEIGHT * value + (1 - WEIGHT) * average
        width = math.sqrt(WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * turn)))
        points.append(ChartPoint(value, average, mean + LIMIT * spread * width))
    return points
