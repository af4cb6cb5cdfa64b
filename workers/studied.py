"""A cohort's outcome and clinical terms as a dose-outcome map wants them: numbers, and nobody without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.analyses.configs import DoseMapConfig
from models.dose_maps import Outcome
from models.statistics.errors import AnalysisConfigError
from rt.cohort import CohortTable, Column

LeftOut = dict[str, tuple[str, str]]
"""(slug, detail) by patient."""


@dataclass(frozen=True)
class Terms:
    """Numbers of patients, in an order of theirs."""

    outcome: Outcome
    clinical: npt.NDArray[np.float64]
    """(n, c): numbers, and of a category an indicator of each level but the first."""
    names: tuple[str, ...]


def unknown_values(table: CohortTable, config: DoseMapConfig) -> LeftOut:
    """Patients of the role `train` whose outcome or one of whose clinical terms is not known."""
    columns = [table.column(name) for name in config.columns()]
    found: LeftOut = {}
    for row, patient in enumerate(table.patients):
        missing = [one.name for one in columns if one.values[row] is None]
        if config.endpoint is not None and table.endpoint(config.endpoint).events[row] is None:
            missing.append(config.endpoint)
        if missing and table.roles[row] == "train":
            found[patient] = ("missing-values", f"{', '.join(missing)} is not known")
    return found


def terms_of(table: CohortTable, config: DoseMapConfig, patients: Sequence[str]) -> Terms:
    """Of these patients; AnalysisConfigError where the outcome is a category.

    Of a survival endpoint the first kind of event counts, and competing events end the time.
    """
    rows = [table.patients.index(patient) for patient in patients]
    columns = [_numbers(table.column(name), rows) for name in config.clinical]
    names = tuple(name for _, own in columns for name in own)
    empty = np.zeros((len(rows), 0))
    return Terms(_outcome(table, config, rows), np.hstack([empty, *(one for one, _ in columns)]), names)


def _outcome(table: CohortTable, config: DoseMapConfig, rows: Sequence[int]) -> Outcome:
    if config.variable is not None:
        column = table.column(config.variable)
        if column.kind != "number":
            raise AnalysisConfigError("a category cannot be an outcome that is measured", where=column.name)
        return Outcome("continuous", np.array([column.values[row] for row in rows], dtype=np.float64))
    endpoint = table.endpoint(config.endpoint or "")
    events = np.array([endpoint.events[row] for row in rows])
    if endpoint.kind == "binary":
        return Outcome("binary", events.astype(np.float64))
    times = np.array([endpoint.times[row] for row in rows], dtype=np.float64)
    return Outcome("survival", times, events == 1)


def _numbers(column: Column, rows: Sequence[int]) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    values = [column.values[row] for row in rows]
    if column.kind == "number":
        return np.array(values, dtype=np.float64)[:, None], (column.name,)
    levels = sorted({str(one) for one in values})[1:]
    found = np.array([[float(str(one) == level) for level in levels] for one in values])
    return found.reshape(len(rows), len(levels)), tuple(f"{column.name}={level}" for level in levels)
