"""A study with a CT, people who read it, and the calls of a consensus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend.accounts.actor import Actor
from backend.kit import db
from backend.projects.tables import Project
from rt.masks import Mask
from tests.backend.labels.conftest import packed
from tests.factories.jobs import run_queued
from tests.factories.scenes import Scene, block, make_scene

NAME = "GTVp"


@dataclass
class Reading:
    """Three annotators and a clinician who leads, by the API."""

    client: TestClient
    scene: Scene
    leader: dict[str, str]
    leader_id: str
    ids: list[str]
    headers: dict[str, dict[str, str]]
    """Of each reader, by id."""
    task: dict[str, Any] = field(default_factory=dict)

    def start(self, **changes: Any) -> Response:
        """Begin the consensus."""
        body = {"series_id": self.scene.series.id, "structure": NAME, "readers": self.ids} | changes
        path = f"/api/studies/{self.scene.study.id}/consensus"
        answer = self.client.post(path, json=body, headers=self.leader)
        if answer.status_code == 201:
            self.task = answer.json()
        return answer

    def path(self, rest: str = "") -> str:
        """Address of the task."""
        return f"/api/consensus/{self.task['id']}{rest}"

    def get(self, rest: str = "", who: str | None = None) -> Response:
        """Ask as a reader, or as who leads."""
        headers = self.leader if who is None else self.headers[who]
        return self.client.get(self.path(rest), headers=headers)

    def draw(self, who: str, mask: Mask) -> Response:
        """Keep a draft."""
        body = {"base": 0, "mask": packed(mask), "seconds": 30}
        path = f"/api/structures/{self.task['structure_id']}/draft"
        return self.client.put(path, json=body, headers=self.headers[who])

    def finish(self, who: str, **body: Any) -> Response:
        """Hand in."""
        return self.client.post(self.path("/finish"), json=body, headers=self.headers[who])

    def close(self, *without: str) -> Response:
        """End the reading."""
        return self.client.post(self.path("/close"), json={"without": without}, headers=self.leader)

    def decide(self, number: int, take: bool | None) -> Response:
        """Decide a region."""
        return self.client.put(self.path(f"/regions/{number}"), json={"take": take}, headers=self.leader)

    def adopt(self, method: str = "majority", base: int = 0) -> Response:
        """Make it a revision."""
        headers = self.leader | {"If-Match": f'"{base}"'}
        return self.client.post(self.path("/adopt"), json={"method": method}, headers=headers)

    def masks(self) -> list[Mask]:
        """What the three draw: a core; the second a piece more on one side, the third more on the other."""
        grid = self.scene.grid
        core = block(grid, slice(2, 6), slice(6, 14), slice(5, 12))
        wide = core | block(grid, slice(2, 6), slice(6, 14), slice(12, 15))
        long = core | block(grid, slice(2, 6), slice(14, 18), slice(5, 12))
        return [core, wide, long]

    def read(self) -> None:
        """All draw, hand in, the leader closes, the job computes."""
        for who, mask in zip(self.ids, self.masks(), strict=True):
            assert self.draw(who, mask).status_code == 200
            assert self.finish(who).status_code == 200
        assert self.close().status_code == 200
        run_queued("consensus")


@pytest.fixture
def reading(
    client: TestClient,
    project: Project,
    actor: Callable[..., Actor],
    login: Callable[..., dict[str, str]],
) -> Reading:
    """Three readers and a leader, before anything is begun."""
    with db.session_scope() as session:
        scene = make_scene(session, project)
    leader, readers = actor("clinician"), [actor("annotator") for _ in range(3)]
    headers = {one.user_id: login(one) for one in readers}
    return Reading(client, scene, login(leader), leader.user_id, [one.user_id for one in readers], headers)


def voxels(answer: Response, scene: Scene) -> np.ndarray:
    """A map's voxels."""
    return np.frombuffer(answer.content, "<f4").reshape(scene.grid.shape_kji)
