"""What an RT Plan (PS3.3 A.20) says about itself and the dose that it prescribes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydicom.dataset import Dataset


@dataclass(frozen=True)
class PlanSummary:
    """A plan's label, and its prescription."""

    label: str
    """RTPlanLabel, or its name where that is empty."""
    prescription_gy: float | None
    """The highest dose that it prescribes to a target (PS3.3 C.8.8.10); None where it says none."""


def read_plan(dataset: Dataset) -> PlanSummary:
    """The summary of an RT Plan; what it lacks is empty or None."""
    label = str(dataset.get("RTPlanLabel") or dataset.get("RTPlanName") or "").strip()
    targets = [
        item.get("TargetPrescriptionDose")
        for item in dataset.get("DoseReferenceSequence") or []
        if str(item.get("DoseReferenceType") or "") == "TARGET"
    ]
    doses = [dose for dose in map(_gray, targets) if dose is not None]
    return PlanSummary(label, max(doses, default=None))


def _gray(value: object) -> float | None:
    try:
        gray = float(str(value))
    except ValueError:
        return None
    return gray if math.isfinite(gray) and gray > 0 else None
