"""Simulated readers with a known truth: Roe and Metz' model of ratings.

Source: Roe and Metz, Acad Radiol 1997;4:298.  Cases vary by 1 in all (`case + condition_case + reader_case +
error`), as there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.statistics.errors import AnalysisConfigError
from models.statistics.readers.crossed import Array
from models.statistics.readers.study import Case, Level, Reader, Reading, Study


@dataclass(frozen=True)
class RoeMetz:
    """Variances of the parts of a rating; all but the shift of each condition are the same for both."""

    shifts: tuple[float, ...] = (1.5, 1.5)
    """Of positive against negative cases, in each condition."""
    reader: float = 0.0055
    condition_reader: float = 0.0055
    case: float = 0.3
    condition_case: float = 0.3
    reader_case: float = 0.2
    error: float = 0.2
    seconds: tuple[float, ...] = (40.0, 40.0)
    """Geometric mean time of a case in each condition; times spread by a factor of 1.5."""

    def __post_init__(self) -> None:
        """AnalysisConfigError for variances that are none."""
        cases = (self.case, self.condition_case, self.reader_case, self.error)
        if min(self.reader, self.condition_reader, *cases) < 0:
            raise AnalysisConfigError("variances are 0 or more", where="simulation")
        if abs(sum(cases) - 1) > 1e-9:
            raise AnalysisConfigError("the parts of a case's variance add up to 1", where="simulation")

    def areas(self) -> list[float]:
        """The area under the curve, mean of all readers, that each condition truly has."""
        spread = math.sqrt(2 * (1 + self.reader + self.condition_reader))
        return [float(stats.norm.cdf(shift / spread)) for shift in self.shifts]

    def ratings(self, readers: int, cases: tuple[int, int], seed: int) -> Array:
        """(t, r, c) ratings, unbounded; `cases` are how many are positive and negative, in this order."""
        source, t = np.random.default_rng(seed), len(self.shifts)
        parts = []
        for state, count in enumerate(cases):
            shift = np.array(self.shifts) if state == 0 else np.zeros(t)
            draws = (
                (self.reader, (1, readers, 1)),
                (self.condition_reader, (t, readers, 1)),
                (self.case, (1, 1, count)),
                (self.condition_case, (t, 1, count)),
                (self.reader_case, (1, readers, count)),
                (self.error, (t, readers, count)),
            )
            whole = np.zeros((t, readers, count)) + shift[:, None, None]
            for variance, shape in draws:
                whole = whole + math.sqrt(variance) * source.standard_normal(shape)
            parts.append(whole)
        return np.concatenate(parts, axis=2)

    def study(self, levels: Sequence[Level | None], cases: tuple[int, int], seed: int) -> Study:
        """A study read to its end, one reader for each of `levels`: confidence is 0 to 100."""
        ratings = self.ratings(len(levels), cases, seed)
        confidence = 100 * stats.norm.cdf(ratings - np.mean(self.shifts) / 2)
        source = np.random.default_rng((seed, 1))
        times = np.array(self.seconds)[:, None, None] * 1.5 ** source.standard_normal(ratings.shape)
        names = [f"condition {t + 1}" for t in range(len(self.shifts))]
        readers = tuple(Reader(f"reader {r + 1}", level) for r, level in enumerate(levels))
        whole = tuple(Case(f"case {c + 1}", c < cases[0], None) for c in range(sum(cases)))
        return Study(
            tuple(names),
            whole,
            readers,
            tuple(
                Reading(reader.reader, case.case, name, float(confidence[t, r, c]), float(times[t, r, c]))
                for t, name in enumerate(names)
                for r, reader in enumerate(readers)
                for c, case in enumerate(whole)
            ),
        )
