"""A final model as plain JSON, and its prediction for a new patient with how far it applies.

The model holds no patient's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy import special

from models.statistics.applicability import applicability, learn_applicability
from models.statistics.errors import MissingValues, OtherModel
from models.statistics.outcomes_data import Preparation, Rows, Term, Vector, encode
from models.statistics.outcomes_models import score, survival_at
from models.statistics.outcomes_validate import Fitted, Task
from rt.cohort import CohortTable

FORMAT = "rinkaku-outcome-model-1"
Values = Mapping[str, Sequence[float | str | None]]


def values_of(table: CohortTable, rows: Rows | Sequence[int]) -> dict[str, list[float | str | None]]:
    """All columns of these patients, as `predict` takes them."""
    columns = (*table.clinical, *table.features)
    return {one.name: [one.values[i] for i in rows] for one in columns}


def store(fitted: Fitted, task: Task, about: Mapping[str, Any]) -> dict[str, Any]:
    """The model as plain JSON that `predict` reads; `about` is added to it."""
    preparation = fitted.preparation
    x = preparation.apply(task.matrix)
    raw = task.matrix[:, preparation.kept]
    return {
        "format": FORMAT,
        "kind": "binary" if task.target.time is None else "survival",
        **about,
        "model": task.model,
        "parameters": fitted.parameters,
        "terms": [asdict(term) | {"name": term.name} for term in (task.terms[i] for i in preparation.kept)],
        "median": preparation.median.tolist(),
        "mean": preparation.mean.tolist(),
        "spread": preparation.spread.tolist(),
        "low": np.nanmin(raw, axis=0).tolist(),
        "high": np.nanmax(raw, axis=0).tolist(),
        "core": fitted.core,
        "threshold": float(special.expit(fitted.threshold) if task.target.time is None else fitted.threshold),
        "times": task.times.tolist(),
        "applicability": learn_applicability(x, task.target.event, task.config.seed),
    }


def predict(model: Mapping[str, Any], columns: Values) -> list[dict[str, Any]]:
    """Predictions of new patients by a model that `analyse` made; `columns` are values by name.

    binary: `{"probability", "positive"}`; survival: `{"risk", "high", "survival": {"time", "share"}}`, risk a
    log relative hazard, high whether it is above the middle of those learnt from (None of a model that was
    stored without that).

    Both: `"applicability": {"distance", "percentile", "inside"}`, `"imputed"` (names of terms that had no
    value), `"outside"` (values beyond those learnt from) and `"unseen"` (levels that nobody learnt from had,
    `[{"column", "level"}]`; they count as no value).  OtherModel where a column is missing or the model is
    none; MissingValues where a patient has none of the values.
    """
    if not isinstance(model, Mapping) or model.get("format") != FORMAT:
        raise OtherModel(f"this is no {FORMAT}")
    terms = [
        Term(one["column"], one["level"], one["clinical"], tuple(one["levels"])) for one in model["terms"]
    ]
    counts = {len(columns[term.column]) for term in terms if term.column in columns}
    if len(counts) > 1:
        raise OtherModel("columns have different numbers of patients")
    matrix = encode(terms, columns, counts.pop() if counts else 0)
    empty = np.isnan(matrix).all(axis=1)
    if empty.any():
        raise MissingValues(f"patient {int(np.argmax(empty)) + 1} has a value in no column of the model")
    median, mean, spread = (np.asarray(model[name], float) for name in ("median", "mean", "spread"))
    preparation = Preparation(np.arange(len(terms)), median, mean, spread)
    x = preparation.apply(matrix)
    shares = survival_at(model["core"], x) if model["kind"] == "survival" else None
    distance = applicability(model["applicability"], x)
    rows = []
    for index, value in enumerate(score(model["core"], x)):
        row = _row(model, float(value), shares[index] if shares is not None else None)
        row["applicability"] = distance[index]
        row["imputed"] = [terms[i].name for i in np.flatnonzero(np.isnan(matrix[index]))]
        row["outside"] = _outside(model, terms, matrix[index])
        row["unseen"] = _unseen(terms, columns, index)
        rows.append(row)
    return rows


def _row(model: Mapping[str, Any], value: float, shares: Vector | None) -> dict[str, Any]:
    if shares is not None:
        high = None if model["threshold"] is None else bool(value >= model["threshold"])
        survival = {"time": list(model["times"]), "share": shares.tolist()}
        return {"risk": value, "high": high, "survival": survival}
    probability = float(special.expit(value))
    return {"probability": probability, "positive": bool(probability >= model["threshold"])}


def _outside(model: Mapping[str, Any], terms: Sequence[Term], values: Vector) -> list[dict[str, Any]]:
    rows = zip(terms, values, model["low"], model["high"], strict=True)
    return [
        {"column": term.name, "value": float(value), "low": low, "high": high}
        for term, value, low, high in rows
        if not np.isnan(value) and not low <= value <= high
    ]


def _unseen(terms: Sequence[Term], columns: Values, row: int) -> list[dict[str, str]]:
    known = {term.column: term.levels for term in terms if term.level is not None}
    return [
        {"column": column, "level": str(value)}
        for column, levels in known.items()
        if (value := columns[column][row]) is not None and str(value) not in levels
    ]
