"""One worker, one job: every way in which an attempt can end."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from backend.config import get_settings
from backend.jobs import leases
from backend.jobs.tables import Job, JobLog
from backend.kit.db import session_scope
from tests.workers.conftest import effects, read_job
from workers.supervisor import Timing


def test_job_runs_once_and_keeps_its_result(supervisor, queue_job):
    job_id = queue_job("test-note")
    assert supervisor.run(job_id)
    job = read_job(job_id)
    assert (job.state, job.result, job.progress, job.attempt) == ("succeeded", {"line": "effect"}, 1.0, 1)
    assert not supervisor.run(job_id)
    assert effects(job_id) == 1


def test_typed_refusal_fails_at_once_with_its_slug(supervisor, queue_job):
    job_id = queue_job("test-refuse")
    supervisor.run(job_id)
    job = read_job(job_id)
    assert (job.state, job.error_slug, job.error_detail) == ("failed", "invalid-input", "the series is no CT")


def test_unforeseen_error_tells_where_but_not_what(supervisor, queue_job):
    job_id = queue_job("test-bug")
    supervisor.run(job_id)
    job = read_job(job_id)
    assert (job.state, job.error_slug) == ("failed", "internal")
    with session_scope(read_only=True) as session:
        rows = session.query(JobLog).filter_by(job_id=job_id).order_by(JobLog.number).all()
    lines = "\n".join(row.line for row in rows)
    assert "stumble" in lines
    assert [row.said["slug"] for row in rows] == ["error", *["place"] * (len(rows) - 1)]
    assert "Yamada" not in lines + (job.error_detail or "")


def test_process_killed_twice_fails_with_its_signal_and_the_next_job_starts(supervisor, queue_job):
    job_id, other = queue_job("test-die"), queue_job("test-note")
    supervisor.run(job_id)
    assert read_job(job_id).state == "queued"
    supervisor.run(job_id)
    job = read_job(job_id)
    assert (job.state, job.error_slug, job.crashes) == ("failed", "worker-crashed", 2)
    assert "SIGKILL" in (job.error_detail or "")
    supervisor.run(other)
    assert read_job(other).state == "succeeded"


def test_hanging_process_is_killed(supervisor, queue_job):
    supervisor.timing = Timing(lease_s=4.0, hung_s=0.5)
    job_id = queue_job("test-hang")
    supervisor.run(job_id)
    supervisor.run(job_id)
    assert (read_job(job_id).state, read_job(job_id).error_slug) == ("failed", "no-progress")


def test_transient_failure_is_tried_again_later(supervisor, queue_job):
    job_id = queue_job("test-flaky")
    supervisor.run(job_id)
    waiting = read_job(job_id)
    assert waiting.state == "queued" and waiting.error_slug == "unavailable"
    assert not supervisor.run(job_id), "not due yet"
    with session_scope() as session:
        session.query(Job).update({"available_at": waiting.available_at - timedelta(minutes=1)})
    supervisor.run(job_id)
    done = read_job(job_id)
    assert (done.state, effects(job_id), done.error_slug) == ("succeeded", 1, None)


def test_second_attempt_finds_the_checkpoint_of_the_first(supervisor, queue_job):
    job_id = queue_job("test-half")
    supervisor.run(job_id)
    supervisor.run(job_id)
    assert read_job(job_id).result == {"resumed_from": 7}
    assert not (get_settings().data / "scratch" / job_id).exists()


def _when_running(job_id: str, act) -> threading.Thread:
    def watch() -> None:
        tick = threading.Event()
        while (job := read_job(job_id)).progress == 0.0 and job.state in ("queued", "running"):
            tick.wait(0.02)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_running_job_is_cancelled(supervisor, queue_job):
    job_id = queue_job("test-nap", seconds=120)

    def ask() -> None:
        with session_scope() as session:
            session.query(Job).update({"cancel_requested": True})

    asking = _when_running(job_id, ask)
    supervisor.run(job_id)
    asking.join()
    job = read_job(job_id)
    assert (job.state, job.lease_until, effects(job_id)) == ("cancelled", None, 0)


def test_deaf_job_is_killed_when_cancelled(supervisor, queue_job):
    job_id = queue_job("test-hang")
    with session_scope() as session:
        session.query(Job).update({"cancel_requested": True})
    supervisor.run(job_id)
    assert read_job(job_id).state == "cancelled"


def test_stopped_worker_hands_the_job_back_without_costing_an_attempt(supervisor, queue_job):
    job_id = queue_job("test-nap", seconds=120, max_attempts=1)
    stopping = _when_running(job_id, supervisor.stopping.set)
    supervisor.run(job_id)
    stopping.join()
    job = read_job(job_id)
    assert (job.state, job.attempt, job.max_attempts) == ("queued", 1, 2)


def test_worker_that_lost_its_lease_writes_nothing(supervisor, queue_job):
    job_id = queue_job("test-nap", seconds=120)

    def take_over() -> None:
        with session_scope() as session:
            session.query(Job).update({"attempt": 9})

    taking = _when_running(job_id, take_over)
    supervisor.run(job_id)
    taking.join()
    job = read_job(job_id)
    assert (job.state, job.attempt, effects(job_id)) == ("running", 9, 0)


def test_effect_of_a_superseded_attempt_is_rolled_back(database, queue_job):
    job_id = queue_job("test-note")
    with session_scope() as session:
        held = leases.claim(session, job_id, "frozen", 60)
    with session_scope() as session:
        session.query(Job).update({"attempt": 2})
    with pytest.raises(leases.Superseded), session_scope() as session:
        session.add(JobLog(job_id=job_id, attempt=1, line="effect"))
        leases.guard(session, held)
    assert effects(job_id) == 0


def test_scratch_of_the_attempt_is_removed(supervisor, queue_job):
    supervisor.run(queue_job("test-note"))
    assert not list(Path(get_settings().data / "scratch").glob("*"))
