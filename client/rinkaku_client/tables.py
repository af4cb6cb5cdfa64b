"""pandas tables: worklist, structures, effort, histograms' values, objectives.

One row a thing, columns named as in the API; what lies deeper is named by its path (`structures.approved`).
Times are UTC timestamps.  An empty answer is a table with its columns and no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from rinkaku_client.client import Client
from rinkaku_client.problems import Problem
from rinkaku_client.shapes import StudyFilters

try:
    import pandas as pd
except ImportError as error:
    raise ImportError("tables need pandas: pip install 'rinkaku-client[tables]'") from error

WORKLIST = (
    "id", "patient_id", "patient_name", "study_date", "description", "modalities", "state", "ai",
    "assignee.display_name", "structures.total", "structures.approved", "structures.submitted",
    "structures.returned", "warnings", "imported_at", "updated_at",
)  # fmt: skip
STRUCTURES = (
    "id", "name", "original_name", "standard_name", "kind", "state", "assessment", "unknown", "head.number",
    "head.volume_cc", "head.slices", "head.tool", "head.author.display_name", "head.created_at",
    "plausibility",
)  # fmt: skip
EFFORT = (
    "network_version", "structure", "n", "rejected", "added_path_length_mm", "surface_dice", "dice",
    "seconds", "slices",
)  # fmt: skip
DVH = (
    "structure", "structure_id", "revision", "volume_cc", "outside_fraction", "metric", "value", "unit",
    "problem",
)  # fmt: skip
OBJECTIVES = (
    "structure", "name", "revision", "group", "metric", "comparison", "limit", "variation", "unit",
    "priority", "value", "verdict", "reason", "source",
)  # fmt: skip
MEASURED = ("mean", "max", "D95", "D2")
"""Asked of a histogram unless others are named."""


def worklist(client: Client, project_id: str, **filters: Unpack[StudyFilters]) -> pd.DataFrame:
    """Studies of a project; `warnings` are slugs."""
    return _table(client.studies.list(project_id, **filters), WORKLIST)


def structures(client: Client, set_id: str) -> pd.DataFrame:
    """Structures of a set with figures of their newest revisions; `plausibility` are slugs."""
    return _table(client.structures.get(set_id)["structures"], STRUCTURES)


def effort(client: Client, project_id: str) -> pd.DataFrame:
    """What corrections cost on average, per network version and structure."""
    return _table(client.training.effort(project_id), EFFORT)


def dvh_values(
    client: Client, set_id: str, dose_series_id: str, metrics: Sequence[str] = MEASURED
) -> pd.DataFrame:
    """One row a structure and metric; a structure without a histogram has one, whose `problem` says why."""
    rows: list[dict[str, Any]] = []
    for one in client.structures.get(set_id)["structures"]:
        head = one["head"]
        if head is None:
            continue
        row = {"structure": one["name"], "structure_id": one["id"], "revision": head["number"]}
        try:
            dvh = client.doses.dvh(one["id"], head["number"], dose_series_id, metrics)
        except Problem as problem:
            if problem.slug != "no-dvh":
                raise
            rows.append(row | {"volume_cc": head["volume_cc"], "problem": problem.slug})
            continue
        shared = row | {name: dvh[name] for name in ("volume_cc", "outside_fraction")}
        rows += [{**shared, **value} for value in dvh["values"]]
    return _table(rows, DVH)


def objectives(client: Client, set_id: str, protocol: str, dose_series_id: str) -> pd.DataFrame:
    """The score card of a set in a dose."""
    return _table(client.doses.objectives(set_id, protocol, dose_series_id), OBJECTIVES)


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    cells = [[_cell(row, column) for column in columns] for row in rows]
    table = pd.DataFrame(cells, columns=list(columns))
    for column in columns:
        if column.endswith("_at"):
            table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """What the path leads to; None where it ends early.  Warnings become their slugs, lists a text."""
    found: Any = row
    for part in column.split("."):
        found = found.get(part) if found is not None else None
    if isinstance(found, list):
        return " ".join(one["slug"] if isinstance(one, dict) else one for one in found)
    return found
