"""Celery, which only wakes workers: a message is a job id, and losing or repeating one changes nothing.

Messages are acknowledged before the work, there are no results, and nothing is fetched ahead.  Without a
broker address the queues are folders below the data folder.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.entity import Queue

from backend.config import Settings
from backend.jobs.service import QUEUES

TASK = "rinkaku.run"
POLL_S = 0.2
"""How often a worker looks into a queue that is a folder."""


def make_app(settings: Settings) -> Celery:
    """The queues as this process reaches them."""
    app = Celery("rinkaku", broker=_broker(settings))
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_queues=[Queue(name) for name in QUEUES],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2.0,
        broker_transport_options=_transport(settings),
        worker_disable_prefetch=settings.broker_url is not None,
    )
    return app


def _broker(settings: Settings) -> str:
    return "filesystem://localhost" if settings.broker_url is None else settings.broker_url.get_secret_value()


def _transport(settings: Settings) -> dict[str, Any]:
    if settings.broker_url is not None:
        return {"socket_connect_timeout": 2.0, "socket_keepalive": True, "max_retries": 1}
    folder = settings.data / "broker"
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": POLL_S,
    }
