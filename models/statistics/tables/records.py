"""What every kind of result has: each list of records is a table under the name of its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NO_TABLES = frozenset({"config", "matrices", "heat_map"})
"""Settings, and what is drawn and not read."""
Cell = str | float | int | bool | None
Table = tuple[list[str], list[list[Cell]]]
"""Header and rows."""


def records(result: Mapping[str, Any]) -> dict[str, Table]:
    """{name: (header, rows)} of a result of `models`.

    A value within a record is named by its path (`test.p`); a list within one is a table of its own, whose
    rows begin with the first value of the record that they belong to.  Settings and matrices are no tables.
    """
    found: dict[str, list[dict[str, Cell]]] = {}
    for name, value in result.items():
        if name not in NO_TABLES:
            _collect(name, value, {}, found)
    return {name: _table(rows) for name, rows in found.items()}


def _collect(name: str, value: Any, known: dict[str, Cell], found: dict[str, list[dict[str, Cell]]]) -> None:
    if isinstance(value, dict):
        for key, inside in value.items():
            _collect(f"{name}-{key}".replace("_", "-"), inside, known, found)
    if not _is_records(value):
        return
    for record in value:
        flat = dict(_flat(record, ""))
        found.setdefault(name.replace("_", "-"), []).append(known | flat)
        first = next(iter(flat), None)
        naming = {} if first is None else {f"{name}.{first}": flat[first]}
        for key, inside in record.items():
            _collect(f"{name}-{key}", inside, known | naming, found)


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, Cell]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif not isinstance(value, list):
            yield f"{before}{key}", value


def _table(rows: Sequence[dict[str, Cell]]) -> Table:
    header = list(dict.fromkeys(key for row in rows for key in row))
    return header, [[row.get(key) for key in header] for row in rows]
