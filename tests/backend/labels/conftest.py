"""A study with a CT, and a structure in it that a network has drawn."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend.kit import db
from backend.labels import service
from backend.labels.service import Network, NewRevision, NewStructure
from backend.projects.tables import Project
from rt.masks import Mask, encode_mask
from tests.factories.scenes import Scene, block, make_scene

NETWORK = Network("00000000-0000-7000-8000-000000000001", "head-neck-oar", 1)


@pytest.fixture
def scene(project: Project) -> Scene:
    """A study with a CT, committed."""
    with db.session_scope() as session:
        return make_scene(session, project)


@dataclass(frozen=True)
class Drawn:
    """A structure as the network left it."""

    scene: Scene
    set_id: str
    structure_id: str
    mask: Mask


@pytest.fixture
def drawn(scene: Scene) -> Drawn:
    """A structure whose head is a network's first revision."""
    mask = block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12))
    return draw(scene, "Parotid_L", mask)


def draw(scene: Scene, name: str, mask: Mask) -> Drawn:
    """Let the network draw a structure."""
    with db.session_scope() as session:
        owner = service.working_set(session, session.merge(scene.series))
        structure = service.ensure_structure(session, owner, NewStructure(name))
        new = NewRevision(mask, structure.head, network=NETWORK, tool="network")
        service.append_revision(session, structure, new)
        return Drawn(scene, owner.id, structure.id, mask)


def packed(mask: Mask) -> str:
    """A mask as it stands in JSON."""
    return base64.b64encode(encode_mask(mask)).decode()


Save = Callable[..., Response]


@pytest.fixture
def save(client: TestClient) -> Save:
    """`save(structure_id, mask, base, headers)` posts a revision; further keywords go into the body."""

    def post(
        structure_id: str, mask: Mask, base: int | None, headers: dict[str, str], **body: Any
    ) -> Response:
        match = {} if base is None else {"If-Match": f'"{base}"'}
        return client.post(
            f"/api/structures/{structure_id}/revisions",
            json={"mask": packed(mask), **body},
            headers=headers | match,
        )

    return post
