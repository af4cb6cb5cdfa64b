"""A comparison on a project's own dataset: its table, a kill on the way, data that do not suffice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from backend.comparisons.tables import Comparison
from backend.jobs import service as jobs
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.db import Base, session_scope
from backend.labels.tables import Revision
from backend.projects.tables import Project
from backend.studies.tables import Series
from backend.training.tables import Snapshot
from rt.errors import RtError
from tests.factories.jobs import Line, run_job
from tests.factories.patients import draw, send_ct
from workers.training import compare

ATLAS = {"name": "atlas", "architecture": "atlas", "options": {"atlases": 2, "candidates": 2}}
NETWORK = {"name": "net", "architecture": "unet25d", "options": {"channels": [2, 4], "slices": 3}, "batch": 1}
WRONG = {"name": "wrong", "architecture": "unet3d", "options": {"depth": 2}}
Queue = Callable[..., tuple[str, str]]


class Heard(Line):
    """Keeps what a job says; a word in `kills` ends its process."""

    def __init__(self, kills: str = "") -> None:
        super().__init__()
        self.said: list[dict[str, Any]] = []
        self._kills = kills

    def send_bytes(self, message: bytes) -> None:
        """Hear it."""
        told = json.loads(message)
        self.said += [said] if (said := told.get("said") or told.get("stage")) else []
        if self._kills and self._kills == self.said[-1]["slug"]:
            raise Killed

    def of(self, slug: str) -> list[dict[str, Any]]:
        """The values of what was said with this slug."""
        return [said["values"] for said in self.said if said["slug"] == slug]


class Killed(BaseException):
    """Like SIGKILL: nothing in the job catches it."""


@pytest.fixture
def queue(project: Project, tmp_path: Path) -> Queue:
    """`queue({"train": ["A"], …}, entry, …)` queues a comparison; gives its id and its job's."""

    def make(contoured: dict[str, list[str]], *entries: dict[str, Any], minutes: float = 0.002) -> Any:
        cases = []
        for split, names in contoured.items():
            scan = send_ct(project, tmp_path, split)
            revisions = {name: draw(scan, name) for name in names}
            cases.append(
                {"series_id": scan.series.id, "patient_key": split, "split": split, "revisions": revisions}
            )
        with session_scope() as session:
            snapshot = Snapshot(
                project_id=project.id, name="s", cases=cases, structures=["Larynx"], hash="", created_by=""
            )
            job = jobs.enqueue(session, JobRequest("compare", {}, project.id))
            session.add(snapshot)
            session.flush()
            shared = {"adversary": None, "learning_rate": 1e-3, "batch": 1}
            row = Comparison(
                project_id=project.id, snapshot_id=snapshot.id, job_id=job.id, created_by="",
                config={
                    "entries": [shared | entry for entry in entries], "structures": ["Larynx"],
                    "minutes": minutes, "evaluate": "validation",
                },
            )  # fmt: skip
            session.add(row)
            session.flush()
            job.parameters = {"comparison_id": row.id}
            return row.id, job.id

    return make


def test_the_table_has_every_entry_and_the_failed_one_its_reason(
    queue: Queue, project: Project, client: TestClient, login: Callable[..., dict[str, str]]
) -> None:
    every = {"train": ["Larynx"], "validation": ["Larynx"], "test": ["Larynx"]}
    row_id, job_id = queue(every, WRONG, ATLAS, NETWORK)
    heard = Heard()
    assert run_job(job_id, line=heard)["best"] in ("atlas", "net")
    url = f"/api/projects/{project.id}/comparisons/{row_id}"
    results = client.get(url, headers=login("reader")).json()["results"]
    rows = {entry["name"]: entry for entry in results["entries"]}
    assert "depth" in rows["wrong"]["problem"]["detail"]
    assert rows["wrong"]["rank"] is None
    assert results["cases"] == ["scan 2"]
    assert rows["atlas"]["structures"]["Larynx"]["n"] == 1
    assert rows["atlas"]["mean_dice_interval"]["low"] is None
    assert rows["net"]["training"]["iterations"] >= 1
    assert not any(row["surely_worse"] for row in rows.values())
    assert [said["total"] for said in heard.of("scan")] != []
    assert [said["entry"] for said in heard.of("entry-done")] == ["atlas", "net"]
    assert "depth" in heard.of("entry-failed")[0]["problem"]


def test_a_killed_comparison_goes_on_on_another_machine(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "CHECKPOINT_EVERY_S", 0.0)
    row_id, job_id = queue({"train": ["Larynx"], "validation": ["Larynx"]}, ATLAS, NETWORK, minutes=0.2)
    with pytest.raises(Killed):
        run_job(job_id, line=Heard(kills="entry-iteration"))
    with session_scope() as session:
        row = session.get_one(Comparison, row_id)
        assert row.results is not None
        assert (row.results["missing"], set(row.outcomes)) == (["net"], {"atlas"})
        assert row.checkpoint_entry == "net"
        changed = {"minutes": 9, "iterations": 0, "parameters": 0}  # so that it shows when it is done anew
        row.outcomes = {"atlas": row.outcomes["atlas"] | {"training": changed}}
        lost = {"state": "queued", "worker": None, "lease_until": None}
        session.execute(update(Job).where(Job.id == job_id).values(lost))
    heard = Heard()
    run_job(job_id, line=heard)
    assert [said["entry"] for said in heard.of("entry-kept")] == ["atlas"]
    assert [said["entry"] for said in heard.of("entry-done")] == ["net"]
    assert heard.of("entry-iteration")[0]["n"] > 50
    with session_scope(read_only=True) as session:
        row = session.get_one(Comparison, row_id)
        assert row.results is not None
        done = {entry["name"]: entry["training"]["minutes"] for entry in row.results["entries"]}
        assert done["atlas"] == 9
        assert (row.results["missing"], row.outcomes, row.checkpoint_sha256) == ([], {}, None)


@pytest.mark.parametrize(
    ("contoured", "slug"),
    [
        ({"train": ["Larynx"]}, "nothing-to-measure"),
        ({"validation": ["Larynx"]}, "nothing-to-learn"),
        ({"train": ["Larynx"], "validation": ["Larynx"]}, "every-entry-failed"),
    ],
)
def test_a_comparison_of_which_nothing_can_come_fails_by_name(
    queue: Queue, contoured: dict[str, list[str]], slug: str
) -> None:
    with pytest.raises(RtError) as refused:
        run_job(queue(contoured, WRONG)[1])
    assert refused.value.slug == slug


@pytest.mark.parametrize(("table", "said"), [(Series, "scan"), (Revision, "contour")])
def test_what_was_deleted_since_it_was_frozen_is_named(queue: Queue, table: type[Base], said: str) -> None:
    job_id = queue({"train": ["Larynx"], "validation": ["Larynx"]}, ATLAS)[1]
    with session_scope() as session:
        snapshot = session.scalars(select(Snapshot)).one()
        case = {"series_id": "gone"} if table is Series else {"revisions": {"Larynx": "gone"}}
        snapshot.cases = [snapshot.cases[0] | case, *snapshot.cases[1:]]
    with pytest.raises(RtError, match=f"a {said} of the dataset was deleted") as refused:
        run_job(job_id)
    assert refused.value.slug == "dataset-incomplete"
