"""The request that this thread or task works for, known to logs and audit without being handed through."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the present request; None outside one."""
