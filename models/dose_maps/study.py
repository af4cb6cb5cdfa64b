"""The patients of a dose-outcome map: doses in the common space of an organ, outcome, clinical terms.

What cannot give a map is refused here, by name, before anything is computed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.dose_maps.errors import ConstantOutcome, EmptyOrgan, NoDoseVariation, StudyMismatch
from models.statistics.errors import (
    CollinearColumns,
    MissingValues,
    OneClass,
    TooFewEvents,
    TooFewPatients,
)

Kind = Literal["continuous", "binary", "survival"]
Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Volume = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
LEAST_GY = 1e-3
"""Standard deviation over patients below which a dose does not vary."""


@dataclass(frozen=True)
class Outcome:
    """What happened to each patient."""

    kind: Kind
    values: Vector
    """(n,) measured value; 0 or 1; of survival the time, in whatever unit."""
    events: npt.NDArray[np.bool_] | None = None
    """(n,) of survival only: whether the event ended the time."""

    @property
    def happened(self) -> Vector:
        """(n,) 1 where the event came; of a continuous outcome its values."""
        return np.asarray(self.values if self.events is None else self.events, dtype=np.float64)


@dataclass(frozen=True)
class Study:
    """Patients in the order of all arrays."""

    doses_nkji: Volume
    """(n, k, j, i) Gy; outside the organ of no meaning."""
    mask_kji: Mask
    spacing_mm: tuple[float, float, float]
    """(k, j, i)."""
    outcome: Outcome
    clinical: Matrix | None = None
    """(n, c) numbers; categories as indicators without one level."""
    clinical_names: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()

    @property
    def terms(self) -> Matrix:
        """(n, c) clinical terms, c = 0 where there are none."""
        n = len(self.doses_nkji)
        return np.zeros((n, 0)) if self.clinical is None else np.asarray(self.clinical, dtype=np.float64)

    def digest(self) -> str:
        """Of all that a map depends on."""
        seen = hashlib.sha256(f"{self.outcome.kind} {self.spacing_mm} {self.doses_nkji.shape}".encode())
        for one in (self.doses_nkji, self.mask_kji, self.outcome.values, self.outcome.happened, self.terms):
            seen.update(np.ascontiguousarray(one).tobytes())
        return seen.hexdigest()

    def check(self, folds: int) -> None:
        """Raise what makes a map impossible.

        StudyMismatch, EmptyOrgan, MissingValues, NoDoseVariation, ConstantOutcome, OneClass, TooFewEvents,
        TooFewPatients (each fold needs a patient of every class, or two patients), CollinearColumns.
        """
        self._check_shapes()
        self._check_values()
        self._check_outcome(folds)
        terms = np.column_stack([np.ones(len(self.doses_nkji)), self.terms])
        scale = np.linalg.norm(terms, axis=0)
        if (scale == 0).any() or np.linalg.matrix_rank(terms / scale, tol=1e-6) < terms.shape[1]:
            raise CollinearColumns("clinical terms are constant or say the same as others")

    def _check_shapes(self) -> None:
        if self.doses_nkji.ndim != 4 or self.doses_nkji.shape[1:] != self.mask_kji.shape:
            raise StudyMismatch(f"doses {self.doses_nkji.shape} do not go with a mask {self.mask_kji.shape}")
        n = len(self.doses_nkji)
        lengths = {"outcome": len(self.outcome.values), "clinical": len(self.terms)}
        lengths |= {} if self.outcome.events is None else {"events": len(self.outcome.events)}
        lengths |= {"patients": len(self.patients)} if self.patients else {}
        for name, length in lengths.items():
            if length != n:
                raise StudyMismatch(f"{length} values for {n} patients", where=name)
        if (self.outcome.kind == "survival") != (self.outcome.events is not None):
            raise StudyMismatch("survival has events, and nothing else has", where="events")
        if len(self.spacing_mm) != 3 or not min(self.spacing_mm) > 0:
            raise StudyMismatch("spacing is three lengths above 0", where="spacing_mm")

    def _check_values(self) -> None:
        if not self.mask_kji.any():
            raise EmptyOrgan("the organ has no voxel")
        doses = self.doses_nkji[:, self.mask_kji]
        if not np.isfinite(doses).all():
            bad = np.flatnonzero(~np.isfinite(doses).all(axis=1))
            raise StudyMismatch(f"dose is no finite number in {len(bad)} patients", where=self._name(bad[0]))
        for name, values in (("outcome", self.outcome.values[:, None]), ("clinical", self.terms)):
            missing = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if len(missing):
                raise MissingValues(f"{name} is not known of {self._name(missing[0])}", where=name)
        if float(doses.std(axis=0).max()) < LEAST_GY:
            raise NoDoseVariation("all patients have the same dose in every voxel of the organ")

    def _check_outcome(self, folds: int) -> None:
        outcome, n = self.outcome, len(self.doses_nkji)
        if n < 2 * folds:
            raise TooFewPatients(f"{folds} folds need {2 * folds} patients, not {n}")
        if outcome.kind == "continuous":
            if float(outcome.values.std()) <= 1e-12 * max(1.0, float(np.abs(outcome.values).max())):
                raise ConstantOutcome(f"all {n} patients have the same value", where="outcome")
            return
        happened = outcome.happened
        if not np.isin(happened, (0, 1)).all():
            raise StudyMismatch("a binary outcome is 0 or 1", where="outcome")
        if outcome.kind == "survival" and not (outcome.values > 0).all():
            raise StudyMismatch("times are above 0", where="outcome")
        events, others = int(happened.sum()), int((1 - happened).sum())
        if outcome.kind == "binary" and 0 in (events, others):
            raise OneClass(f"all {n} patients have the same outcome", where="outcome")
        if events < 2 * folds or (outcome.kind == "binary" and others < 2 * folds):
            raise TooFewEvents(
                f"{folds} folds need {2 * folds} patients of each outcome, not {events} and {others}"
                if outcome.kind == "binary"
                else f"{folds} folds need {2 * folds} events, not {events}",
                where="outcome",
            )

    def _name(self, place: int) -> str:
        return self.patients[place] if self.patients else f"patient {int(place) + 1}"
