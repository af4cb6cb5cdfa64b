"""Tables of outcome models: what each said of each patient, out of fold and of the locked ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.statistics.tables.records import Cell, Table

PATIENT = "patient_id"


def outcome_tables(result: Mapping[str, Any]) -> dict[str, Table]:
    """`out-of-fold`: a row a training patient, columns of each model; `test-predictions` of the locked ones.

    Probabilities and thresholds of a binary endpoint; of survival risks and shares without the event.
    """
    found = {"out-of-fold": _out_of_fold(result)}
    if result["test"] is not None:
        found["test-predictions"] = _tested(result["test"], result["endpoint"])
    return found


def _out_of_fold(result: Mapping[str, Any]) -> Table:
    header, rows = _beginning(result["patients"], result["labels"], result["endpoint"])
    for one in result["models"]:
        said, name = one["predictions"], f"{one['group']} {one['model']}"
        for key in ("probability", "risk", "threshold"):
            if key in said:
                _add(header, rows, f"{name}: {key}", said[key])
        for index, time in enumerate(said.get("times", ())):
            shares = [row[index] for row in said["survival"]]
            _add(header, rows, f"{name}: share without the event at {time:g}", shares)
    return header, rows


def _beginning(patients: Sequence[str], labels: Mapping[str, Any], endpoint: Mapping[str, Any]) -> Table:
    """Columns of who the patients are and what happened to them."""
    header: list[str] = [PATIENT]
    rows: list[list[Cell]] = [[one] for one in patients]
    _add(header, rows, str(endpoint["name"]), labels["event"])
    if labels["time"] is not None:
        _add(header, rows, f"{endpoint['name']}: time ({endpoint['unit']})", labels["time"])
    return header, rows


def _add(header: list[str], rows: list[list[Cell]], name: str, values: Sequence[Cell]) -> None:
    header.append(name)
    for row, value in zip(rows, values, strict=True):
        row.append(value)


def _tested(test: Mapping[str, Any], endpoint: Mapping[str, Any]) -> Table:
    header, rows = _beginning(test["patients"], test["labels"], endpoint)
    said = test["predictions"]
    for key in ("probability", "positive", "risk", "high"):
        if key in said[0]:
            _add(header, rows, key, [one[key] for one in said])
    for index, time in enumerate(said[0].get("survival", {}).get("time", ())):
        shares = [one["survival"]["share"][index] for one in said]
        _add(header, rows, f"share without the event at {time:g}", shares)
    for key in ("distance", "percentile", "inside"):
        _add(header, rows, f"applicability: {key}", [one["applicability"][key] for one in said])
    _add(header, rows, "imputed", ["; ".join(one["imputed"]) for one in said])
    _add(header, rows, "outside", ["; ".join(far["column"] for far in one["outside"]) for one in said])
    unseen = ["; ".join(f"{new['column']} = {new['level']}" for new in one["unseen"]) for one in said]
    _add(header, rows, "unseen", unseen)
    return header, rows
