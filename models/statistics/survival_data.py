"""Patients and columns of a cohort as arrays for survival analysis; who was left out, and why, is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.statistics.errors import (
    AnalysisConfigError,
    CollinearColumns,
    ConstantColumn,
    MissingValues,
    Separation,
    TooFewPatients,
    UnknownColumn,
)
from rt.cohort import CohortTable, Column

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Missing = Literal["drop", "refuse"]
MAX_CORRELATION = 0.99
"""Two columns above it in absolute value say the same."""
MAX_VIF = 100.0
"""A column with a higher variance inflation is a sum of others."""


@dataclass(frozen=True)
class Followed:
    """Patients with a known time: arrays of shape (n,), in the order of the cohort."""

    rows: npt.NDArray[np.intp]
    """Their indices in the cohort."""
    time: Vector
    status: npt.NDArray[np.intp]
    """0 censored, 1 the event, 2 and above competing events."""

    @property
    def event(self) -> npt.NDArray[np.bool_]:
        """Whether the event itself ended the time."""
        return np.asarray(self.status == 1)

    def take(self, keep: npt.NDArray[np.bool_]) -> Followed:
        """Those of the patients that `keep` says, shape (n,)."""
        return Followed(self.rows[keep], self.time[keep], self.status[keep])


@dataclass(frozen=True)
class Term:
    """One column of a design: a number, or a category's level against the reference."""

    column: str
    level: str = ""
    reference: str = ""

    @property
    def name(self) -> str:
        """`column` or `column = level`."""
        return f"{self.column} = {self.level}" if self.level else self.column


def find_column(table: CohortTable, name: str) -> Column:
    """The column of this name; UnknownColumn with what there is."""
    for one in (*table.clinical, *table.features):
        if one.name == name:
            return one
    raise UnknownColumn("the cohort has no such column", where=name)


def followed(table: CohortTable, endpoint: str, roles: Sequence[str]) -> Followed:
    """Patients of these roles whose time and event of the endpoint are known."""
    found = next((one for one in table.endpoints if one.name == endpoint), None)
    if found is None:
        raise UnknownColumn("the cohort has no such endpoint", where=endpoint)
    if found.kind != "survival":
        raise AnalysisConfigError("this endpoint has no times: it is binary", where=endpoint)
    rows = np.array(
        [i for i, one in enumerate(found.events) if one is not None and table.roles[i] in roles], np.intp
    )
    if len(rows) < 2:
        raise TooFewPatients(f"{len(rows)} patients have a known time", where=endpoint)
    times = np.array([found.times[i] for i in rows], float)
    return Followed(rows, times, np.array([found.events[i] for i in rows], np.intp))


def known(table: CohortTable, names: Sequence[str], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Of these rows, which have a value in each of the columns; shape (n,)."""
    columns = [find_column(table, name) for name in names]
    return np.array([all(one.values[i] is not None for one in columns) for i in rows], bool)


def require_known(
    table: CohortTable, names: Sequence[str], rows: npt.NDArray[np.intp], missing: Missing
) -> npt.NDArray[np.bool_]:
    """As `known`, but MissingValues where none may be missing, and TooFewPatients where nobody is left."""
    keep = known(table, names, rows)
    if not keep.all() and missing == "refuse":
        counts = {name: int((~known(table, [name], rows)).sum()) for name in names}
        listed = ", ".join(f"{name} ({count})" for name, count in counts.items() if count)
        raise MissingValues(f"values are missing in {listed}")
    if keep.sum() < 2:
        raise TooFewPatients(f"{int(keep.sum())} of {len(rows)} patients have all of {', '.join(names)}")
    return keep


def design(
    table: CohortTable,
    names: Sequence[str],
    rows: npt.NDArray[np.intp],
    references: Mapping[str, str],
) -> tuple[Matrix, list[Term]]:
    """Columns as numbers, shape (n, terms): categories by indicators against a reference level.

    The reference is the one named, else the most frequent level (the first of equals by name).
    ConstantColumn where a column has one value.
    """
    parts: list[Vector] = []
    terms: list[Term] = []
    for name in dict.fromkeys(names):
        column = find_column(table, name)
        values: list[Any] = [column.values[i] for i in rows]
        if len(set(values)) < 2:
            raise ConstantColumn(f"all {len(values)} patients have the value {values[0]!r}", where=name)
        if column.kind == "number":
            parts.append(np.asarray(values, float))
            terms.append(Term(name))
            continue
        reference = _reference(name, values, references)
        for level in sorted(set(values) - {reference}):
            parts.append(np.array([value == level for value in values], float))
            terms.append(Term(name, level, reference))
    return np.stack(parts, axis=1), terms


def _reference(name: str, values: Sequence[str], references: Mapping[str, str]) -> str:
    wanted = references.get(name)
    if wanted is None:
        return min(set(values), key=lambda level: (-values.count(level), level))
    if wanted not in values:
        raise AnalysisConfigError(f"no patient has the reference level {wanted!r}", where=name)
    return wanted


def variance_inflation(matrix: Matrix, terms: Sequence[Term]) -> list[float]:
    """Variance inflation factor of each term; CollinearColumns where two, or more together, say the same."""
    if matrix.shape[1] < 2:
        return [1.0] * matrix.shape[1]
    correlation = np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    upper = np.abs(np.triu(correlation, 1))
    pairs = [
        f"{terms[i].name} and {terms[j].name} (r = {correlation[i, j]:.3f})"
        for i, j in np.argwhere(upper > MAX_CORRELATION)
    ]
    if pairs:
        raise CollinearColumns(f"{'; '.join(pairs)}: take one of each pair")
    values, vectors = np.linalg.eigh(correlation)
    inflation = (vectors**2 / np.maximum(values, 1e-12)).sum(axis=1)
    if inflation.max() > MAX_VIF:
        listed = [term.name for term, one in zip(terms, inflation, strict=True) if one > MAX_VIF]
        raise CollinearColumns(f"{', '.join(listed)} follow from each other: leave one out")
    return [float(one) for one in inflation]


def refuse_separation(matrix: Matrix, terms: Sequence[Term], event: npt.NDArray[np.bool_]) -> None:
    """Separation where a two-valued term has no event on one side: its hazard ratio has no end."""
    for index, term in enumerate(terms):
        levels = np.unique(matrix[:, index])
        if len(levels) != 2:
            continue
        for level in levels:
            own = matrix[:, index] == level
            if not event[own].any():
                side = "with" if level == levels[1] else "without"
                raise Separation(
                    f"none of the {int(own.sum())} patients {side} it has the event: "
                    "use the penalty 'firth' or 'ridge', or leave it out",
                    where=term.name,
                )
