"""Cohorts for the tests: data sets that lifelines and scikit-survival ship, and planted ones."""

from __future__ import annotations

from functools import cache

import numpy as np
from lifelines.datasets import load_rossi
from sksurv.datasets import load_bmt, load_veterans_lung_cancer

from rt.cohort import CohortTable, Column, Endpoint


def number(name, values, **more):
    return Column(name, "number", tuple(None if one is None else float(one) for one in values), **more)


def category(name, values):
    return Column(name, "category", tuple(None if one is None else str(one) for one in values))


def cohort(columns, endpoint, roles=None, features=()):
    n = len(endpoint.events)
    return CohortTable(
        tuple(f"p{i:04}" for i in range(n)),
        tuple(roles or ["train"] * n),
        tuple(columns),
        tuple(features),
        (endpoint,),
    )


def survival(times, events, name="death", unit="d"):
    return Endpoint(name, "survival", tuple(int(e) for e in events), tuple(float(t) for t in times), unit)


@cache
def rossi():
    """Recidivism of 432 convicts (Rossi et al. 1980)."""
    data = load_rossi()
    names = ("fin", "age", "race", "wexp", "mar", "paro", "prio")
    end = survival(data["week"], data["arrest"], "arrest", "wk")
    return cohort([number(name, data[name]) for name in names], end)


@cache
def veterans():
    """Lung cancer of 137 veterans (Kalbfleisch and Prentice 1980)."""
    x, y = load_veterans_lung_cancer()
    columns = [
        category("celltype", x["Celltype"]),
        category("treatment", x["Treatment"]),
        number("karnofsky", x["Karnofsky_score"]),
        number("age", x["Age_in_years"], unit="a"),
    ]
    return cohort(columns, survival(y["Survival_in_days"], y["Status"]))


@cache
def transplants():
    """Relapse (1) and death before it (2) of 35 leukaemia patients after transplantation (Pintilie 2006).

    Deaths on day 0 stand at half a month here, before all others still.
    """
    x, y = load_bmt()
    times = [time or 0.5 for time in y["ftime"]]
    return cohort([category("disease", x["dis"])], survival(times, y["status"], "relapse", "mo"))


@cache
def three_groups():
    """150 made-up patients in three groups with two events that depend on nothing; many ties."""
    rng = np.random.default_rng(5)
    n = 150
    columns = [category("group", np.repeat(list("abc"), 50)), number("x", rng.normal(size=n).round(2))]
    return cohort(columns, survival(np.ceil(10 * rng.exponential(size=n)), rng.integers(0, 3, n), "first"))
