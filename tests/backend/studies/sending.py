"""Sends files to the import API as the browser does."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from fastapi.testclient import TestClient
from pydicom import Dataset

from backend.projects.tables import Project
from tests.factories.dicom import encode


def begin(client: TestClient, headers: dict[str, str], project: Project) -> str:
    """Id of a new import."""
    answer = client.post(f"/api/projects/{project.id}/imports", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def put(
    client: TestClient, headers: dict[str, str], batch: str, name: str, data: bytes
) -> list[dict[str, Any]]:
    """Outcomes of one uploaded file."""
    answer = client.put(f"/api/imports/{batch}/files", params={"name": name}, content=data, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["files"])


def complete(client: TestClient, headers: dict[str, str], batch: str) -> dict[str, Any]:
    """Summary of a completed import."""
    answer = client.post(f"/api/imports/{batch}/complete", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(
    client: TestClient, headers: dict[str, str], project: Project, datasets: list[Dataset]
) -> dict[str, Any]:
    """Import data sets in one batch, one zip."""
    batch = begin(client, headers, project)
    put(client, headers, batch, "all.zip", zipped({f"{n}.dcm": encode(d) for n, d in enumerate(datasets)}))
    return complete(client, headers, batch)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of the files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()
