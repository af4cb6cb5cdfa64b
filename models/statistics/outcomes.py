"""Prediction of an outcome from the columns of a cohort: models side by side, measured on unseen patients.

`analyse` cross-validates each group of columns with each model on the same patients, tests the groups against
each other, refits one as the final model, and measures it once on the locked test patients.  The result is
plain JSON, with the final model in it; `outcomes_apply.predict` uses that for a new patient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy import special

from models.statistics import merit
from models.statistics.errors import MissingValues, StatisticsError, UnknownColumn
from models.statistics.multiplicity import adjust
from models.statistics.outcomes_apply import predict, store, values_of
from models.statistics.outcomes_config import OutcomeConfig, columns_of
from models.statistics.outcomes_data import (
    Dropped,
    Rows,
    Target,
    Vector,
    describe_dropped,
    encode,
    prepare,
    relevance,
    terms_of,
    usable,
)
from models.statistics.outcomes_survival import judge_survival
from models.statistics.outcomes_validate import Task, Validated, fit, permute, require_enough, validate
from models.statistics.results import plain
from models.statistics.survival_data import find_column, known
from models.statistics.survival_merit import Outcome, compare_c
from rt.cohort import CohortTable, Endpoint

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Prepared:
    """The patients and columns of an analysis."""

    table: CohortTable
    config: OutcomeConfig
    endpoint: Endpoint
    train: Rows
    test: Rows
    columns: dict[str, list[str]]
    """Those that can be learnt from, by group."""
    dropped: list[dict[str, str]]
    counts: dict[str, int]

    def target(self, rows: Rows) -> Target:
        """Outcomes of these patients; a competing event counts as censored."""
        event = np.array([self.endpoint.events[i] == 1 for i in rows], bool)
        if self.endpoint.kind == "binary":
            return Target(event)
        return Target(event, np.array([self.endpoint.times[i] for i in rows], float))

    def times(self) -> Vector:
        """When survival predictions are judged: as configured, else quartiles of the times of events."""
        target = self.target(self.train)
        if target.time is None:
            return np.zeros(0)
        if self.config.times:
            return np.asarray(sorted(self.config.times), float)
        return np.unique(np.quantile(target.time[target.event], [0.25, 0.5, 0.75]))

    def task(self, group: str, model: str) -> Task:
        """The training patients' task of a group of columns and a model."""
        names = self.columns[group]
        columns = [find_column(self.table, name) for name in names]
        terms = terms_of(columns, self.train, {one.name for one in self.table.clinical})
        matrix = encode(terms, values_of(self.table, self.train), len(self.train))
        return Task(matrix, terms, self.target(self.train), model, self.config, self.times())


def analyse(
    table: CohortTable, config: OutcomeConfig, progress: Progress = lambda share: None
) -> dict[str, Any]:
    """The outcome models of a cohort as plain JSON.

    `{"kind": "outcome", "config", "endpoint", "cohort": {"digest", "patients", "events", …}, "columns":
    {"groups", "dropped", "separating", "redundant"}, "patients", "labels", "models": [{"group", "model",
    "figures", "predictions", "parameters", "selection", "not_converged"}], "comparisons", "chosen", "test",
    "permutation", "final_model"}`; figures are `merit.summary` of out-of-fold predictions, or
    `judge_survival`.  StatisticsError where the cohort cannot answer.
    """
    ready = _prepare(table, config)
    pairs = [(group, model) for group in ready.columns for model in config.models]
    validated: dict[tuple[str, str], Validated] = {}
    for index, pair in enumerate(pairs):
        share = _part(progress, index / len(pairs) * 0.8, 0.8 / len(pairs))
        validated[pair] = validate(ready.task(*pair), share)
    rows = [_describe(ready, pair, validated[pair]) for pair in pairs]
    chosen = config.final or max(pairs, key=lambda pair: _headline(rows[pairs.index(pair)]))
    final, test = _finish(ready, chosen)
    task = ready.task(*chosen)
    permutation = None
    if config.permutations:
        permutation = permute(task, _headline(rows[pairs.index(chosen)]), _part(progress, 0.85, 0.15))
    result = {
        "kind": "outcome",
        "config": config.to_json(),
        **_describe_question(ready, table),
        "columns": _describe_columns(ready, task),
        "models": rows,
        "comparisons": _compare(ready, validated),
        "chosen": {"group": chosen[0], "model": chosen[1], "of": len(pairs), "by": _chosen_by(config)},
        "test": test,
        "permutation": permutation,
        "final_model": final,
    }
    progress(1.0)
    return plain(result)


