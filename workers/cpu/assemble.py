"""Makes the volume of a series that came in piece by piece, once its sender has been quiet."""

from __future__ import annotations

from typing import Any

from backend.studies.service import assemble_series
from workers.runtime import JobContext, job


@job("assemble", queue="cpu")
def run(context: JobContext) -> dict[str, Any]:
    """Check the geometry of the series and assemble its voxels."""
    context.progress(0.0, "assembling")
    return {"volume": assemble_series(context.parameters["series_id"])}
