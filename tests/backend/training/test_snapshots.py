"""What a frozen dataset holds, and who is in it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.kit import db
from backend.labels import service
from backend.labels.service import NewRevision, NewStructure
from backend.labels.tables import StructureSet
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from rt.masks import Mask
from tests.backend.labels.conftest import draw
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block, make_scene

Login = Callable[..., dict[str, str]]


def test_dataset_holds_what_a_network_learns_and_names_its_patients(
    project: Project, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        session.add(_learner("Parotid_L", "Larynx"))
        scenes = [make_scene(session, project, patient_id=patient) for patient in ("P1", "P2")]
    author, reviewer, boss = login("annotator"), login("reviewer"), login("administrator")
    for scene in scenes:
        mask = block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12))
        drawn = [draw(scene, name, mask) for name in ("Parotid_L", "Larynx", "External")]
        rejected = f"/api/structures/{drawn[1].structure_id}/assessment"
        client.put(rejected, json={"assessment": "rejected"}, headers=author)
        for who, act in ((author, "submit"), (reviewer, "approve")):
            assert review(client, drawn[0].set_id, act, who).is_success
    url = f"/api/projects/{project.id}/snapshots"
    wanted = {"name": "two", "test_fraction": 0.5, "validation_fraction": 0.0}
    snapshot = client.post(url, json=wanted, headers=boss).json()
    assert snapshot["structures"] == ["Parotid_L"], "neither the rejected one nor what no network learns"
    cases = client.get(f"{url}/{snapshot['id']}/cases", headers=login("reader")).json()["items"]
    assert [case["split"] for case in cases] == ["train", "test"]
    assert {case["patient_id"] for case in cases} == {"P1", "P2"}
    assert all(case["study_id"] and case["structures"] == ["Parotid_L"] for case in cases)


def test_case_that_mixes_sets_says_which_and_the_newest_approval_wins(
    project: Project, client: TestClient, login: Login
) -> None:
    with db.session_scope() as session:
        session.add(_learner("Parotid_L", "Larynx"))
        scenes = [make_scene(session, project, patient_id=patient) for patient in ("P1", "P2")]
    author, reviewer, boss = login("annotator"), login("reviewer"), login("administrator")
    for scene in scenes:
        mask = block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12))
        owners = [draw(scene, name, mask).set_id for name in ("Parotid_L", "Larynx")][:1]
        if scene is scenes[0]:
            owners.append(_imported(scene, "Larynx", mask))
        for set_id in owners:
            for who, act in ((author, "submit"), (reviewer, "approve")):
                answer = review(client, set_id, act, who)
                assert answer.is_success, answer.text
    url = f"/api/projects/{project.id}/snapshots"
    snapshot = client.post(url, json={"name": "mixed"}, headers=boss).json()
    cases = client.get(f"{url}/{snapshot['id']}/cases", headers=login("reader")).json()["items"]
    sets = {case["patient_id"]: case["sets"] for case in cases}
    assert sets["P1"] == [
        {"label": "Rinkaku AI", "structures": ["Parotid_L"]},
        {"label": "Elsewhere", "structures": ["Larynx"]},
    ]
    assert sets["P2"] == [{"label": "Rinkaku AI", "structures": ["Larynx", "Parotid_L"]}]


def _imported(scene: Scene, name: str, mask: Mask) -> str:
    """A structure in a set that came in later; gives the set's id."""
    with db.session_scope() as session:
        owner = StructureSet(
            study_row_id=scene.study.id, series_row_id=scene.series.id, label="Elsewhere", origin="import"
        )
        session.add(owner)
        session.flush()
        structure = service.ensure_structure(session, owner, NewStructure(name))
        service.append_revision(session, structure, NewRevision(mask, 0, tool="import"))
        return owner.id


def _learner(*structures: str) -> NetworkVersion:
    return NetworkVersion(
        name="head-neck-oar", version=1, title="", origin="shipped", manifest={},
        structures=list(structures), weights_sha256="", card="",
    )  # fmt: skip
