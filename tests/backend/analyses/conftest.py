"""A cohort with clinical variables and endpoints, and analyses asked of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backend.cohorts.conftest import Door, door  # noqa: F401

DICTIONARY = [
    {"column": "ID", "role": "patient"},
    {"column": "Months", "role": "time", "endpoint": "survival", "unit": "month"},
    {"column": "Dead", "role": "event", "endpoint": "survival", "coding": {"no": 0, "yes": 1}},
    {"column": "Relapse", "role": "event", "endpoint": "relapse", "coding": {"no": 0, "yes": 1}},
    {"column": "Stage", "role": "variable", "name": "stage", "kind": "category"},
    {"column": "Age", "role": "variable", "name": "age", "kind": "number", "unit": "a"},
    {"column": "One", "role": "variable", "name": "one", "kind": "number"},
    *({"column": f"f{i}", "role": "variable", "name": f"f{i}", "kind": "number"} for i in range(4)),
]
FEATURES = [f"f{i}" for i in range(4)]


def rows_of(patients: int, seed: int = 1) -> list[list[str]]:
    """Made-up patients: two groups in f0 to f3, of which the second dies earlier and relapses more often."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(patients):
        second = number % 2
        months = rng.exponential(30 - 22 * second)
        rows.append(
            [
                f"P{number:03}", f"{min(months, 60) + 0.1:.2f}", "yes" if months < 60 else "no",
                "yes" if rng.random() < 0.3 + 0.4 * second else "no", "II" if rng.random() < 0.5 else "III",
                f"{rng.normal(60, 8):.1f}", "1", *(f"{rng.normal(4 * second, 1):.4f}" for _ in range(4)),
            ]
        )  # fmt: skip
    return rows


def csv_of(rows: list[list[str]]) -> str:
    """The file of these patients."""
    header = [str(one["column"]) for one in DICTIONARY]
    return "\n".join(",".join(row) for row in [header, *rows]) + "\n"


Ask = Callable[..., Any]


@pytest.fixture
def ask(door: Door) -> Ask:  # noqa: F811
    """`ask(kind, config)` starts an analysis; gives the answer."""

    def start(kind: str, config: dict[str, Any] | None = None, **body: Any) -> Any:
        sent = {"name": "First", "kind": kind, "config": config or {}} | body
        return door.call("POST", "/analyses", json=sent)

    return start


@pytest.fixture
def filled(door: Door) -> Door:  # noqa: F811
    """The cohort with 60 patients."""
    answer = door.table(csv_of(rows_of(60)), dictionary=DICTIONARY)
    assert answer.status_code == 200, answer.text
    return door
