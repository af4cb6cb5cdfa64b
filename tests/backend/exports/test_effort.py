"""What a correction cost is measured when it is approved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.kit import db
from backend.labels.tables import Effort, Revision, Structure, StructureSet
from backend.training.tables import NetworkVersion
from rt.masks import Mask
from tests.backend.exports.conftest import approve
from tests.backend.labels.conftest import NETWORK, Drawn, Save, save  # noqa: F401 (fixture)
from tests.factories.jobs import run_queued
from tests.factories.scenes import block

Login = Callable[..., dict[str, str]]


def _network() -> str:
    """The version that drew, in the catalogue."""
    with db.session_scope() as session:
        session.add(
            NetworkVersion(
                id=NETWORK.version_id, name=NETWORK.name, version=NETWORK.number, title="", origin="shipped",
                manifest={}, structures=[], weights_sha256="", card="",
            )
        )  # fmt: skip
    return f"{NETWORK.name} v{NETWORK.number}"


def test_effort_is_measured_from_the_network_to_the_approved_contour(
    drawn: Drawn,
    client: TestClient,
    login: Login,
    save: Save,  # noqa: F811
) -> None:
    headers, version = login("annotator"), _network()
    url = f"/api/projects/{drawn.scene.study.project_id}/effort"
    once = drawn.mask | block(drawn.scene.grid, slice(4, 5), slice(1, 4), slice(1, 5))
    twice = once | block(drawn.scene.grid, slice(1, 2), slice(16, 20), slice(10, 15))
    save(drawn.structure_id, twice, 1, headers, seconds=10.0)
    save(drawn.structure_id, once, 2, headers, seconds=5.5)
    assert run_queued("measure") == []
    assert client.get(url, headers=headers).json()["items"] == [], "nothing is approved"
    approve(client, drawn, login)
    (row,) = client.get(url, headers=headers).json()["items"]
    assert (row["network_version"], row["structure"], row["n"], row["rejected"]) == (
        version, "Parotid_L", 1, 0,
    )  # fmt: skip
    assert (row["seconds"], row["slices"]) == (15.5, 1)
    assert row["dice"] == pytest.approx(_dice(drawn.mask, once))
    assert 0.9 < row["surface_dice"] < 1
    assert row["added_path_length_mm"] == pytest.approx(10 * 2.0), "ten edge voxels of 2 mm"
    save(drawn.structure_id, twice, 3, headers)
    assert client.get(url, headers=headers).json()["items"] == [], "it is a draft again"


def test_contour_approved_unchanged_costs_nothing_and_a_rejected_one_is_counted_apart(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    _network()
    url = f"/api/projects/{drawn.scene.study.project_id}/effort"
    approve(client, drawn, login)
    with db.session_scope(read_only=True) as session:
        other = session.scalars(select(Structure.id).where(Structure.id != drawn.structure_id)).one()
    assessment = f"/api/structures/{other}/assessment"
    client.put(assessment, json={"assessment": "rejected"}, headers=login("annotator"))
    reader = login("reader")
    rejected, unchanged = client.get(url, headers=reader).json()["items"]
    first = client.get(url, params={"limit": 1}, headers=reader).json()
    second = client.get(url, params={"limit": 1, "cursor": first["next_cursor"]}, headers=reader).json()
    assert [*first["items"], *second["items"]] == [rejected, unchanged]
    assert (unchanged["structure"], unchanged["n"], unchanged["rejected"]) == ("Parotid_L", 1, 0)
    assert (unchanged["added_path_length_mm"], unchanged["surface_dice"], unchanged["slices"]) == (0, 1, 0)
    assert (rejected["structure"], rejected["n"], rejected["rejected"]) == ("Brainstem", 0, 1)
    assert rejected["added_path_length_mm"] is None, "no mean of what was thrown away"


def _dice(one: Mask, other: Mask) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_restored_contour_of_the_network_costs_nothing(
    drawn: Drawn,
    client: TestClient,
    login: Login,
    save: Save,  # noqa: F811
) -> None:
    headers = login("annotator")
    save(drawn.structure_id, ~drawn.mask, 1, headers)
    url = f"/api/structures/{drawn.structure_id}/revisions/1/restore"
    client.post(url, headers=headers | {"If-Match": '"2"'})
    approve(client, drawn, login)
    with db.session_scope(read_only=True) as session:
        effort = session.scalars(select(Effort).where(Effort.revision == 3)).one()
        assert session.scalars(select(Revision.number)).all()
        assert session.scalars(select(StructureSet.origin)).all() == ["ai"]
    assert (effort.added_path_length_mm, effort.surface_dice, effort.dice, effort.slices) == (0, 1, 1, 0)
