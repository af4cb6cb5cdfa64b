"""Cohorts and analyses by the client, and the example notebook against a server with a worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.jobs.tables import Job
from backend.kit import db
from rinkaku_client import jobs
from rinkaku_client.analyses import AnalysisFailed, Asked
from rt.errors import RtError
from tests.backend.analyses.conftest import DICTIONARY, FEATURES, csv_of, rows_of
from tests.factories.jobs import run_job

NOTEBOOK = Path(__file__).parents[2] / "docs" / "examples" / "outcomes.ipynb"


@pytest.fixture
def worker(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Does what is queued, one after the other; a job that is refused has failed by that name."""
    monkeypatch.setattr(jobs, "POLL_S", 0.1)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            with db.session_scope(read_only=True) as session:
                waiting = session.scalars(select(Job.id).where(Job.state == "queued").order_by(Job.id)).all()
            for job_id in waiting:
                try:
                    run_job(job_id)
                except RtError as error:
                    _fail(job_id, error)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def _fail(job_id: str, error: RtError) -> None:
    with db.session_scope() as session:
        job = session.get_one(Job, job_id)
        job.state, job.lease_until = "failed", None
        job.error_slug, job.error_detail = error.slug, str(error)


def test_the_example_notebook_runs(
    worker: None, live_server: str, connect: Any, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = login("annotator")["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("RINKAKU_URL", live_server)
    monkeypatch.setenv("RINKAKU_TOKEN", token)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    told: dict[str, Any] = {}
    for number, cell in enumerate(one for one in cells if one["cell_type"] == "code"):
        assert cell["outputs"] == []
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), told)
    assert told["subtypes"]["results"]["k"] == 2
    assert set(told["patients"]["patient"]) == set(told["clinic"]["ID"])
    group = dict(zip(told["patients"]["patient"], told["patients"]["subtype"], strict=True))
    assert told["new"]["value"]["subtype"] == group["P001"]
    p_values = dict(zip(told["terms"]["column"], told["terms"]["p"], strict=True))
    assert p_values["f0"] < 0.01 < p_values["age"]


def test_a_refused_analysis_is_an_error_with_its_slug(worker: None, connect: Any, project: Any) -> None:
    client = connect("annotator")
    place = (project.id, client.cohorts.create(project.id, "Small")["id"])
    client.cohorts.read(*place, "clinic.csv", csv_of(rows_of(8)).encode(), DICTIONARY)
    begun = client.analyses.start(place, Asked("x", "subtypes", {"features": FEATURES}))
    with pytest.raises(AnalysisFailed) as refused:
        client.analyses.wait(place, begun)
    assert refused.value.slug == "too-few-patients"
    frame = client.cohorts.patients(*place)
    assert (len(frame), frame.loc[0, "patient_id"], frame.loc[0, "stage"] in ("II", "III")) == (
        8,
        "P000",
        True,
    )
    assert frame["survival.time"].gt(0).all()
    assert [one["id"] for one in client.analyses.list(place)] == [begun["id"]]
    again = client.analyses.rerun(place, begun["id"])
    with pytest.raises(AnalysisFailed):
        client.analyses.wait(place, again)
    client.analyses.delete(place, begun["id"])
    assert [one["id"] for one in client.analyses.list(place)] == [again["id"]]
    assert client.cohorts.split(*place, test_fraction=0.25)["split"]["test"] == 2
    conditions = [{"column": "age", "op": ">", "value": 0}]
    assert client.cohorts.filter(*place, conditions)["included"] == client.cohorts.get(*place)["patients"]