def _chosen_by(config: OutcomeConfig) -> str:
    return "configuration" if config.final else "cross-validation"


def _describe_question(ready: Prepared, table: CohortTable) -> dict[str, Any]:
    """What was asked of whom."""
    return {
        "endpoint": {"name": ready.endpoint.name, "kind": ready.endpoint.kind, "unit": ready.endpoint.unit},
        "cohort": ready.counts | {"digest": table.digest()},
        "patients": [table.patients[i] for i in ready.train],
        "labels": _labels(ready.target(ready.train)),
    }


def _labels(target: Target) -> dict[str, Any]:
    """What happened, in the order of the patients."""
    return {
        "event": [int(one) for one in target.event],
        "time": None if target.time is None else target.time.tolist(),
    }


def _part(progress: Progress, start: float, width: float) -> Progress:
    return lambda share: progress(start + width * share)


def _prepare(table: CohortTable, config: OutcomeConfig) -> Prepared:
    config.check()
    endpoint = next((one for one in table.endpoints if one.name == config.endpoint), None)
    if endpoint is None:
        raise UnknownColumn("the cohort has no such endpoint", where=config.endpoint)
    groups = columns_of(table, config)
    every = list(dict.fromkeys(name for names in groups.values() for name in names))
    told = np.array([i for i, one in enumerate(endpoint.events) if one is not None], np.intp)
    complete = known(table, every, told)
    if config.missing == "refuse" and not complete.all():
        gaps = {name: int((~known(table, [name], told)).sum()) for name in every}
        listed = ", ".join(f"{name} ({count})" for name, count in gaps.items() if count)
        raise MissingValues(f"values are missing in {listed}")
    rows = told[complete] if config.missing == "drop" else told
    train = np.array([i for i in rows if table.roles[i] == "train"], np.intp)
    test = np.array([i for i in rows if table.roles[i] == "test"], np.intp)
    kept: dict[str, list[str]] = {}
    dropped: dict[str, Dropped] = {}
    for group, names in groups.items():
        kept[group], out = usable(table, names, train, config)
        dropped |= {one.column: one for one in out}
    events = [endpoint.events[i] for i in train]
    counts = {
        "patients": len(train),
        "events": sum(one == 1 for one in events),
        "competing": sum((one or 0) > 1 for one in events),
        "test_patients": len(test),
        "test_events": sum(endpoint.events[i] == 1 for i in test),
        "unknown": len(table.patients) - len(told),
        "incomplete": int((~complete).sum()),
    }
    ready = Prepared(
        table, config, endpoint, train, test, kept, describe_dropped([*dropped.values()]), counts
    )
    require_enough(ready.target(train), config)
    return ready


def _describe(ready: Prepared, pair: tuple[str, str], found: Validated) -> dict[str, Any]:
    task = ready.task(*pair)
    order = np.lexsort((-found.weight, -found.selected))
    selection = [
        {
            "column": task.terms[i].name,
            "share": float(found.selected[i]),
            "importance": float(found.weight[i]),
        }
        for i in order
        if found.selected[i] > 0
    ]
    return {
        "group": pair[0],
        "model": pair[1],
        "terms": len(task.terms),
        "figures": _figures(ready, task, found),
        "predictions": _predictions(task, found),
        "parameters": found.parameters,
        "selection": selection,
        "not_converged": found.not_converged,
    }


def _figures(ready: Prepared, task: Task, found: Validated) -> dict[str, Any]:
    target = task.target
    if target.time is None:
        probability, threshold = special.expit(found.score), special.expit(found.threshold)
        return merit.summary(target.event, probability, threshold)
    outcome = Outcome(target.time, target.event)
    against = (outcome, task.times, ready.config.seed)
    return judge_survival(outcome, found.score, found.survival, found.threshold, against)


