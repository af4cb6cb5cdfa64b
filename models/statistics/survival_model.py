"""The Cox model of several columns as plain JSON, and what it says of a new patient.

Baseline hazard is Efron's, of the patients' mean; risk is the log hazard ratio against that.  Where there are
competing events the model is cause-specific: its curve is of patients whom nothing else happens to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from models.statistics.applicability import applicability, learn_applicability
from models.statistics.errors import MissingValues, OtherModel
from models.statistics.survival_cox import CoxFit, Matrix, Vector, efron_rows
from models.statistics.survival_data import Followed, Term

FORMAT = "rinkaku-survival-model-1"
Values = Mapping[str, float | str | None]


def store(
    fit: CoxFit, matrix: Matrix, terms: Sequence[Term], people: Followed, asked: tuple[Sequence[float], int]
) -> dict[str, Any]:
    """The model as JSON that `predict` reads; `asked` are the times of the curve and the seed."""
    times, seed = asked
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    risk = (matrix - mean) @ fit.coefficients
    sets = efron_rows(people.time, people.event)
    hazard = np.cumsum(1 / (sets.weights @ np.exp(risk)))
    at = np.searchsorted(sets.times, np.asarray(times, float), side="right")
    return {
        "format": FORMAT,
        "terms": [asdict(term) | {"name": term.name} for term in terms],
        "coefficients": fit.coefficients.tolist(),
        "mean": mean.tolist(),
        "spread": spread.tolist(),
        "low": matrix.min(axis=0).tolist(),
        "high": matrix.max(axis=0).tolist(),
        "threshold": float(np.median(risk)),
        "times": [float(one) for one in times],
        "hazard": np.concatenate([[0.0], hazard])[at].tolist(),
        "cause_specific": bool((people.status > 1).any()),
        "applicability": learn_applicability((matrix - mean) / spread, people.event, seed),
    }


def predict(model: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """What the model says of a new patient, from values by column name.

    `{"risk", "high", "survival": {"time", "share"}, "cause_specific", "applicability": {"distance",
    "percentile", "inside"}, "imputed": [], "outside": [{"column", "value", "low", "high"}], "unseen": []}`;
    high: at or above the median of those learnt from.  OtherModel where it is no such model or a column is
    not given; MissingValues where a value is missing, or a level that nobody learnt from had: nothing is
    put in its place.
    """
    if not isinstance(model, Mapping) or model.get("format") != FORMAT:
        raise OtherModel(f"this is no {FORMAT}")
    numbers = _numbers(model["terms"], values)
    mean, spread = (np.asarray(model[name], float) for name in ("mean", "spread"))
    risk = float((numbers - mean) @ np.asarray(model["coefficients"], float))
    share = np.exp(-np.asarray(model["hazard"], float) * np.exp(np.clip(risk, -50, 50)))
    ends = zip(model["terms"], numbers, model["low"], model["high"], strict=True)
    return {
        "risk": risk,
        "high": risk >= model["threshold"],
        "survival": {"time": list(model["times"]), "share": share.tolist()},
        "cause_specific": model["cause_specific"],
        "applicability": applicability(model["applicability"], ((numbers - mean) / spread)[None])[0],
        "imputed": [],
        "outside": [
            {"column": term["name"], "value": float(value), "low": low, "high": high}
            for term, value, low, high in ends
            if not low <= value <= high
        ],
        "unseen": [],
    }


def _numbers(terms: Sequence[Mapping[str, Any]], values: Values) -> Vector:
    levels: dict[str, set[str]] = {}
    for term in terms:
        if term["level"]:
            levels.setdefault(term["column"], {term["reference"]}).add(term["level"])
    return np.array([_number(term, values, levels) for term in terms], float)


def _number(term: Mapping[str, Any], values: Values, levels: Mapping[str, set[str]]) -> float:
    name = term["column"]
    if name not in values:
        raise OtherModel("this column is needed and not given", where=name)
    value = values[name]
    if value is None:
        raise MissingValues("the model puts nothing in the place of a missing value", where=name)
    if term["level"]:
        if str(value) not in levels[name]:
            raise MissingValues(f"nobody whom it learnt from had {value!r}", where=name)
        return float(str(value) == term["level"])
    if isinstance(value, str) or not np.isfinite(value):
        raise OtherModel(f"{value!r} is no number", where=name)
    return float(value)
