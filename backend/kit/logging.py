"""Logs as JSON lines of named events with ids, counts and durations; never values of patients.

An exception is logged as its type and the places it went through: its message may hold a patient's name.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from backend.kit.context import request_id


def _with_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    current = request_id.get()
    return event if current is None else {**event, "request_id": current}


def _places_of_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The type and the stack of an exception, without its message."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if not isinstance(error, BaseException):
        return event
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return {**event, "error": type(error).__name__, "stack": stack}


def configure(*, level: int = logging.INFO) -> None:
    """Send the events of this process, and those of its libraries, to stderr as JSON."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request,
        _places_of_exception,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render: Any = structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("botocore", "boto3", "urllib3", "uvicorn.access", "highdicom", "celery", "kombu"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