def _predictions(task: Task, found: Validated) -> dict[str, Any]:
    if task.target.time is None:
        return {
            "probability": special.expit(found.score).tolist(),
            "threshold": special.expit(found.threshold).tolist(),
        }
    return {
        "risk": found.score.tolist(),
        "threshold": found.threshold.tolist(),
        "times": task.times.tolist(),
        "survival": found.survival.tolist(),
    }


def _headline(row: dict[str, Any]) -> float:
    figures = row["figures"]
    return float(figures["auc"]["value"] if "auc" in figures else figures["harrell_c"]["value"])


def _compare(ready: Prepared, found: dict[tuple[str, str], Validated]) -> list[dict[str, Any]]:
    """Each two groups with the same model: second less first, DeLong's test or a paired bootstrap of C."""
    target = ready.target(ready.train)
    rows: list[dict[str, Any]] = []
    for model in ready.config.models:
        for first, second in combinations(ready.columns, 2):
            scores = found[first, model].score, found[second, model].score
            if target.time is None:
                test = merit.compare_auc(target.event, *scores)
            else:
                test = compare_c(Outcome(target.time, target.event), *scores, seed=ready.config.seed)
            rows.append({"model": model, "first": first, "second": second, **test.to_json()})
    adjusted = adjust([row["p"] for row in rows], ready.config.adjustment)
    return [row | {"p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)]


def _describe_columns(ready: Prepared, task: Task) -> dict[str, Any]:
    """What was learnt from, and what was not; columns that tell the outcomes apart without a miss by name."""
    preparation = prepare(task.matrix, task.target, task.terms, ready.config)
    every = replace(ready.config, keep=len(task.terms) + 1, max_correlation=1.0)
    alone = prepare(task.matrix, task.target, task.terms, every)
    telling = relevance(alone.apply(task.matrix), task.target)
    names = [task.terms[i].name for i in alone.kept]
    return {
        "groups": ready.columns,
        "dropped": ready.dropped,
        "separating": [name for name, one in zip(names, telling, strict=True) if one > 1 - 1e-9],
        "redundant": [
            {"column": task.terms[a].name, "by": task.terms[b].name, "correlation": r}
            for a, b, r in preparation.redundant
        ],
    }


def _finish(ready: Prepared, chosen: tuple[str, str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The final model from all training patients, and its figures on the locked ones, if there are any."""
    task = ready.task(*chosen)
    fitted = fit(task, (ready.config.seed, 99))
    about = {
        "endpoint": {"name": ready.endpoint.name, "unit": ready.endpoint.unit},
        "group": chosen[0],
        "trained_on": {"digest": ready.table.digest(), "patients": len(ready.train)},
    }
    final = store(fitted, task, about)
    if not len(ready.test):
        return final, None
    predicted = predict(final, values_of(ready.table, ready.test))
    return final, _on_test(ready, task, final, predicted)


def _on_test(
    ready: Prepared, task: Task, final: dict[str, Any], predicted: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    target = ready.target(ready.test)
    inside = sum(one["applicability"]["inside"] for one in predicted)
    out: dict[str, Any] = {
        "patients": [ready.table.patients[i] for i in ready.test],
        "labels": _labels(target),
        "predictions": list(predicted),
        "inside": inside,
    }
    try:
        if target.time is None:
            probability = [one["probability"] for one in predicted]
            figures = merit.summary(target.event, probability, final["threshold"])
        else:
            train = Outcome(np.asarray(task.target.time, float), task.target.event)
            shares = np.array([one["survival"]["share"] for one in predicted], float)
            risk = np.array([one["risk"] for one in predicted], float)
            outcome = Outcome(target.time, target.event)
            against = (train, task.times, ready.config.seed)
            figures = judge_survival(outcome, risk, shares, final["threshold"], against)
    except StatisticsError as error:
        return out | {"figures": None, "refused": {"slug": error.slug, "detail": str(error)}}
    return out | {"figures": figures, "refused": None}
