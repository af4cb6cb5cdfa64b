"""From scores to probabilities.

A score is a number a patient, higher for likelier.  `Scores` holds those of a fold: of its training patients
by a model that did not learn from them, and of the patients it is tested on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.outcome.cohort import Rows
from models.statistics import merit

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
LEAST_SLOPE = 0.1
"""A score that says nothing keeps its order: without it the folds' shares of events alone would rank
patients."""


@dataclass(frozen=True)
class Outcome:
    """What happened to the patients of a fold, a value each."""

    events: Vector
    times: Vector | None

    def of(self, rows: Rows) -> Outcome:
        """Of some of them."""
        return Outcome(self.events[rows], None if self.times is None else self.times[rows])


@dataclass(frozen=True)
class Scores:
    """What a model says in one fold."""

    inner: Vector
    """(training patients,), each by what did not learn from it."""
    outer: Vector
    """(tested patients,)."""


@dataclass(frozen=True)
class Reading:
    """How a score is read, from training patients alone: as a probability, and what counts as high."""

    mean: float
    scale: float
    slope: float = 1.0
    intercept: float = 0.0
    threshold: float = 0.0
    """Binary: a probability.  Survival: a standardised score, the median of the training patients."""
    survival: bool = False

    def read(self, scores: Vector) -> Vector:
        """Probabilities; of survival standardised log hazards."""
        standard = (scores - self.mean) / self.scale
        return standard if self.survival else np.asarray(expit(self.intercept + self.slope * standard))

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """The reading that `to_json` wrote."""
        return cls(**body)


def learn_reading(inner: Vector, truth: Outcome) -> Reading:
    """Platt's calibration and Youden's threshold on predictions that were not learnt from."""
    mean, spread = float(inner.mean()), float(inner.std())
    scale = spread if spread > 1e-12 else 1.0
    standard = (inner - mean) / scale
    if truth.times is not None:
        return Reading(mean, scale, threshold=float(np.median(standard)), survival=True)
    fit = LogisticRegression(C=1e6, max_iter=1000).fit(standard[:, None], truth.events)
    slope, intercept = max(LEAST_SLOPE, float(fit.coef_[0, 0])), float(fit.intercept_[0])
    probabilities = expit(intercept + slope * standard)
    threshold = merit.choose_threshold(truth.events, probabilities)
    return Reading(mean, scale, slope, intercept, threshold)
