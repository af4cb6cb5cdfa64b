"""Who trains and who tests: by patient, for ever.

A patient once in the locked test set stays there; a patient who ever trained a network never enters it.
The order is that of the patients' keys, hashes of their PatientIDs, so that it depends on nobody's choice and
a patient who is deleted and sent again keeps their part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class SplitHistory:
    """What earlier snapshots did with patients."""

    locked: frozenset[str]
    trained: frozenset[str]


def patient_key(patient_id: str, row_id: str) -> str:
    """SHA-256 of PatientID, or of the row's id where the scan has none."""
    return hashlib.sha256((patient_id or row_id).encode()).hexdigest()


def split_patients(
    patients: set[str], history: SplitHistory, test_fraction: float, validation_fraction: float
) -> dict[str, Split]:
    """The role of each patient's key; at least one tests and one trains when there are two fresh ones."""
    ordered = sorted(patients)
    test = [p for p in ordered if p in history.locked]
    fresh = [p for p in ordered if p not in history.locked and p not in history.trained]
    wanted = max(1, round(test_fraction * len(ordered)))
    spare = len(ordered) - len(test) - 1
    test += fresh[: max(0, min(wanted - len(test), spare))]
    rest = [p for p in ordered if p not in test]
    count = min(round(validation_fraction * len(ordered)), max(0, len(rest) - 1))
    roles: dict[str, Split] = dict.fromkeys(test, "test")
    roles |= dict.fromkeys(rest[:count], "validation")
    roles |= dict.fromkeys(rest[count:], "train")
    return roles
