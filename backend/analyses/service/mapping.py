"""Maps over patients' images, kept on grids of their own and served on these or on that of the image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.analyses import repository
from backend.analyses.schemas import MapGrid, MapKind, MapOut, MapPart, StudyMap, UsedContour
from backend.analyses.tables import Analysis, Prediction
from backend.cohorts import service as cohorts
from backend.kit.errors import NotFound
from backend.kit.pagination import ALL
from backend.kit.storage import storage
from backend.projects.service import Permission
from backend.studies import service as studies
from rt.geometry import Grid
from rt.resample import resample

Stored = dict[str, Any]
"""{kind: map} of a patient, as its row has it."""

UNSIGNED = (0.0, 1.0)
"""The range of a map whose row tells none."""


@dataclass(frozen=True)
class AskedMap:
    """Which map of an analysis, what of it, and on which grid."""

    patient_id: str
    kind: MapKind
    part: MapPart = "values"
    grid: MapGrid = "image"


def maps_of(session: Session, patient_id: str, stored: Stored) -> list[MapOut]:
    """The maps of a patient on the wire."""
    return _shown(session, [(patient_id, stored)])


def _told(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: stored[name] for name in ("study_id", "series_id", "grid")},
        "range": stored.get("range", UNSIGNED),
        "significant": "significant" in stored,
    }


def maps(session: Session, row: Analysis) -> list[MapOut]:
    """Of all patients of the analysis, and of those whom it was asked about."""
    asked = [(one.patient_id, one.maps) for one in reversed(repository.predictions(session, row.id, ALL))]
    shown = _shown(session, [*asked, *row.files.get("maps", {}).items()])
    return list({(one.patient_id, one.kind): one for one in shown}.values())


def used_contours(session: Session, revisions: Sequence[dict[str, Any]]) -> list[UsedContour]:
    """Contours `{structure, structure_id, revision}` with the sets that hold them."""
    sets = cohorts.sets_of(session, revisions)
    return [UsedContour(**one, structure_set_id=sets.get(one["structure_id"])) for one in revisions]


def _shown(session: Session, patients: Iterable[tuple[str, Stored]]) -> list[MapOut]:
    told = [(patient_id, kind, one) for patient_id, maps in patients for kind, one in maps.items()]
    sets = cohorts.sets_of(session, [contour for _, _, one in told for contour in one["revisions"]])
    shown = []
    for patient_id, kind, one in told:
        said = {"patient_id": patient_id, "kind": kind} | _told(one)
        contours = [
            contour | {"structure_set_id": sets.get(contour["structure_id"])} for contour in one["revisions"]
        ]
        shown.append(MapOut.model_validate(said | {"revisions": contours}))
    return shown


def of_study(session: Session, actor: Actor, study_id: str) -> list[StudyMap]:
    """The maps over images of a study, those of the newest analysis first."""
    study = studies.get_study(session, actor, study_id, Permission.READ)
    here = {one.id for one in studies.series_of(session, study.id)}
    patient_id = repository.patient_id(session, study)
    found = []
    for row, asked in repository.seen_in(session, study.project_id, patient_id):
        stored = asked | row.files.get("maps", {}).get(patient_id, {})
        about = {
            "cohort_id": row.cohort_id, "analysis_id": row.id, "analysis_name": row.name,
            "analysis_kind": row.kind, "created_at": row.created_at,
        }  # fmt: skip
        found += [
            StudyMap.model_validate(one.model_dump() | about) for one in maps_of(session, patient_id, stored)
        ]
    return [one for one in found if one.series_id in here]


def map_voxels(session: Session, row: Analysis, asked: AskedMap) -> tuple[bytes, str]:
    """Little-endian float32 voxels (k, j, i), and what they are of.

    On the image's grid they are 0 beyond the map.  NotFound where there is no such map, or its image was
    deleted.
    """
    stored = row.files.get("maps", {}).get(asked.patient_id, {}).get(asked.kind) or _newest(
        repository.predictions(session, row.id, ALL), asked.patient_id, asked.kind
    )
    series = repository.series(session, stored["series_id"]) if stored else None
    if stored is None or series is None or series.volume is None:
        raise NotFound("there is no such map, or its image was deleted")
    sha256 = stored.get("sha256" if asked.part == "values" else "significant")
    if sha256 is None:
        raise NotFound("this map does not tell what is significant")
    data = storage().get(sha256)
    if asked.grid == "map":
        return data, sha256
    own = Grid.from_json(stored["grid"])
    values = np.frombuffer(data, "<f4").reshape(own.shape_kji)
    voxels = resample(values, own, Grid.from_json(series.volume["grid"]), outside=0.0).astype("<f4")
    return voxels.tobytes(), f"{sha256}-{series.volume['digest']}"


def _newest(rows: Any, patient_id: str, kind: MapKind) -> dict[str, Any] | None:
    of_patient: list[Prediction] = [one for one in rows if one.patient_id == patient_id and kind in one.maps]
    return of_patient[0].maps[kind] if of_patient else None
