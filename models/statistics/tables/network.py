"""Tables of a network of outcome beside its baselines; its predictions are records of the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.statistics.tables.records import Cell, Table

FIGURES = ("auc", "concordance")
POINT = ("sensitivity", "specificity", "accuracy", "ppv", "npv")


def network_tables(result: Mapping[str, Any]) -> dict[str, Table]:
    """`models`: a row a model with its figures out of fold; `set-aside` of the patients set aside once."""
    found = {"models": _judged(result["models"])}
    aside = {name: one for name, one in (result["set_aside"] or {}).items() if one is not None}
    if aside:
        found["set-aside"] = _judged(aside)
    return found


def _judged(models: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [_figures(name, one) for name, one in models.items()]
    header = list(dict.fromkeys(key for row in rows for key in row))
    return header, [[row.get(key) for key in header] for row in rows]


def _figures(name: str, one: Mapping[str, Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {"model": name, "n": one["n"], "events": one["events"]}
    point = one.get("operating_point", {})
    for key, said in [(key, one.get(key)) for key in FIGURES] + [(key, point.get(key)) for key in POINT]:
        if said is not None:
            found |= {key: said["value"], f"{key} low": said["low"], f"{key} high": said["high"]}
    return found
