"""Columns of a cohort as numbers for a network or a regression, by what the training patients show.

Numbers are centred and scaled, a missing one is the mean; categories are a column each, all 0 where it is
missing or was not seen in training.  What is learnt is JSON, so that a stored network reads a new patient
alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.statistics.errors import MissingValues
from rt.cohort import Column

Value = float | str | None


@dataclass(frozen=True)
class Variable:
    """How one column is read."""

    name: str
    mean: float = 0.0
    scale: float = 1.0
    levels: tuple[str, ...] | None = None
    """Of a category; None of a number."""

    def read(self, values: Sequence[Value]) -> npt.NDArray[np.float64]:
        """(n, 1), or (n, levels)."""
        if self.levels is not None:
            return np.array([[float(value == level) for level in self.levels] for value in values])
        numbers = [0.0 if value is None else (float(value) - self.mean) / self.scale for value in values]
        return np.array(numbers)[:, None]


@dataclass(frozen=True)
class Encoding:
    """How several columns are read."""

    variables: tuple[Variable, ...] = ()

    @property
    def width(self) -> int:
        """Numbers a patient."""
        return sum(1 if one.levels is None else len(one.levels) for one in self.variables)

    def read(self, values: Mapping[str, Sequence[Value]], count: int) -> npt.NDArray[np.float64]:
        """(count, numbers) of patients; MissingValues where a column is not there at all."""
        if missing := [one.name for one in self.variables if one.name not in values]:
            raise MissingValues("the network needs this variable", where=", ".join(missing))
        return np.concatenate(
            [np.zeros((count, 0)), *(one.read(values[one.name]) for one in self.variables)], axis=1
        )

    def not_given(self, values: Mapping[str, Value]) -> list[str]:
        """Names of the columns that a patient has no value of."""
        return [one.name for one in self.variables if values.get(one.name) is None]

    def unseen(self, values: Mapping[str, Value]) -> list[dict[str, str]]:
        """`[{"column", "level"}]` of a patient's levels that nobody learnt from had: they say nothing."""
        return [
            {"column": one.name, "level": str(values[one.name])}
            for one in self.variables
            if one.levels is not None
            and values.get(one.name) is not None
            and values[one.name] not in one.levels
        ]

    def to_json(self) -> list[dict[str, Any]]:
        """What `from_json` reads back."""
        return [asdict(one) for one in self.variables]

    @classmethod
    def from_json(cls, body: list[dict[str, Any]]) -> Self:
        """The encoding that `to_json` wrote."""
        levels = [None if one["levels"] is None else tuple(one["levels"]) for one in body]
        return cls(tuple(Variable(**one | {"levels": own}) for one, own in zip(body, levels, strict=True)))


def learn_encoding(columns: Sequence[Column], rows: npt.NDArray[np.intp]) -> Encoding:
    """How the columns are to be read, from these rows of the table alone."""
    return Encoding(tuple(_learn(one, [one.values[row] for row in rows]) for one in columns))


def _learn(column: Column, values: Sequence[Value]) -> Variable:
    known = [value for value in values if value is not None]
    if column.kind == "category":
        return Variable(column.name, levels=tuple(sorted({str(value) for value in known})))
    numbers = np.array(known or [0.0], dtype=float)
    spread = float(numbers.std())
    return Variable(column.name, float(numbers.mean()), spread if spread > 1e-12 else 1.0)
