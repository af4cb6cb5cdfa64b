"""Once a day: away with blobs that no row names and with what killed jobs and uploads left."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backend import upkeep
from workers.runtime import JobContext, job


@job("sweep-storage", queue="cpu")
def sweep_storage(context: JobContext) -> dict[str, Any]:
    """How many blobs were moved; `backend.upkeep` says why none is lost."""
    del context
    return asdict(upkeep.sweep())
