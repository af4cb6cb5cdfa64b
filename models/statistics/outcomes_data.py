"""Columns of a cohort as one matrix, and the preparation that is learnt anew in every training fold.

The matrix holds NaN where a value is missing; `Preparation` is all that is learnt from training patients
before the model: medians, scales, and which terms are kept.  It never sees a patient that is to be predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.statistics.errors import ConstantColumn, MissingValues, OtherModel
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.survival_curves import log_rank_scores
from models.statistics.survival_data import find_column
from rt.cohort import CohortTable, Column

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Target:
    """What is to be predicted, shape (n,) each; without times it is binary."""

    event: npt.NDArray[np.bool_]
    time: Vector | None = None

    def take(self, rows: Rows | npt.NDArray[np.bool_]) -> Target:
        """Of these patients."""
        return Target(self.event[rows], None if self.time is None else self.time[rows])


@dataclass(frozen=True)
class Term:
    """One column of the matrix: a number, or whether a category has a level."""

    column: str
    level: str | None = None
    clinical: bool = True
    levels: tuple[str, ...] = ()
    """All levels that the category has among those learnt from; one beyond them says nothing."""

    @property
    def name(self) -> str:
        """`column` or `column = level`."""
        return self.column if self.level is None else f"{self.column} = {self.level}"


def terms_of(columns: Sequence[Column], rows: Rows, clinical: set[str]) -> list[Term]:
    """Terms of the columns, levels as among the patients `rows`; the most frequent one has no term."""
    terms = []
    for column in columns:
        own = column.name in clinical
        if column.kind == "number":
            terms.append(Term(column.name, None, own))
            continue
        values = [one for one in (column.values[i] for i in rows) if one is not None]
        levels = sorted(set(values), key=lambda level: (-values.count(level), level))
        names = tuple(str(level) for level in levels)
        terms += [Term(column.name, level, own, names) for level in names[1:]]
    return terms


def encode(terms: Sequence[Term], values: Mapping[str, Sequence[float | str | None]], count: int) -> Matrix:
    """Shape (count, terms): NaN where the column has no value, or a level that was not learnt from.

    OtherModel where a column is not given.
    """
    matrix = np.full((count, len(terms)), np.nan)
    for index, term in enumerate(terms):
        if term.column not in values:
            raise OtherModel("this column is needed and not given", where=term.column)
        for row, value in enumerate(values[term.column]):
            if value is None:
                continue
            if term.level is not None:
                if str(value) in term.levels:
                    matrix[row, index] = float(str(value) == term.level)
            elif isinstance(value, str) or not np.isfinite(value):
                raise OtherModel(f"{value!r} is no number", where=term.column)
            else:
                matrix[row, index] = float(value)
    return matrix


@dataclass(frozen=True)
class Dropped:
    """A column that no model sees, and why."""

    column: str
    slug: str
    detail: str


def usable(
    table: CohortTable, names: Sequence[str], rows: Rows, config: OutcomeConfig
) -> tuple[list[str], Any]:
    """Names that can be learnt from, and the `Dropped` others: constant, mostly missing, not repeatable.

    Outcomes are not looked at.  ConstantColumn or MissingValues where nothing is left of a group.
    """
    kept, dropped = [], []
    features = {one.name for one in table.features}
    for name in names:
        column = find_column(table, name)
        why = _why_not(column, [column.values[i] for i in rows], config, name in features)
        if why is None:
            kept.append(name)
        else:
            dropped.append(Dropped(name, *why))
    if not kept:
        kind = ConstantColumn if dropped[0].slug == "constant-column" else MissingValues
        raise kind(f"no column is left: {dropped[0].detail}", where=dropped[0].column)
    return kept, dropped


def _why_not(
    column: Column, values: Sequence[Any], config: OutcomeConfig, feature: bool
) -> tuple[str, str] | None:
    known = [one for one in values if one is not None]
    missing = len(values) - len(known)
    if missing > config.max_missing * len(values):
        return "missing-values", f"{missing} of {len(values)} values are missing"
    if len(set(known)) < 2:
        return "constant-column", f"all patients have the value {known[0]!r}"
    if feature and config.min_icc > 0:
        icc = smallest_icc(column)
        if icc is None:
            return "no-icc", "how far it can be repeated is not known"
        if icc < config.min_icc:
            return "low-icc", f"its ICC is {icc:.3f}"
    return None


def smallest_icc(column: Column) -> float | None:
    """The smallest ICC of the kinds (perturbation, readers, AI) in the column's source; None without any."""
    icc = column.source.get("icc")
    found = list(icc.values()) if isinstance(icc, dict) else [icc]
    numbers = [float(one["value"] if isinstance(one, dict) else one) for one in found if one is not None]
    return min(numbers) if numbers else None


