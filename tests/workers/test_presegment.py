"""What a network draws is offered, never forced: people's contours stay, and empty regions get nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from backend.accounts.actor import Actor
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.kit.db import session_scope
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.projects.tables import Project
from backend.studies.tables import Study
from backend.training import networks
from backend.training.errors import NoEarlierVersion, WrongNetwork
from backend.training.tables import NetworkVersion, ScanOutlook
from models.networks import build_network
from models.registry.network import NetworkManifest, StructureRule
from models.registry.package import pack_weights, with_weights
from tests.factories.jobs import run_job, run_queued
from tests.factories.patients import Arrived, send_ct

STRUCTURES = ("Brainstem", "SpinalCord", "Larynx")


def install(
    number: int, bias: float, project_id: str | None = None, rules: dict[str, StructureRule] | None = None
) -> str:
    """A network whose every output is the same everywhere: all over the body, or nothing."""
    torch.set_num_threads(1)
    module = build_network("unet3d", len(STRUCTURES), {"channels": (4, 8)})
    tensors = {name: torch.zeros_like(value) for name, value in module.state_dict().items()}
    tensors["head.bias"] = torch.full_like(tensors["head.bias"], bias)
    packed = pack_weights(tensors)
    manifest = NetworkManifest(
        name="head-neck-oar", version=number, title="Toy",
        architecture="unet3d", options={"channels": [4, 8]},
        structures=STRUCTURES, spacing_mm=3.0, patch=16, weights_sha256="", rules=rules or {},
    )  # fmt: skip
    manifest = with_weights(manifest, packed)
    row = NetworkVersion(
        name=manifest.name, version=number, title="Toy", origin="trained" if project_id else "shipped",
        project_id=project_id, manifest=manifest.to_json(), structures=list(STRUCTURES),
        weights_sha256=storage().put(packed), card="",
    )  # fmt: skip
    with session_scope() as session:
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


def presegment(arrived: Arrived, **parameters: Any) -> dict[str, Any]:
    request = JobRequest(
        "presegment",
        {"series_id": arrived.series.id, **parameters},
        arrived.study.project_id,
        arrived.study.id,
    )
    with session_scope() as session:
        job_id = jobs.enqueue(session, request).id
    return run_job(job_id)


def heads(arrived: Arrived) -> dict[str, tuple[int, bool]]:
    """Per structure of the AI's set, the head's number and whether a person drew it."""
    with session_scope() as session:
        drawn = labels.working_set(session, arrived.series)
        found = {}
        for name in STRUCTURES:
            structure = labels.find_structure(session, drawn, name)
            assert structure is not None
            head = labels.get_revision(session, structure.id, structure.head)
            found[name] = (head.number, head.author_id is not None)
        return found


def test_a_second_drawing_leaves_what_a_person_drew(arrived: Arrived, actor: Callable[..., Actor]) -> None:
    install(1, 20.0)
    assert presegment(arrived)["drawn"] == list(STRUCTURES)
    person = actor("annotator")
    with session_scope() as session:
        drawn = labels.working_set(session, arrived.series)
        structure = labels.find_structure(session, drawn, "Larynx")
        assert structure is not None
        mask = np.zeros(arrived.grid.shape_kji, dtype=np.bool_)
        mask[2, 4:8, 4:8] = True
        labels.append_revision(session, structure, labels.NewRevision(mask, 1, author_id=person.user_id))
    again = presegment(arrived)
    assert (again["drawn"], again["kept"]) == (["Brainstem", "SpinalCord"], ["Larynx"])
    assert heads(arrived) == {"Brainstem": (2, False), "SpinalCord": (2, False), "Larynx": (2, True)}


def test_a_scan_without_the_networks_region_gets_no_contours(arrived: Arrived) -> None:
    install(1, -20.0)
    result = presegment(arrived)
    assert (result["drawn"], result["reason"]) == ([], "region-not-found")


def test_organs_of_sizes_never_seen_are_no_sign_of_the_networks_region(
    arrived: Arrived, login: Callable[..., dict[str, str]], client: TestClient
) -> None:
    install(1, 20.0, rules={name: StructureRule(0.5, (1e6, 1e9)) for name in STRUCTURES})
    assert [done["reason"] for done in run_queued("presegment")] == ["region-not-found"]
    where = f"/api/projects/{arrived.study.project_id}/studies"
    for query, found in (({"ai": "region"}, 1), ({"ai": "ready"}, 0)):
        rows = client.get(where, headers=login("clinician"), params=query).json()["items"]
        assert [row["ai"] for row in rows] == ["region"] * found


def test_the_version_in_use_draws_and_a_rollback_brings_the_one_before(
    arrived: Arrived, actor: Callable[..., Actor]
) -> None:
    boss, project_id = actor("administrator"), arrived.study.project_id
    install(1, 20.0)
    second = install(2, -20.0, project_id)
    with session_scope() as session:
        with pytest.raises(WrongNetwork):
            networks.rollback(session, boss, project_id, "head-neck-oar")
        networks.promote(session, boss, project_id, second)
    assert presegment(arrived)["reason"] == "region-not-found"
    with session_scope() as session:
        networks.rollback(session, boss, project_id, "head-neck-oar")
    assert presegment(arrived)["drawn"] == list(STRUCTURES)
    with session_scope(read_only=True) as session:
        history = networks.deployments(session, boss, project_id)
    assert [(v.version, row.active) for row, v in history] == [(1, True), (2, False)]


def test_another_projects_version_cannot_be_used(arrived: Arrived, actor: Callable[..., Actor]) -> None:
    from backend.projects.schemas import ProjectIn
    from backend.projects.service import create_project

    boss = actor("administrator")
    with session_scope() as session:
        other = create_project(session, boss, ProjectIn(name="Other", slug="other"))
    foreign = install(7, 20.0, other.id)
    with pytest.raises(NotFound):
        presegment(arrived, network_version_id=foreign)


def test_each_rollback_goes_one_version_further_back(arrived: Arrived, actor: Callable[..., Actor]) -> None:
    boss, project_id = actor("administrator"), arrived.study.project_id
    first, second, third = install(1, 20.0), install(2, 20.0, project_id), install(3, 20.0, project_id)

    def in_use() -> str:
        with session_scope(read_only=True) as session:
            version = networks.version_in_use(session, project_id, "head-neck-oar")
        assert version is not None
        return version.id

    for version in (second, third):
        with session_scope() as session:
            networks.promote(session, boss, project_id, version)
    for expected in (second, first):
        with session_scope() as session:
            networks.rollback(session, boss, project_id, "head-neck-oar")
        assert in_use() == expected
    with session_scope() as session, pytest.raises(NoEarlierVersion):
        networks.rollback(session, boss, project_id, "head-neck-oar")
    assert in_use() == first


def test_a_prediction_ranks_its_study_and_says_why(arrived: Arrived) -> None:
    install(1, 20.0)
    presegment(arrived)
    with session_scope(read_only=True) as session:
        row = session.get_one(ScanOutlook, arrived.series.id)
        study = session.get_one(Study, arrived.study.id)
    assert set(row.expected_dice) == set(STRUCTURES)
    assert all(0 <= value <= 1 for value in row.expected_dice.values())
    assert study.expected_gain >= 0
    assert study.gain_reason is not None and study.gain_reason["distance"] is None
