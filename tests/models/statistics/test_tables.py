"""Tables of results: who was predicted what, out of fold and among the locked patients."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.statistics.outcomes import analyse
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.tables import tables
from tests.models.statistics.test_outcomes import planted


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_every_patient_stands_with_what_was_predicted_and_what_happened(kind: str) -> None:
    table = planted(1, kind=kind, n=60, test=24)
    config = OutcomeConfig("failure", folds=3, inner_folds=2, groups=("clinical", "both"))
    result = analyse(table, config)
    found = tables(result)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in found)
    for name, own, count in (
        ("out-of-fold", table.patients[:60], 60),
        ("test-predictions", table.patients[60:], 24),
    ):
        header, rows = found[name]
        assert [row[0] for row in rows] == list(own) and len(rows) == count
        events = dict(zip(table.patients, table.endpoints[0].events, strict=True))
        assert [row[header.index("failure")] for row in rows] == [events[one] for one in own]
        assert all(len(row) == len(header) == len(set(header)) for row in rows)
    header, rows = found["out-of-fold"]
    said = result["models"][1]["predictions"]
    word = "probability" if kind == "binary" else "risk"
    assert [row[header.index(f"both elastic-net: {word}")] for row in rows] == said[word]
    assert ("failure: time (a)" in header) == (kind == "survival")
    header, rows = found["test-predictions"]
    assert (
        rows[3][header.index("applicability: inside")]
        is result["test"]["predictions"][3]["applicability"]["inside"]
    )
    if kind == "survival":
        last = result["test"]["predictions"][-1]["survival"]
        assert rows[-1][header.index(f"share without the event at {last['time'][0]:g}")] == last["share"][0]
        assert rows[-1][header.index("high")] is result["test"]["predictions"][-1]["high"]


def test_a_network_has_a_row_a_model() -> None:
    estimate = {"value": 0.7, "low": 0.6, "high": 0.8}
    point = {"tp": 1, "sensitivity": estimate, "ppv": None}
    one: dict[str, Any] = {"n": 40, "events": 12, "auc": estimate, "operating_point": point}
    result = {
        "kind": "outcome-network", "models": {"network": one, "clinical": one},
        "set_aside": {"network": one, "clinical": None},
    }  # fmt: skip
    found = tables(result)
    header, rows = found["models"]
    assert header[:6] == ["model", "n", "events", "auc", "auc low", "auc high"]
    assert [row[0] for row in rows] == ["network", "clinical"]
    assert rows[0][header.index("sensitivity")] == 0.7 and "ppv" not in header
    assert [row[0] for row in found["set-aside"][1]] == ["network"]
    assert "set-aside" not in tables(result | {"set_aside": None})
