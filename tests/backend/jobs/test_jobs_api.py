"""Jobs over HTTP: who sees them, cancel and retry in every state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.jobs import leases, service
from backend.jobs.leases import Failure
from backend.jobs.service import JobRequest
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from tests.factories.patients import send_ct


def queue(project, **options) -> str:
    with session_scope() as session:
        return service.enqueue(session, JobRequest("regions", {"series_id": "s"}, project.id, **options)).id


def bring_to(state: str, job_id: str) -> None:
    if state == "queued":
        return
    with session_scope() as session:
        held = leases.claim(session, job_id, "w", 60)
        assert held is not None
        if state == "succeeded":
            leases.succeed(session, held, {})
        elif state == "failed":
            leases.fail(session, held, Failure("not-dicom", "no"))
        elif state == "cancelled":
            leases.give_up(session, held)


def test_member_sees_the_job_and_others_do_not(client, project, login):
    job_id = queue(project, study_id="study-1")
    reader, stranger = login("reader"), login(None)
    shown = client.get(f"/api/jobs/{job_id}", headers=reader).json()
    assert (shown["state"], shown["queue"], shown["study_id"], shown["error"]) == (
        "queued",
        "cpu",
        "study-1",
        None,
    )
    for path in ("", "/log"):
        assert client.get(f"/api/jobs/{job_id}{path}", headers=stranger).status_code == 404
    for action in ("cancel", "retry"):
        assert client.post(f"/api/jobs/{job_id}/{action}", headers=stranger).status_code == 404
    assert client.get("/api/jobs", headers=stranger).json()["items"] == []


def test_job_names_the_patient_to_members_of_the_studys_own_project_only(client, project, login, tmp_path):
    arrived = send_ct(project, tmp_path)
    queue(project, study_id=arrived.study.id)
    queue(project, study_id="deleted")
    deleted, named = client.get("/api/jobs?kind=regions&limit=2", headers=login("reader")).json()["items"]
    assert (deleted["patient"], named["patient"]) == (None, {"id": "ID-ct", "name": "Secret^ct"})
    assert client.get("/api/jobs", headers=login(None)).json()["items"] == []


def test_housekeeping_is_left_out_on_request(client, project, login):
    queue(project)
    with session_scope() as session:
        service.enqueue(session, JobRequest("publish", {}, project.id))
    reader = login("reader")
    kinds = [
        [job["kind"] for job in client.get(f"/api/jobs{query}", headers=reader).json()["items"]]
        for query in ("", "?housekeeping=false")
    ]
    assert kinds == [["publish", "regions"], ["regions"]]


def test_list_is_filtered_and_paged_newest_first(client, project, login):
    ids = [queue(project, study_id=f"study-{number % 2}") for number in range(5)]
    reader = login("reader")
    first = client.get("/api/jobs?limit=2", headers=reader).json()
    second = client.get(f"/api/jobs?limit=2&cursor={first['next_cursor']}", headers=reader).json()
    assert [job["id"] for job in first["items"] + second["items"]] == ids[:0:-1]
    of_study = client.get("/api/jobs?study_id=study-0&state=queued&kind=regions", headers=reader).json()
    assert [job["id"] for job in of_study["items"]] == [ids[4], ids[2], ids[0]]


@pytest.mark.parametrize(
    ("state", "status", "after"),
    [
        ("queued", 200, "cancelled"),
        ("running", 200, "running"),
        ("succeeded", 409, "succeeded"),
        ("failed", 409, "failed"),
        ("cancelled", 409, "cancelled"),
    ],
)
def test_cancel_in_each_state(client, project, login, state, status, after):
    job_id = queue(project)
    bring_to(state, job_id)
    clinician = login("clinician")
    answer = client.post(f"/api/jobs/{job_id}/cancel", headers=clinician)
    assert answer.status_code == status
    job = client.get(f"/api/jobs/{job_id}", headers=clinician).json()
    assert (job["state"], job["cancel_requested"]) == (after, state in ("queued", "running", "cancelled"))


@pytest.mark.parametrize(
    ("state", "status"),
    [("queued", 409), ("running", 409), ("succeeded", 409), ("failed", 200), ("cancelled", 200)],
)
def test_retry_in_each_state(client, project, login, state, status):
    job_id = queue(project)
    bring_to(state, job_id)
    clinician = login("clinician")
    assert client.post(f"/api/jobs/{job_id}/retry", headers=clinician).status_code == status
    if status == 200:
        job = client.get(f"/api/jobs/{job_id}", headers=clinician).json()
        assert (job["state"], job["error"], job["cancel_requested"]) == ("queued", None, False)


def test_reader_may_not_cancel(client, project, login):
    job_id = queue(project)
    assert client.post(f"/api/jobs/{job_id}/cancel", headers=login("reader")).status_code == 403


def test_unknown_query_parameter_is_refused(client, project, login):
    assert client.get("/api/jobs?stat=queued", headers=login("reader")).status_code == 422


def test_requests_under_one_key_are_one_job_until_it_starts(project):
    first, second = queue(project, coalesce_key="publish:1"), queue(project, coalesce_key="publish:1")
    assert first == second
    with session_scope() as session:
        assert leases.claim(session, first, "w", 60) is not None
    third = queue(project, coalesce_key="publish:1")
    assert third != first


def test_job_waits_while_another_of_its_key_runs(project):
    first = queue(project, coalesce_key="publish:1")
    with session_scope() as session:
        held = leases.claim(session, first, "a", 60)
    second = queue(project, coalesce_key="publish:1")
    with session_scope() as session:
        assert leases.claim(session, second, "b", 60) is None
    with session_scope() as session:
        leases.succeed(session, held, {})
    with session_scope() as session:
        assert leases.claim(session, second, "b", 60) is not None


def test_job_that_returns_to_the_queue_gives_its_key_to_the_newer_one(project):
    first = queue(project, coalesce_key="publish:1")
    with session_scope() as session:
        held = leases.claim(session, first, "a", 60)
    second = queue(project, coalesce_key="publish:1")
    with session_scope() as session:
        assert leases.release(session, held)
    with session_scope(read_only=True) as session:
        assert session.get(Job, first).coalesce_key is None
        assert session.get(Job, second).coalesce_key == "publish:1"


def test_delayed_job_cannot_be_claimed_before_its_time(project):
    job_id = queue(project, delay_s=60.0)
    with session_scope() as session:
        assert leases.claim(session, job_id, "w", 60) is None


def waits_s(job_id: str) -> float:
    """From the first request until the job is due."""
    with session_scope(read_only=True) as session:
        job = session.get_one(Job, job_id)
        return (job.available_at - job.created_at).total_seconds()


def made_earlier(job_id: str, seconds: float) -> None:
    """As if the job had been asked for so long ago, and were due by as much earlier."""
    with session_scope() as session:
        job = session.get_one(Job, job_id)
        job.created_at -= timedelta(seconds=seconds)
        job.available_at -= timedelta(seconds=seconds)


def test_job_waits_until_requests_are_over_but_not_for_ever(project):
    options = {"coalesce_key": "publish:1", "delay_s": 2.0, "latest_s": 10.0}
    job_id = queue(project, **options)
    assert waits_s(job_id) == 2.0
    for earlier, due in ((1.5, 3.5), (1.5, 5.0), (1.9, 6.9), (1.9, 8.8), (1.9, 10.0)):
        made_earlier(job_id, earlier)
        assert queue(project, **options) == job_id
        assert waits_s(job_id) == pytest.approx(due, abs=0.5)
    made_earlier(job_id, 9.0)
    queue(project, **options)
    assert waits_s(job_id) == pytest.approx(10.0, abs=0.5), "a job that is due is not held back"


def test_request_brings_a_job_forward_that_was_put_off(project):
    job_id = queue(project, coalesce_key="publish:1", delay_s=60.0)
    queue(project, coalesce_key="publish:1", delay_s=2.0, latest_s=10.0)
    assert waits_s(job_id) == pytest.approx(2.0, abs=0.5)
