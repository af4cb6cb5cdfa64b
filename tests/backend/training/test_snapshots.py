"""What a frozen dataset holds, and who is in it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.kit import db
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from tests.backend.labels.conftest import draw
from tests.factories.scenes import block, make_scene

Login = Callable[..., dict[str, str]]


def test_dataset_holds_what_a_network_learns_and_names_its_patients(
    project: Project, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        session.add(
            NetworkVersion(
                name="head-neck-oar", version=1, title="", origin="shipped", manifest={},
                structures=["Parotid_L", "Larynx"], weights_sha256="", card="",
            )
        )  # fmt: skip
        scenes = [make_scene(session, project, patient_id=patient) for patient in ("P1", "P2")]
    author, reviewer, boss = login("annotator"), login("reviewer"), login("administrator")
    for scene in scenes:
        mask = block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12))
        drawn = [draw(scene, name, mask) for name in ("Parotid_L", "Larynx", "External")]
        rejected = f"/api/structures/{drawn[1].structure_id}/assessment"
        client.put(rejected, json={"assessment": "rejected"}, headers=author)
        for who, act in ((author, "submit"), (reviewer, "approve")):
            assert client.post(
                f"/api/structure-sets/{drawn[0].set_id}/{act}", json={}, headers=who
            ).is_success
    url = f"/api/projects/{project.id}/snapshots"
    wanted = {"name": "two", "test_fraction": 0.5, "validation_fraction": 0.0}
    snapshot = client.post(url, json=wanted, headers=boss).json()
    assert snapshot["structures"] == ["Parotid_L"], "neither the rejected one nor what no network learns"
    cases = client.get(f"{url}/{snapshot['id']}/cases", headers=login("reader")).json()["items"]
    assert [case["split"] for case in cases] == ["train", "test"]
    assert {case["patient_id"] for case in cases} == {"P1", "P2"}
    assert all(case["study_id"] and case["structures"] == ["Parotid_L"] for case in cases)
