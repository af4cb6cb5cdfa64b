"""From a table's features to the matrix that is clustered: what is left out, and why.

In this order: patients that lack too much, features that are missing too often, constant ones, those of low
ICC, and of two that say the same the less reproducible.  All is learnt on training patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from models.statistics.errors import TooFewPatients, UnknownColumn
from models.statistics.subtypes_config import SubtypeConfig
from models.statistics.subtypes_errors import FeatureNotNumber, GroupUnusable, NoFeaturesLeft
from models.statistics.subtypes_scaling import Matrix, Scaler
from rt.cohort import CohortTable, Column
from rt.errors import RtError

PATIENTS_A_CLUSTER = 3
"""Fewer than so many training patients for each of `k_maximum` clusters are refused."""


@dataclass(frozen=True)
class Prepared:
    """The training patients as they are clustered."""

    patients: tuple[str, ...]
    rows: tuple[int, ...]
    """Of these patients in the table."""
    features: tuple[str, ...]
    icc: tuple[float | None, ...]
    """Of each feature, None where it is not known."""
    scaled: Matrix
    """(patients, features), scaled and complete."""
    scaler: Scaler
    groups: tuple[str, ...]
    """Of each patient; empty text where nothing is grouped."""
    patients_left_out: list[dict[str, Any]]
    features_left_out: list[dict[str, Any]]


def prepare(table: CohortTable, config: SubtypeConfig) -> Prepared:
    """The training patients, filtered and scaled.

    Raises TooFewPatients, NoFeaturesLeft, FeatureNotNumber, GroupUnusable.
    """
    columns = [_number(column_of(table, name)) for name in config.features] or [
        _number(c) for c in table.features
    ]
    if not columns:
        raise NoFeaturesLeft("the table has no features")
    values = values_of(columns)
    rows, patients_left_out = _enough_patients(table, values, config)
    groups = groups_of(table, config.group)
    kept, left_out = _filtered(columns, values[rows], config)
    scaler, scaled = _scaled(values[rows][:, kept], [groups[i] for i in rows], config)
    iccs = [icc_of(columns[j], config.icc_kind) for j in kept]
    chosen, redundant = _without_redundant([columns[j].name for j in kept], iccs, scaled, config)
    if len(chosen) < 2:
        raise NoFeaturesLeft(f"{len(chosen)} of {len(columns)} features are left, clusters need two")
    return Prepared(
        tuple(table.patients[i] for i in rows),
        tuple(int(i) for i in rows),
        tuple(columns[kept[j]].name for j in chosen),
        tuple(iccs[j] for j in chosen),
        scaled[:, chosen],
        scaler.keep(chosen),
        tuple(groups[i] for i in rows),
        patients_left_out,
        left_out + redundant,
    )


def _enough_patients(
    table: CohortTable, values: Matrix, config: SubtypeConfig
) -> tuple[npt.NDArray[np.intp], list[dict[str, Any]]]:
    """Rows of the training patients that have enough values, and the others of them; TooFewPatients."""
    train = np.array([role == "train" for role in table.roles])
    lacking = np.isnan(values).mean(axis=1)
    out = train & (lacking > config.patient_missing_maximum)
    rows = np.flatnonzero(train & ~out)
    needed = max(PATIENTS_A_CLUSTER * config.k_maximum, 10)
    if len(rows) < needed:
        raise TooFewPatients(
            f"{len(rows)} training patients, up to {config.k_maximum} clusters need at least {needed}"
        )
    return rows, [
        {"patient": table.patients[i], "slug": "values-missing", "value": float(lacking[i])}
        for i in np.flatnonzero(out)
    ]


def column_of(table: CohortTable, name: str) -> Column:
    """The column of this name; UnknownColumn."""
    try:
        return table.column(name)
    except RtError as error:
        raise UnknownColumn(error.detail, where=name) from error


def values_of(columns: Sequence[Column]) -> Matrix:
    """Values (patients, columns), NaN where they are not known."""
    return np.array([[np.nan if v is None else v for v in one.values] for one in columns], np.float64).T


def groups_of(table: CohortTable, group: str) -> list[str]:
    """The scaling group of each patient; GroupUnusable where it is not known."""
    if not group:
        return [""] * len(table.patients)
    column = column_of(table, group)
    if column.kind != "category":
        raise GroupUnusable("groups are made by a category, not by a number", where=group)
    if unknown := [p for p, v in zip(table.patients, column.values, strict=True) if v is None]:
        raise GroupUnusable(f"not known for {len(unknown)} patients, first {unknown[0]}", where=group)
    return [str(value) for value in column.values]


def icc_of(column: Column, kind: str) -> float | None:
    """The feature's ICC of this kind, the lowest where no kind is named; None if it is not known."""
    raw = column.source.get("icc")
    if isinstance(raw, Mapping):
        found = [float(v) for name, v in raw.items() if v is not None and kind in ("", name)]
        return min(found, default=None)
    return None if raw is None else float(raw)