@dataclass(frozen=True)
class Preparation:
    """What was learnt from training patients; arrays are over the terms kept, in their order."""

    kept: Rows
    median: Vector
    mean: Vector
    spread: Vector
    redundant: tuple[tuple[int, int, float], ...] = ()
    """Terms left out, the kept one that says the same, and their correlation."""

    def apply(self, matrix: Matrix) -> Matrix:
        """Shape (n, kept): imputed and standardised."""
        own = matrix[:, self.kept]
        filled = np.where(np.isnan(own), self.median, own)
        return np.asarray((filled - self.mean) / self.spread)


def prepare(matrix: Matrix, target: Target, terms: Sequence[Term], config: OutcomeConfig) -> Preparation:
    """Learn from training patients: impute, drop constant and redundant terms, keep the most telling."""
    every = np.isnan(matrix).all(axis=0)
    median = np.where(every, 0.0, np.nanmedian(np.where(every, 0.0, matrix), axis=0))
    filled = np.where(np.isnan(matrix), median, matrix)
    spread = filled.std(axis=0)
    varied = np.flatnonzero(spread > 1e-12 * np.maximum(1, np.abs(filled).max(axis=0)))
    if not len(varied):
        raise ConstantColumn("no column varies among the patients of a training fold")
    clinical = np.array([term.clinical for term in terms], np.bool_)[varied]
    telling = relevance(filled[:, varied], target)
    order = np.lexsort((np.arange(len(varied)), -telling, ~clinical))
    correlation = np.atleast_2d(np.corrcoef(filled[:, varied], rowvar=False))
    kept: list[int] = []
    redundant: list[tuple[int, int, float]] = []
    features = 0
    for index in (int(one) for one in order):
        with_kept = np.abs(correlation[index, np.array(kept, np.intp)])
        if len(kept) and with_kept.max() > config.max_correlation:
            twin = kept[int(np.argmax(with_kept))]
            redundant.append((int(varied[index]), int(varied[twin]), float(correlation[index, twin])))
        elif clinical[index] or features < config.keep:
            features += not clinical[index]
            kept.append(index)
    chosen = np.sort(varied[kept])
    return Preparation(
        chosen, median[chosen], filled[:, chosen].mean(axis=0), spread[chosen], tuple(redundant)
    )


def relevance(matrix: Matrix, target: Target) -> Vector:
    """How telling each column is by itself, shape (columns,), 0 to 1.

    Binary: distance of its AUC from one half, doubled.  Survival: absolute rank correlation with the log-rank
    scores, the score test of Cox's model.
    """
    ranks = stats.rankdata(matrix, axis=0)
    if target.time is None:
        sick, well = int(target.event.sum()), int((~target.event).sum())
        area = (ranks[target.event].sum(axis=0) - sick * (sick + 1) / 2) / (sick * well)
        return np.asarray(np.abs(2 * area - 1))
    scores = log_rank_scores(target.time, target.event)
    centred, ranks = scores - scores.mean(), ranks - ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0) * (centred**2).sum())
    return np.asarray(np.abs(centred @ ranks) / np.maximum(length, 1e-12))


def describe_dropped(dropped: Sequence[Dropped]) -> list[dict[str, str]]:
    """Plain JSON of what was dropped."""
    return [asdict(one) for one in dropped]
