"""Patients predicted to be at high or at low risk: how they fared."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.statistics import survival_curves as curves
from models.statistics.errors import StatisticsError, TooFewPatients
from models.statistics.survival_curves import Bools, Vector

NAMES = ("low", "high")


def risk_groups(time: Vector, event: Bools, high: Bools) -> dict[str, Any]:
    """Kaplan-Meier curves and log-rank test of those predicted low and high, shape (n,) each.

    `{"at_risk_times", "groups": survival_curves.describe, "test"}`, or `{"refused": {"slug", "detail"}}`.
    """
    labels = np.asarray(high, np.intp)
    times = curves.risk_times(time)
    try:
        small = [name for index, name in enumerate(NAMES) if int((labels == index).sum()) < 2]
        if small:
            raise TooFewPatients(f"fewer than two patients are predicted {' or '.join(small)}")
        test = curves.log_rank(time, event, labels)
    except StatisticsError as error:
        return {"refused": {"slug": error.slug, "detail": str(error)}}
    groups = curves.describe(time, event, curves.Groups(list(NAMES), labels), times)
    return {"at_risk_times": times, "groups": groups, "test": test}
