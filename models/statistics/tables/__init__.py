"""The tables of a result: what can be downloaded as CSV.  Who writes them escapes formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.statistics.tables.network import network_tables
from models.statistics.tables.outcome import outcome_tables
from models.statistics.tables.records import Table, records

_KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Table]]] = {
    "outcome": outcome_tables,
    "outcome-network": network_tables,
}
"""Tables of a kind of result that its records do not make by themselves."""


def tables(result: Mapping[str, Any]) -> dict[str, Table]:
    """`{name: (header, rows)}`, names `[a-z0-9-]+`: all records of a result, and the tables of its kind."""
    own = _KINDS.get(str(result.get("kind")))
    return records(result) | (own(result) if own is not None else {})
