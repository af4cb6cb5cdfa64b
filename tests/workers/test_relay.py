"""The relay with a real broker and real worker processes, and everything that can get lost between them."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from sqlalchemy import select

from backend import upkeep
from backend.config import get_settings
from backend.jobs import leases
from backend.jobs.tables import Event, Job
from backend.kit.clock import now
from backend.kit.db import session_scope
from tests.workers.conftest import effects, read_job
from workers.app import TASK, make_app
from workers.relay import Relay

REDIS = os.environ.get("RINKAKU_TEST_REDIS_URL")
PATIENCE_S = 90
"""Upper bound for a busy machine; nothing is asserted about time."""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < until, f"waited too long: {what}"
        tick.wait(0.05)


@pytest.fixture(params=["folder", pytest.param("redis", marks=pytest.mark.postgres)] if REDIS else ["folder"])
def broker(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty broker: folders, or Redis."""
    if request.param == "redis":
        assert REDIS is not None
        redis.Redis.from_url(REDIS).flushdb()
        monkeypatch.setenv("RINKAKU_BROKER_URL", REDIS)
    else:
        monkeypatch.delenv("RINKAKU_BROKER_URL", raising=False)
    get_settings.cache_clear()
    return str(request.param)


def flush(broker: str) -> None:
    """Lose every message."""
    if broker == "redis":
        assert REDIS is not None
        redis.Redis.from_url(REDIS).flushdb()
        return
    for message in (get_settings().data / "broker" / "messages").iterdir():
        message.unlink(missing_ok=True)


def all_done(ids: list[str]) -> bool:
    return all(read_job(job_id).state == "succeeded" for job_id in ids)


def test_queued_jobs_reach_a_worker(broker, queue_job, start_process):
    start_process("-m", "tests.workers.worker")
    start_process("-m", "workers", "relay")
    ids = [queue_job("test-note") for _ in range(5)]
    wait_until(lambda: all_done(ids), "jobs done")
    assert [effects(job_id) for job_id in ids] == [1] * 5


def test_jobs_run_though_the_broker_forgot_them(broker, queue_job, start_process):
    ids = [queue_job("test-note") for _ in range(20)]
    relay = Relay()
    assert relay.step()
    flush(broker)
    assert all(read_job(job_id).published_at for job_id in ids)
    start_process("-m", "workers", "relay")
    start_process("-m", "tests.workers.worker")
    wait_until(lambda: all_done(ids), "jobs done after the flush")
    assert [effects(job_id) for job_id in ids] == [1] * 20


def test_message_that_arrives_three_times_is_one_run(broker, queue_job, start_process):
    job_id, last = queue_job("test-note"), queue_job("test-note")
    app = make_app(get_settings())
    for message in (job_id, job_id, job_id, "no-such-job", last):
        app.send_task(TASK, args=[message], queue="cpu")
    start_process("-m", "tests.workers.worker")
    wait_until(lambda: all_done([job_id, last]), "both jobs done")
    assert (effects(job_id), read_job(job_id).attempt) == (1, 1)


def test_jobs_stay_queued_while_the_broker_is_down_and_run_later(
    database, queue_job, monkeypatch, start_process
):
    if REDIS is None:
        pytest.skip("needs Redis: scripts/with_services.py")
    monkeypatch.setenv("RINKAKU_BROKER_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    job_id = queue_job("test-note")
    assert not Relay().step()
    assert (read_job(job_id).state, read_job(job_id).published_at) == ("queued", None)
    redis.Redis.from_url(REDIS).flushdb()
    monkeypatch.setenv("RINKAKU_BROKER_URL", REDIS)
    get_settings.cache_clear()
    start_process("-m", "workers", "relay")
    start_process("-m", "tests.workers.worker")
    wait_until(lambda: all_done([job_id]), "job done")


def test_folder_of_the_broker_may_vanish(database, queue_job):
    relay = Relay()
    shutil.rmtree(get_settings().data / "broker")
    job_id = queue_job("test-note")
    assert not relay.step()
    assert read_job(job_id).state == "queued"


def test_job_that_waits_for_a_busy_worker_is_not_announced_again(broker, queue_job):
    job_id = queue_job("test-note")
    relay = Relay()
    assert relay.step()
    with session_scope() as session:
        session.query(Job).update({"published_at": now() - timedelta(minutes=5)})
    assert not relay.step(), "its message still lies in the queue"
    flush(broker)
    assert relay.step(), "its message was lost"
    assert read_job(job_id).state == "queued"


@pytest.mark.parametrize(
    ("max_attempts", "cancel", "state"), [(3, False, "queued"), (1, False, "failed"), (3, True, "cancelled")]
)
def test_job_of_a_silent_worker_is_taken_from_it(database, queue_job, max_attempts, cancel, state):
    job_id = queue_job("test-note", max_attempts=max_attempts)
    with session_scope() as session:
        held = leases.claim(session, job_id, "silent", lease_s=-1)
        session.query(Job).update({"cancel_requested": cancel})
    with session_scope() as session:
        assert leases.reap(session) == 1
        assert leases.reap(session) == 0
    assert read_job(job_id).state == state
    with session_scope() as session:
        assert leases.renew(session, held, 60) is leases.Holding.LOST
    with pytest.raises(leases.Superseded), session_scope() as session:
        leases.succeed(session, held, {})
    assert read_job(job_id).state == state


def test_a_renewal_after_the_last_transaction_is_no_loss(database, queue_job):
    job_id = queue_job("test-note")
    with session_scope() as session:
        held = leases.claim(session, job_id, "quick", lease_s=60)
        leases.succeed(session, held, {})
    with session_scope() as session:
        assert leases.renew(session, held, 60) is leases.Holding.OURS
    assert read_job(job_id).lease_until is None


def test_reaper_passes_over_a_job_that_a_frozen_transaction_holds(database, queue_job):
    if database == "sqlite":
        pytest.skip("SQLite has one writer; nothing to pass over")
    ids = [queue_job("test-note") for _ in range(2)]
    with session_scope() as session:
        held = [leases.claim(session, job_id, "silent", lease_s=-1) for job_id in ids]
    with session_scope() as frozen:
        leases.guard(frozen, held[0])
        with session_scope() as session:
            assert leases.reap(session) == 1
    with session_scope() as session:
        assert leases.reap(session) == 1


def test_old_events_are_swept(database, queue_job):
    queue_job("test-note")
    with session_scope() as session:
        session.query(Event).update({"at": now() - timedelta(days=2)})
    newer = queue_job("test-note")
    with session_scope() as session:
        upkeep.schedule(session)
        scheduled = session.query(Job.id).filter(Job.kind.in_(upkeep.KINDS)).subquery()
        session.query(Event).filter(Event.object_id.in_(select(scheduled.c.id))).delete()
    Relay().step()
    with session_scope(read_only=True) as session:
        assert [event.object_id for event in session.query(Event)] == [newer]
