"""A study with a CT and drawn structures, and the calls that derive others from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend.kit import db
from backend.labels import service as labels
from backend.labels.tables import Structure
from backend.projects.tables import Project
from rt.masks import Mask
from tests.backend.labels.conftest import draw, packed
from tests.factories.jobs import run_queued
from tests.factories.scenes import Scene, make_scene

Json = dict[str, Any]
NO_SIDES = dict.fromkeys(("left", "right", "anterior", "posterior", "superior", "inferior"), 0.0)


def structure(structure_id: str, margin: Json | None = None) -> Json:
    """A structure as operand."""
    return {"kind": "structure", "structure_id": structure_id, "margin": margin}


def isodose(series_id: str, gy: float) -> Json:
    """An isodose as operand."""
    return {"kind": "isodose", "dose_series_id": series_id, "level": {"unit": "Gy", "value": gy}}


def sides(direction: str, **mm: float) -> Json:
    """A margin of some sides."""
    return {"direction": direction, **NO_SIDES, **mm}


def even(direction: str, mm: float) -> Json:
    """A margin that is the same on every side."""
    return {"direction": direction, **dict.fromkeys(NO_SIDES, mm)}


def combined(kind: str, operand: Json) -> Json:
    """A step of set algebra."""
    return {"kind": kind, "operand": operand}


@dataclass
class Deriving:
    """A clinician who derives structures by the API."""

    client: TestClient
    headers: dict[str, str]
    scene: Scene
    set_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def draw(self, name: str, mask: Mask) -> str:
        """Let the network draw; gives the structure's id."""
        drawn = draw(self.scene, name, mask)
        self.set_id, self.ids[name] = drawn.set_id, drawn.structure_id
        return drawn.structure_id

    def save(self, structure_id: str, mask: Mask, base: int) -> Response:
        """Save a contour by hand."""
        body = {"mask": packed(mask), "tool": "brush", "seconds": 5, "empty": not bool(mask.any())}
        path, headers = f"/api/structures/{structure_id}/revisions", self.headers | {"If-Match": f'"{base}"'}
        return self.client.post(path, json=body, headers=headers)

    def ask(self, name: str, first: Json, *steps: Json) -> Response:
        """Ask for a derived structure."""
        body = {"name": name, "expression": {"first": first, "steps": list(steps)}}
        path = f"/api/structure-sets/{self.set_id}/derived-structures"
        return self.client.post(path, json=body, headers=self.headers)

    def preview(self, first: Json, *steps: Json, of: str | None = None) -> Response:
        """Ask what a derivation gives; `of` is the structure whose derivation it is to become."""
        body = {"structure_id": of, "expression": {"first": first, "steps": list(steps)}}
        path = f"/api/structure-sets/{self.set_id}/derived-structures/preview"
        return self.client.post(path, json=body, headers=self.headers)

    def derive(self, name: str, first: Json, *steps: Json) -> str:
        """A derived structure; gives its id."""
        answer = self.ask(name, first, *steps)
        assert answer.status_code == 201, answer.text
        self.ids[name] = answer.json()["id"]
        return self.ids[name]

    def change(self, structure_id: str, base: int, first: Json, *steps: Json) -> Response:
        """Ask for another derivation."""
        body = {"expression": {"first": first, "steps": list(steps)}}
        headers = self.headers | {"If-Match": f'"{base}"'}
        return self.client.put(f"/api/structures/{structure_id}/derivation", json=body, headers=headers)

    def recompute(self, structure_id: str, base: int) -> Response:
        """Ask for it to be computed now."""
        headers = self.headers | {"If-Match": f'"{base}"'}
        return self.client.post(f"/api/structures/{structure_id}/derivation/recompute", headers=headers)

    def shown(self, name: str) -> Json:
        """A structure as the set shows it."""
        found = self.client.get(f"/api/structure-sets/{self.set_id}", headers=self.headers).json()
        return next(one for one in found["structures"] if one["name"] == name)

    def head(self, name: str) -> int:
        """Number of its newest revision."""
        return int(self.shown(name)["head"]["number"])

    def status(self, name: str) -> str:
        """How it stands to its sources."""
        return str(self.shown(name)["derivation"]["status"])

    def mask(self, name: str) -> Mask:
        """Its newest mask."""
        with db.session_scope(read_only=True) as session:
            return labels.head_mask(session, session.get_one(Structure, self.ids[name]), self.scene.grid)

    def follow(self) -> list[Json]:
        """Let a worker do the jobs that wait."""
        return run_queued("derive")


def same(found: Mask, wanted: Mask) -> bool:
    """Whether two masks are voxel for voxel the same, and hold something."""
    return bool(wanted.any()) and np.array_equal(found, wanted)


@pytest.fixture
def scene(project: Project) -> Scene:
    """A study with a CT, committed."""
    with db.session_scope() as session:
        return make_scene(session, project)


@pytest.fixture
def deriving(client: TestClient, login: Callable[..., dict[str, str]], scene: Scene) -> Deriving:
    """A clinician at the study."""
    return Deriving(client, login("clinician"), scene)
