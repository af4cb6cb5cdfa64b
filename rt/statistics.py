"""Intervals of means over patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000


def mean_interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean by percentile bootstrap; unbounded below three values.

    With fewer than three patients a bootstrap says nothing, so the interval is (-1, 1), the range of a
    difference in Dice, and no verdict but "same" can follow.
    """
    if len(values) < 3:
        return -1.0, 1.0
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
