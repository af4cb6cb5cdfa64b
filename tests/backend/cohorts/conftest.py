"""A cohort in the default project, and who imports tables into it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.projects.tables import Project

Login = Callable[..., dict[str, str]]


class Door:
    """The API of one cohort, as a person who may import."""

    def __init__(self, client: TestClient, headers: dict[str, str], project_id: str) -> None:
        self.client, self.headers = client, headers
        self.project = f"/api/projects/{project_id}/cohorts"
        made = client.post(self.project, json={"name": "Sarcoma"}, headers=headers)
        assert made.status_code == 201, made.text
        self.id: str = made.json()["id"]

    def call(self, method: str, path: str = "", **options: Any) -> Any:
        """An answer of the cohort's part of the API."""
        return self.client.request(method, f"{self.project}/{self.id}{path}", headers=self.headers, **options)

    def get(self, path: str = "") -> Any:
        """The JSON of a GET that succeeds."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def table(self, csv: str | bytes, *, preview: bool = False, **body: Any) -> Any:
        """The answer to a table."""
        data = csv.encode() if isinstance(csv, str) else csv
        sent = {"file_name": "clinic.csv", "csv": base64.b64encode(data).decode()} | body
        path, method = ("/table/preview", "POST") if preview else ("/table", "PUT")
        return self.call(method, path, json=sent)


@pytest.fixture
def door(client: TestClient, project: Project, login: Login) -> Door:
    """An empty cohort."""
    return Door(client, login("annotator"), project.id)
