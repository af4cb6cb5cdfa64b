"""p values of many questions asked at once: adjusted so that they can be read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from models.statistics.errors import AnalysisConfigError, StatisticsError

Adjustment = Literal["none", "holm", "bh"]
"""holm: the chance of any false finding (Holm 1979); bh: their share (Benjamini and Hochberg 1995)."""


def adjust(p_values: Sequence[float], method: Adjustment) -> list[float]:
    """Adjusted p values in the order given; StatisticsError where one is no probability."""
    if method not in get_args(Adjustment):
        raise AnalysisConfigError(f"unknown adjustment {method!r}: one of {', '.join(get_args(Adjustment))}")
    p = np.asarray(p_values, float)
    if not ((p >= 0) & (p <= 1)).all():
        raise StatisticsError("p values lie in 0 to 1")
    if method == "none" or not len(p):
        return [float(one) for one in p]
    order = np.argsort(p, kind="stable")
    rank = np.arange(1, len(p) + 1)
    if method == "holm":
        adjusted = np.maximum.accumulate(p[order] * (len(p) + 1 - rank))
    else:
        adjusted = np.minimum.accumulate((p[order] * len(p) / rank)[::-1])[::-1]
    out = np.empty_like(p)
    out[order] = np.minimum(adjusted, 1)
    return [float(one) for one in out]
