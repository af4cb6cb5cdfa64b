"""Organs of patients in the store, with their doses, as a common space wants them; and maps of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from backend.analyses.service.cropping import Chosen
from backend.dose import service as doses
from backend.kit.errors import NotFound
from backend.labels import service as labels
from backend.studies import service as studies
from backend.studies.errors import NoVolume
from backend.studies.tables import Series
from models.organ_space.organ import Organ, cropped
from rt.geometry import Grid
from rt.nomenclature import tg263_name
from workers.runtime import JobContext


def organ_of(context: JobContext, chosen: Chosen) -> Organ:
    """The one contour that was chosen, on its part of the image's grid, with the dose there.

    AppError or RtError where there is no image, no dose of a whole plan on it, or no voxel.
    """
    ((name, said),) = chosen.contours.items()
    with context.session(read_only=True) as session:
        series = session.get(Series, chosen.series_id)
        if series is None:
            raise NotFound("the images were deleted meanwhile")
        if series.volume is None:
            raise NoVolume("the geometry of the images was refused")
        revision = labels.get_revision(session, said["structure_id"], said["revision"])
        dose_series, link = doses.dose_over(session, series)
        grid = Grid.from_json(series.volume["grid"])
    dose = doses.load_dose(studies.with_volume(dose_series), link)
    found = tg263_name(name)
    return cropped(Organ(labels.load_mask(revision, grid), grid, dose, found.side if found else None))


def stored_volume(context: JobContext, values_kji: npt.NDArray[Any]) -> str:
    """Name in the blob store of little-endian float32 voxels (k, j, i)."""
    return context.storage.put(np.ascontiguousarray(values_kji, dtype="<f4").tobytes())


def map_row(
    context: JobContext,
    chosen: Chosen,
    grid: Grid,
    volumes: dict[str, npt.NDArray[Any]],
    limits: tuple[float, float],
) -> dict[str, Any]:
    """How the analysis' row describes a map with what is significant in it, both on this grid."""
    return {
        "sha256": stored_volume(context, volumes["map_kji"]),
        "significant": stored_volume(context, volumes["significant_kji"]),
        "grid": grid.to_json(),
        "study_id": chosen.study_id,
        "series_id": chosen.series_id,
        "revisions": [{"structure": name, **said} for name, said in chosen.contours.items()],
        "range": list(limits),
    }
