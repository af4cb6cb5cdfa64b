"""Maps of where a network looked, kept on the grid of its crop and served on that of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.analyses import repository
from backend.analyses.schemas import MapKind, MapOut
from backend.analyses.tables import Analysis, Prediction
from backend.kit.errors import NotFound
from backend.kit.pagination import ALL
from backend.kit.storage import storage
from rt.geometry import Grid
from rt.resample import resample


def maps_of(patient_id: str, stored: dict[str, Any]) -> list[MapOut]:
    """The maps of a patient on the wire."""
    told = [{"patient_id": patient_id, "kind": kind} | _told(one) for kind, one in stored.items()]
    return [MapOut.model_validate(one) for one in told]


def _told(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored[name] for name in ("study_id", "series_id", "revisions")}


def maps(session: Session, row: Analysis) -> list[MapOut]:
    """Of all patients of the analysis, and of those whom it was asked about."""
    found = {(one.patient_id, one.kind): one for one in _asked(session, row)}
    for patient_id, stored in row.files.get("maps", {}).items():
        found |= {(patient_id, one.kind): one for one in maps_of(patient_id, stored)}
    return list(found.values())


def _asked(session: Session, row: Analysis) -> Iterator[MapOut]:
    for one in reversed(repository.predictions(session, row.id, ALL)):
        yield from maps_of(one.patient_id, one.maps)


def map_voxels(session: Session, row: Analysis, patient_id: str, kind: MapKind) -> tuple[bytes, str]:
    """Little-endian float32 voxels (k, j, i) on the image's grid, 0 beyond the crop; and what they are of.

    NotFound where there is no such map, or its image was deleted.
    """
    stored = row.files.get("maps", {}).get(patient_id, {}).get(kind) or _newest(
        repository.predictions(session, row.id, ALL), patient_id, kind
    )
    series = repository.series(session, stored["series_id"]) if stored else None
    if stored is None or series is None or series.volume is None:
        raise NotFound("there is no such map, or its image was deleted")
    crop = Grid.from_json(stored["grid"])
    values = np.frombuffer(storage().get(stored["sha256"]), "<f4").reshape(crop.shape_kji)
    image = Grid.from_json(series.volume["grid"])
    voxels = resample(values, crop, image, outside=0.0).astype("<f4")
    return voxels.tobytes(), f"{stored['sha256']}-{series.volume['digest']}"


def _newest(rows: Any, patient_id: str, kind: MapKind) -> dict[str, Any] | None:
    of_patient: list[Prediction] = [one for one in rows if one.patient_id == patient_id and kind in one.maps]
    return of_patient[0].maps[kind] if of_patient else None
