"""What a network of outcome sees of patients in the store: image, contours and dose around a region."""

from __future__ import annotations

from typing import Any

import numpy as np

from backend.analyses.service.cropping import Chosen
from backend.dose import service as doses
from backend.kit.errors import NotFound
from backend.labels import service as labels
from backend.studies import service as studies
from backend.studies.tables import Series
from models.outcome.config import CropConfig, OutcomeConfig
from models.outcome.crops import Crop, Patient, make_crop
from rt.masks import Mask
from workers.runtime import JobContext

OF_THE_API = frozenset({"source"})
"""Settings that choose contours, and are nothing to the network."""


def engine_config(config: dict[str, Any]) -> OutcomeConfig:
    """The network's part of an analysis' settings."""
    return OutcomeConfig.from_json({key: one for key, one in config.items() if key not in OF_THE_API})


def crop_of(context: JobContext, chosen: Chosen, config: CropConfig) -> Crop:
    """The crop of a patient, with where it comes from; AppError or RtError where it cannot be made."""
    with context.session(read_only=True) as session:
        series = session.get(Series, chosen.series_id)
        if series is None:
            raise NotFound("the images were deleted meanwhile")
        revisions = {
            name: labels.get_revision(session, said["structure_id"], said["revision"])
            for name, said in chosen.contours.items()
        }
        link = None
        if config.dose or config.region.isodose_gy is not None:
            link = doses.dose_over(session, series)
    image, grid = studies.load_volume(studies.with_volume(series))
    masks: dict[str, Mask] = {name: labels.load_mask(one, grid) for name, one in revisions.items()}
    dose = None
    if link is not None:
        dose = doses.load_dose(studies.with_volume(link[0]), link[1])
    slope = np.float32((series.volume or {}).get("slope", 1.0))
    values = image if slope == 1 else image * slope
    source = {
        "study_id": chosen.study_id,
        "series_id": chosen.series_id,
        "revisions": [{"structure": name, **said} for name, said in chosen.contours.items()],
        "dose_series_id": None if link is None else link[0].id,
    }
    return make_crop(Patient(values, grid, masks, dose), config, source)


def stored_map(context: JobContext, map_kji: Any, crop: Crop) -> dict[str, Any]:
    """A map in the blob store, and how its row describes it."""
    values = np.ascontiguousarray(map_kji, dtype="<f4")
    where = {name: crop.source[name] for name in ("study_id", "series_id", "revisions")}
    return {"sha256": context.storage.put(values.tobytes()), "grid": crop.grid.to_json(), **where}
