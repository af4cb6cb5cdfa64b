"""The time, in UTC, from one place that tests can set."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, timezone-aware."""
    return datetime.now(UTC)
