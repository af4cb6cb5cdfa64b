"""Work on a series whose images are still coming in: done again when they are there, and never a failure.

While slices trickle in, the series loses its volume and gets another one (`backend.studies.settling`).  A job
that was asked for an earlier volume then waits for the newer one; when that is there, settling asks for the
same work under the same key, so that both are one job.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.jobs import service as jobs
from backend.studies.tables import Series
from workers.runtime import JobContext

WAIT_S = 5.0
"""Until a job looks again whether the volume is there; whoever assembles it asks at once."""


def wait_for_volume(context: JobContext, series: Series) -> dict[str, Any]:
    """End a job whose series has no volume: again later if one is being made, else for good.

    A series whose geometry was refused says so by its own warnings.
    """
    result: dict[str, Any] = {"drawn": [], "reason": "no-volume"}
    with context.finishing(result) as session:
        current = session.get(Series, series.id)
        has_volume = current is not None and current.volume is not None
        if has_volume or jobs.is_under_way(session, series.study_row_id, "assemble"):
            result["reason"] = "awaits-volume"
            context.again(session, WAIT_S)
    return result


def is_unchanged(session: Session, series: Series) -> bool:
    """True when the series has the volume it was read with; it then keeps it until the transaction ends."""
    current = session.get(Series, series.id, with_for_update=True)
    return current is not None and _digest(current) == _digest(series)


def _digest(series: Series) -> str | None:
    return None if series.volume is None else str(series.volume["digest"])
