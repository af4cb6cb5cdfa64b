"""From a request to candidates that a reader judges, by a detector that suspects bright places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient

from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from models.networks import build_network
from models.registry.network import NetworkManifest, StructureRule
from models.registry.package import pack_weights, with_weights
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send_ct

OPTIONS = {"channels": [8, 8, 8, 8], "slices": 1}


def install(purpose: str = "candidates") -> str:
    """A detector that suspects all of the body, for its output is the same everywhere."""
    module = build_network("deeplabv3plus", 1, OPTIONS)
    tensors = {name: torch.zeros_like(value) for name, value in module.state_dict().items()}
    tensors["planar.head.bias"] = torch.full_like(tensors["planar.head.bias"], 2.0)
    packed = pack_weights(tensors)
    manifest = NetworkManifest(
        name="spine-lesions", version=1, title="Toy", architecture="deeplabv3plus", options=OPTIONS,
        structures=("GTV",), spacing_mm=3.0, patch=16, weights_sha256="", purpose=purpose,  # type: ignore[arg-type]
        rules={"GTV": StructureRule(0.6, parts=0)},
    )  # fmt: skip
    manifest = with_weights(manifest, packed)
    row = NetworkVersion(
        name=manifest.name, version=1, title="Toy", origin="shipped", manifest=manifest.to_json(),
        structures=["GTV"], weights_sha256=storage().put(packed), card="",
    )  # fmt: skip
    with session_scope() as session:
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


def detect(client: TestClient, headers: dict[str, str], study_id: str) -> dict[str, Any]:
    """Asked for, done, and read."""
    asked = client.post(f"/api/studies/{study_id}/detections", json={}, headers=headers)
    assert asked.status_code == 202, asked.text
    run_job(asked.json()["job"]["id"])
    newest = client.get(f"/api/studies/{study_id}/detections", headers=headers).json()["items"][0]
    assert newest["id"] == asked.json()["id"]
    return newest


def test_suspected_places_are_judged_and_stay_judged_when_it_looks_again(client, arrived, login):
    install()
    headers = login("annotator")
    first = detect(client, headers, arrived.study.id)
    assert first["threshold"] == 0.6
    assert [c["state"] for c in first["candidates"]] == ["open"]
    one = first["candidates"][0]
    low, high = one["box_mm"]
    assert all(min(a, b) <= x <= max(a, b) for a, x, b in zip(low, one["position_mm"], high, strict=True))
    path = f"/api/candidates/{one['id']}"
    said = client.patch(path, json={"state": "dismissed"}, headers=headers).json()
    assert said["state"] == "dismissed" and said["decided_by"] and said["decided_at"]
    again = detect(client, headers, arrived.study.id)
    assert [c["state"] for c in again["candidates"]] == ["dismissed"]
    reopened = client.patch(path, json={"state": "open"}, headers=headers).json()
    assert reopened["state"] == "open" and reopened["decided_at"] > said["decided_at"]
    third = detect(client, headers, arrived.study.id)
    assert [c["state"] for c in third["candidates"]] == ["open"]
    assert client.patch(path, json={"state": "maybe"}, headers=headers).status_code == 422


def test_what_is_no_detector_or_no_ct_is_refused_by_name(client, arrived, login):
    headers, path = login("annotator"), f"/api/studies/{arrived.study.id}/detections"
    missing = client.post(path, json={}, headers=headers)
    assert (missing.status_code, missing.json()["type"]) == (409, "/problems/no-detector")
    install("contours")
    contours = client.post(path, json={}, headers=headers)
    assert contours.json()["type"] == "/problems/no-detector"


def test_a_series_of_another_study_is_not_looked_at(client, arrived, login):
    install()
    body = {"series_id": "00000000-0000-0000-0000-000000000000"}
    answer = client.post(f"/api/studies/{arrived.study.id}/detections", json=body, headers=login("annotator"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-volume")


def test_a_detector_draws_no_contours(client, arrived, login):
    version_id = install()
    body = {"network_version_id": version_id}
    answer = client.post(f"/api/studies/{arrived.study.id}/presegment", json=body, headers=login("annotator"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-network")


def test_a_study_is_deleted_while_a_detector_waits_to_look(client, arrived, login):
    install()
    headers, path = login("administrator"), f"/api/studies/{arrived.study.id}"
    asked = client.post(f"{path}/detections", json={}, headers=headers).json()
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(f"/api/jobs/{asked['job']['id']}", headers=headers).status_code == 404
