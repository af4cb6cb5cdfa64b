"""Cohorts: patients with variables and endpoints, brought by CSV files, filtered and divided once."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rinkaku_client.transport import Transport

if TYPE_CHECKING:
    import pandas as pd


class Cohorts:
    """The cohorts of a project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, project_id: str) -> Iterator[dict[str, Any]]:
        """Cohorts, newest first."""
        return self._transport.pages(f"/projects/{project_id}/cohorts")

    def get(self, project_id: str, cohort_id: str) -> dict[str, Any]:
        """A cohort with its columns, endpoints, filter and split."""
        found: dict[str, Any] = self._transport.json("GET", _path(project_id, cohort_id))
        return found

    def create(self, project_id: str, name: str, description: str = "") -> dict[str, Any]:
        """An empty cohort."""
        body = {"name": name, "description": description}
        made: dict[str, Any] = self._transport.json("POST", f"/projects/{project_id}/cohorts", json=body)
        return made

    def read(
        self,
        project_id: str,
        cohort_id: str,
        file_name: str,
        csv: bytes,
        dictionary: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Take a CSV file; Problem `table-refused` names every cell that cannot be.

        `dictionary` says what each column is, as in docs/contracts.md; without one the server guesses.
        """
        body: dict[str, Any] = {"file_name": file_name, "csv": base64.b64encode(csv).decode()}
        if dictionary is not None:
            body["dictionary"] = [*dictionary]
        path = f"{_path(project_id, cohort_id)}/table"
        taken: dict[str, Any] = self._transport.json("PUT", path, json=body)
        return taken

    def preview(
        self,
        project_id: str,
        cohort_id: str,
        file_name: str,
        csv: bytes,
        dictionary: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """What a CSV file says, its `dictionary` (guessed without one) and its `issues`; nothing is kept."""
        body: dict[str, Any] = {"file_name": file_name, "csv": base64.b64encode(csv).decode()}
        body["dictionary"] = None if dictionary is None else [*dictionary]
        path = f"{_path(project_id, cohort_id)}/table/preview"
        seen: dict[str, Any] = self._transport.json("POST", path, json=body, repeatable=True)
        return seen

    def filter(
        self, project_id: str, cohort_id: str, conditions: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Leave to analyses whom all `{column, op, value}` let through."""
        path = f"{_path(project_id, cohort_id)}/filter"
        done: dict[str, Any] = self._transport.json("PUT", path, json={"conditions": [*conditions]})
        return done

    def split(self, project_id: str, cohort_id: str, **how: Any) -> dict[str, Any]:
        """Decide once who trains and who tests: `seed`, `test_fraction`, `stratify`."""
        done: dict[str, Any] = self._transport.json("POST", f"{_path(project_id, cohort_id)}/split", json=how)
        return done

    def patients(self, project_id: str, cohort_id: str) -> pd.DataFrame:
        """One row a patient: variables by name, endpoints as `NAME.event` and `NAME.time`."""
        import pandas as pd

        rows = []
        for one in self._transport.pages(f"{_path(project_id, cohort_id)}/patients", {"limit": 200}):
            row = {name: one[name] for name in ("patient_id", "in_store", "role")}
            row["left_out"] = one["left_out"] and one["left_out"]["column"]
            row |= one["values"]
            for name, what in one["endpoints"].items():
                row |= {f"{name}.event": what["event"], f"{name}.time": what["time"]}
            rows.append(row)
        return pd.DataFrame(rows)


def _path(project_id: str, cohort_id: str) -> str:
    return f"/projects/{project_id}/cohorts/{cohort_id}"