def _number(column: Column) -> Column:
    if column.kind != "number":
        raise FeatureNotNumber("its values are words; clusters are made of numbers", where=column.name)
    return column


def _filtered(
    columns: Sequence[Column], values: Matrix, config: SubtypeConfig
) -> tuple[list[int], list[dict[str, Any]]]:
    """Columns that are complete, varied and reproducible enough; the others with slug and value."""
    kept: list[int] = []
    left_out: list[dict[str, Any]] = []
    missing = np.isnan(values).mean(axis=0)
    for j, column in enumerate(columns):
        known = values[~np.isnan(values[:, j]), j]
        icc = icc_of(column, config.icc_kind)
        slug, value = "", None
        if missing[j] > config.feature_missing_maximum:
            slug, value = "missing", float(missing[j])
        elif len(known) == 0 or float(np.ptp(known)) == 0:
            slug = "constant"
        elif config.icc_minimum is not None and icc is None and config.icc_unknown == "drop":
            slug = "icc-unknown"
        elif config.icc_minimum is not None and icc is not None and icc < config.icc_minimum:
            slug, value = "icc-low", icc
        if slug:
            left_out.append({"feature": column.name, "slug": slug, "value": value, "instead": None})
        else:
            kept.append(j)
    if len(kept) < 2:
        reasons = ", ".join(sorted({one["slug"] for one in left_out}))
        raise NoFeaturesLeft(
            f"{len(kept)} of {len(columns)} features are left ({reasons}), clusters need two"
        )
    return kept, left_out


def _scaled(values: Matrix, groups: Sequence[str], config: SubtypeConfig) -> tuple[Scaler, Matrix]:
    scaler = Scaler.learn(values, groups, config.group, config.scaling)
    return scaler, scaler.apply(values, groups)


def _without_redundant(
    names: Sequence[str], iccs: Sequence[float | None], scaled: Matrix, config: SubtypeConfig
) -> tuple[list[int], list[dict[str, Any]]]:
    """Columns of which no two correlate too much: the higher ICC stays, then the first of the table."""
    if config.correlation_maximum is None:
        return list(range(len(names))), []
    correlation = np.abs(spearman(scaled))
    order = sorted(range(len(names)), key=lambda j: (iccs[j] is None, -(iccs[j] or 0.0), j))
    kept: list[int] = []
    left_out = []
    for j in order:
        to_kept = correlation[j, kept]
        if len(kept) and to_kept.max() > config.correlation_maximum:
            twin = kept[int(to_kept.argmax())]
            value = float(to_kept.max())
            left_out.append(
                {"feature": names[j], "slug": "redundant", "value": value, "instead": names[twin]}
            )
        else:
            kept.append(j)
    return sorted(kept), sorted(left_out, key=lambda one: names.index(one["feature"]))


def spearman(values: Matrix) -> Matrix:
    """Spearman correlation of the columns (columns, columns); a constant column correlates with nothing."""
    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    ranks /= np.where(length > 0, length, 1)
    correlation: npt.NDArray[np.float64] = ranks.T @ ranks
    return correlation
