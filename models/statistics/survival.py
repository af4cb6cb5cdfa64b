"""Survival of a cohort's patients: curves of groups, Cox models, competing risks.

`analyse` takes a frozen cohort and a configuration and returns plain JSON: every number that a figure, a
table or a methods paragraph needs, and what was left out.  It refuses with a StatisticsError, never a NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

import numpy as np

from models.statistics import survival_curves as curves
from models.statistics.errors import AnalysisConfigError, StatisticsError, TooFewEvents
from models.statistics.multiplicity import Adjustment, adjust
from models.statistics.results import plain
from models.statistics.survival_competing import cumulative_incidence, fine_gray, gray_test, hazard_rows
from models.statistics.survival_cox import (
    CoxFit,
    Penalty,
    efron_rows,
    fit_cox,
    global_tests,
    proportional_hazards,
)
from models.statistics.survival_data import (
    Followed,
    Matrix,
    Missing,
    Term,
    design,
    find_column,
    followed,
    known,
    refuse_separation,
    require_known,
    variance_inflation,
)
from models.statistics.survival_model import store
from rt.cohort import CohortTable

Patients = Literal["all", "train", "test"]


@dataclass(frozen=True)
class Grouping:
    """Curves by a category, or by a number on either side of a cut."""

    column: str
    cut: curves.Cut = None
    """None for a category; for a number a value, "median", or "optimal" (its p pays for the search)."""


@dataclass(frozen=True)
class SurvivalConfig:
    """What is asked of a survival endpoint."""

    endpoint: str
    groupings: tuple[Grouping, ...] = ()
    univariable: tuple[str, ...] = ()
    """Columns that get a Cox model each; p adjusted over all of them."""
    multivariable: tuple[str, ...] = ()
    """Columns of one Cox model."""
    patients: Patients = "all"
    missing: Missing = "drop"
    """drop: who misses a value of a question's columns is left out of it, and counted."""
    adjustment: Adjustment = "holm"
    """Of the p of `groupings` among themselves, and of `univariable` among themselves."""
    penalty: Penalty = "none"
    """firth or ridge give separated columns a finite estimate."""
    ridge: float = 1.0
    """Weight of half the squared coefficients a standard deviation, with the penalty ridge."""
    events_per_variable: float = 5.0
    """A model of several columns with fewer is refused (Vittinghoff and McCulloch 2007)."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Reference level of a category; by default the most frequent one."""
    times: tuple[float, ...] = ()
    """Times of the numbers at risk; by default round ones."""
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` reads."""
        return asdict(self) | {"references": dict(self.references)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read `to_json`, or less; AnalysisConfigError names what is not known."""
        unknown = sorted(set(raw) - {one.name for one in fields(cls)})
        if unknown:
            raise AnalysisConfigError(f"unknown settings: {', '.join(unknown)}")
        if not isinstance(raw.get("endpoint"), str):
            raise AnalysisConfigError("an endpoint is needed", where="endpoint")
        given = dict(raw)
        try:
            given["groupings"] = tuple(Grouping(**dict(one)) for one in raw.get("groupings", ()))
        except (TypeError, ValueError) as error:
            raise AnalysisConfigError(
                "a grouping is {column, cut} with cut null, a number, 'median' or 'optimal'",
                where="groupings",
            ) from error
        for name in ("univariable", "multivariable", "times"):
            given[name] = tuple(raw.get(name, ()))
        config = cls(**given)
        config.check()
        return config

    def check(self) -> None:
        """AnalysisConfigError where a setting is none of those there are, or nothing is asked."""
        for value, kind in (
            (self.patients, Patients),
            (self.missing, Missing),
            (self.adjustment, Adjustment),
            (self.penalty, Penalty),
        ):
            if value not in get_args(kind):
                raise AnalysisConfigError(f"{value!r} is none of {', '.join(get_args(kind))}")
        for one in self.groupings:
            if isinstance(one.cut, str) and one.cut not in ("median", "optimal"):
                raise AnalysisConfigError(f"a cut is a number, 'median' or 'optimal', not {one.cut!r}")
        if self.penalty == "ridge" and self.ridge <= 0:
            raise AnalysisConfigError("a ridge penalty is above 0", where="ridge")


def analyse(
    table: CohortTable, config: SurvivalConfig, progress: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    """The survival analysis as plain JSON.

    `{"kind": "survival", "config", "cohort": {"digest", "patients", "events", "competing", "unknown",
    "median_follow_up", "unit"}, "at_risk_times", "overall", "groupings": [...], "univariable": [...],
    "multivariable", "model", "competing", "refused": [{"where", "slug", "detail"}]}`; the model is that of
    `multivariable`, for `survival_model.predict`.  Where several questions are
    asked, a grouping or a column of `univariable` that has no answer is in `refused` instead; a multivariable
    model without one is an error.
    """
    config.check()
    roles = ("train", "test") if config.patients == "all" else (config.patients,)
    people = followed(table, config.endpoint, roles)
    if not people.event.any():
        raise TooFewEvents("no patient has the event", where=config.endpoint)
    refused: list[dict[str, Any]] = []
    times = config.times or tuple(curves.risk_times(people.time))
    everyone = curves.Groups(["all"], np.zeros(len(people.rows), np.intp))
    result: dict[str, Any] = {
        "kind": "survival",
        "config": config.to_json(),
        "cohort": _describe_cohort(table, config, people, roles),
        "at_risk_times": list(times),
        "overall": curves.describe(people.time, people.event, everyone, times)[0],
    }
    result |= _answers(table, config, people, refused)
    progress(0.7)
    result["multivariable"], result["model"] = None, None
    if config.multivariable:
        result["multivariable"], result["model"] = _model(table, config, config.multivariable, people)
    result["competing"] = _overall_incidence(people)
    result["refused"] = refused
    progress(1.0)
    return plain(result)


def _answers(
    table: CohortTable, config: SurvivalConfig, people: Followed, refused: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Groups compared and columns tried one by one, with p adjusted for how many were asked."""
    questions = len(config.groupings) + len(config.univariable) + 1
    groupings = _each(config.groupings, lambda one: _grouping(table, config, one, people), refused, questions)
    univariable = _each(
        config.univariable, lambda one: _model(table, config, (one,), people)[0], refused, questions
    )
    _adjust(groupings, [one["test"]["p"] for one in groupings], config)
    _adjust(univariable, [_whole_p(one) for one in univariable], config)
    return {"groupings": groupings, "univariable": univariable}


def _describe_cohort(
    table: CohortTable, config: SurvivalConfig, people: Followed, roles: Sequence[str]
) -> dict[str, Any]:
    asked = sum(role in roles for role in table.roles)
    return {
        "digest": table.digest(),
        "patients": len(people.rows),
        "unknown": asked - len(people.rows),
        "events": int(people.event.sum()),
        "competing": int((people.status > 1).sum()),
        "median_follow_up": curves.median_follow_up(people.time, people.status > 0),
        "unit": table.endpoint(config.endpoint).unit,
    }


def _each(
    items: Sequence[Any],
    answer: Callable[[Any], dict[str, Any]],
    refused: list[dict[str, Any]],
    questions: int,
) -> list[dict[str, Any]]:
    """Answers of all that have one; who asks one question only hears the refusal itself."""
    found = []
    for item in items:
        try:
            found.append(answer(item))
        except StatisticsError as error:
            if questions <= 2:
                raise
            name = item.column if isinstance(item, Grouping) else item
            refused.append({"where": name, "slug": error.slug, "detail": str(error)})
    return found


def _adjust(rows: list[dict[str, Any]], p_values: list[float], config: SurvivalConfig) -> None:
    for row, p in zip(rows, adjust(p_values, config.adjustment), strict=True):
        row["p_adjusted"] = p


def _whole_p(model: dict[str, Any]) -> float:
    """p of a univariable model: of its term, or of all levels together."""
    terms = model["terms"]
    return float(terms[0]["p"] if len(terms) == 1 else model["tests"]["likelihood_ratio"]["p"])


def _grouping(
    table: CohortTable, config: SurvivalConfig, asked: Grouping, people: Followed
) -> dict[str, Any]:
    column = find_column(table, asked.column)
    keep = require_known(table, [asked.column], people.rows, config.missing)
    own = people.take(keep)
    groups = curves.group(column, own.rows, asked.cut, (own.time, own.event, config.seed))
    times = config.times or tuple(curves.risk_times(people.time))
    test = curves.log_rank(own.time, own.event, groups.labels)
    cut = groups.cut
    if cut is not None and cut["kind"] == "optimal":
        test = test | {"p": cut["p"], "p_unadjusted_for_cut": test["p"]}
    competing = None
    if (own.status > 1).any():
        competing = {
            "groups": [
                {"name": name, "events": cumulative_incidence(own.time[in_it], own.status[in_it])}
                for index, name in enumerate(groups.names)
                for in_it in [groups.labels == index]
            ],
            "gray": gray_test(own.time, own.status, groups.labels),
        }
    return {
        "column": asked.column,
        "unit": column.unit,
        "cut": cut,
        "missing": int((~keep).sum()),
        "groups": curves.describe(own.time, own.event, groups, times),
        "test": test,
        "pairwise": curves.pairwise(own.time, own.event, groups) if len(groups.names) > 2 else [],
        "competing": competing,
    }


def _model(
    table: CohortTable, config: SurvivalConfig, names: Sequence[str], people: Followed
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One Cox model (cause-specific where there are competing events) with Fine and Gray's beside it; and
    what predicts by it."""
    keep = require_known(table, names, people.rows, config.missing)
    own = people.take(keep)
    matrix, terms = design(table, names, own.rows, config.references)
    _require_events(own, terms, config, len(names))
    inflation = variance_inflation(matrix, terms)
    if config.penalty == "none":
        refuse_separation(matrix, terms, own.event)
    labels = [one.name for one in terms]
    sets = efron_rows(own.time, own.event)
    fit = fit_cox(matrix, sets, labels, config.penalty, config.ridge)
    changing = proportional_hazards(matrix, own.time, own.event, fit.coefficients)
    rows = [
        asdict(term)
        | _describe_term(fit, i)
        | {"vif": inflation[i], "proportional_hazards": changing["terms"][i]}
        for i, term in enumerate(terms)
    ]
    times = config.times or tuple(curves.risk_times(people.time))
    told = {
        "columns": list(names),
        "n": len(own.rows),
        "events": int(own.event.sum()),
        "missing": {name: int((~known(table, [name], people.rows)).sum()) for name in dict.fromkeys(names)},
        "penalty": config.penalty,
        "events_per_variable": float(own.event.sum() / len(terms)),
        "cause_specific": bool((own.status > 1).any()),
        "terms": rows,
        "tests": global_tests(fit),
        "proportional_hazards": changing["global"],
        "subdistribution": _subdistribution(matrix, own, terms),
    }
    return told, store(fit, matrix, terms, own, (times, config.seed))


def _describe_term(fit: CoxFit, index: int) -> dict[str, float]:
    return {
        "coefficient": float(fit.coefficients[index]),
        "error": float(fit.covariance[index, index] ** 0.5),
        "hazard_ratio": float(np.exp(fit.coefficients[index])),
        "low": float(np.exp(fit.low[index])),
        "high": float(np.exp(fit.high[index])),
        "p": float(fit.p[index]),
    }


def _require_events(own: Followed, terms: Sequence[Term], config: SurvivalConfig, columns: int) -> None:
    events = int(own.event.sum())
    if events < 2:
        raise TooFewEvents(f"{events} of {len(own.rows)} patients with all values have the event")
    if columns > 1 and config.penalty == "none" and events < config.events_per_variable * len(terms):
        raise TooFewEvents(
            f"{events} events for {len(terms)} terms: a model without penalty needs "
            f"{config.events_per_variable:g} a term; take fewer columns, or the penalty 'firth' or 'ridge'"
        )


def _subdistribution(matrix: Matrix, own: Followed, terms: Sequence[Term]) -> dict[str, Any] | None:
    """Fine and Gray's model where there are competing events; why not, where it has no estimate."""
    if not (own.status > 1).any():
        return None
    labels = [one.name for one in terms]
    try:
        fit, error = fine_gray(matrix, own.time, own.status, labels)
    except StatisticsError as why:
        return {"refused": {"slug": why.slug, "detail": str(why)}, "terms": []}
    rows = hazard_rows(fit, error)
    return {
        "refused": None,
        "terms": [asdict(term) | row for term, row in zip(terms, rows, strict=True)],
    }


def _overall_incidence(people: Followed) -> list[dict[str, Any]] | None:
    if not (people.status > 1).any():
        return None
    return cumulative_incidence(people.time, people.status)
