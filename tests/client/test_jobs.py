"""Jobs by the client."""

from __future__ import annotations

import threading

import pytest

from backend.jobs import leases
from backend.jobs.service import JobRequest, enqueue
from backend.kit.db import session_scope
from rinkaku_client import jobs
from rinkaku_client.problems import Conflict
from rinkaku_client.shapes import Job
from tests.factories.jobs import run_queued


@pytest.fixture
def queued(project) -> str:
    """Id of a job that waits."""
    with session_scope() as session:
        return enqueue(session, JobRequest("regions", {}, project.id)).id


def test_job_is_waited_for_with_progress(connect, drawn, monkeypatch):
    monkeypatch.setattr(jobs, "POLL_S", 0.05)
    clinician = connect("clinician")
    clinician.structures.save(drawn.structure_id, drawn.mask, 1)
    (job,) = clinician.jobs.list(kind="publish", state="queued", study_id=drawn.scene.study.id)
    told: list[Job] = []
    worker = threading.Thread(target=run_queued, args=("publish",))

    def progress(now: Job) -> None:
        if not told:
            worker.start()
        told.append(now)

    done = clinician.jobs.wait(job["id"], timeout_s=60, progress=progress)
    worker.join()
    assert (done["state"], told[0]["state"], told[-1]) == ("succeeded", "queued", done)
    states = [(one["state"], one["progress"], one["message"]) for one in told]
    assert len(states) == len(set(states))
    assert clinician.jobs.wait_for_all([job["id"]], timeout_s=0) == [done]


def test_patience_ends(connect, queued):
    with pytest.raises(TimeoutError, match=r"\(regions\) is still queued"):
        connect("reader").jobs.wait(queued, timeout_s=0)


def test_job_is_cancelled_and_queued_again(connect, queued):
    administrator = connect("administrator")
    assert administrator.jobs.cancel(queued)["state"] == "cancelled"
    assert administrator.jobs.wait(queued)["state"] == "cancelled"
    with pytest.raises(Conflict):
        administrator.jobs.cancel(queued)
    assert administrator.jobs.retry(queued)["state"] == "queued"


def test_log_is_read_oldest_line_first(connect, queued):
    with session_scope() as session:
        claim = leases.claim(session, queued, "test", 60)
        assert claim is not None
        lines = [leases.Line(text, {"slug": "found", "values": {}}) for text in ("first", "second")]
        leases.report(session, claim, leases.Said(0.5, None, "half"), lines)
    reader = connect("reader")
    assert [(line["line"], line["attempt"]) for line in reader.jobs.log(queued)] == [
        ("first", 1),
        ("second", 1),
    ]
    assert (reader.jobs.get(queued)["progress"], reader.jobs.get(queued)["message"]) == (0.5, "half")
