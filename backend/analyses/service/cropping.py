"""Which contours on which image make the region that a network looks at, or the organ of a dose map."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.analyses import repository
from backend.analyses.configs import DoseMapConfig, NetworkConfig
from backend.cohorts.service.choosing import choose
from backend.cohorts.tables import FeatureSet


@dataclass(frozen=True)
class Chosen:
    """Of one patient."""

    study_id: str
    series_id: str
    contours: dict[str, dict[str, Any]]
    """{structure: {structure_id, revision}}."""


Refusal = tuple[str, str]
"""Slug and words."""


def regions(
    session: Session, project_id: str, config: NetworkConfig, patient_ids: Collection[str]
) -> dict[str, Chosen | Refusal]:
    """The choice for each patient, or why there is none: contours are chosen as for feature sets.

    All of a region's structures have to lie on one image.  Without structures it is the earliest image.
    """
    region = config.crop.region
    names = list(dict.fromkeys((*region.structures, *region.without)))
    if not names:
        return _whole(session, project_id, config.crop.modality, patient_ids)
    found: dict[str, Chosen | Refusal] = {}
    for name in names:
        wanted = FeatureSet(structure=name, modality=config.crop.modality, source=config.source)
        for patient, choice in choose(session, project_id, wanted, patient_ids).items():
            before = found.get(patient)
            if isinstance(before, tuple):
                continue
            if choice.chosen is None:
                found[patient] = (choice.slug or "no-such-structure", choice.detail or name)
                continue
            said = {key: choice.chosen[key] for key in ("structure_id", "revision")}
            study_id, series_id = choice.chosen["study_id"], choice.chosen["series_id"]
            if before is not None and before.series_id != series_id:
                found[patient] = ("no-such-structure", f"{name} is not on the image of {names[0]}")
                continue
            contours = {} if before is None else before.contours
            found[patient] = Chosen(study_id, series_id, contours | {name: said})
    return found


def organs(
    session: Session, project_id: str, config: DoseMapConfig, patient_ids: Collection[str]
) -> dict[str, Chosen | Refusal]:
    """Of each patient the first of the structures that is there, or why there is none."""
    found: dict[str, Chosen | Refusal] = {}
    for name in config.structures:
        wanted = FeatureSet(structure=name, modality=config.modality, source=config.source)
        for patient, choice in choose(session, project_id, wanted, patient_ids).items():
            if isinstance(found.get(patient), Chosen):
                continue
            if choice.chosen is not None:
                said = {key: choice.chosen[key] for key in ("structure_id", "revision")}
                found[patient] = Chosen(choice.chosen["study_id"], choice.chosen["series_id"], {name: said})
            else:
                refusal = (choice.slug or "no-such-structure", choice.detail or name)
                found.setdefault(patient, refusal)
    return found


def _whole(
    session: Session, project_id: str, modality: str, patient_ids: Collection[str]
) -> dict[str, Chosen | Refusal]:
    images = repository.first_images(session, project_id, modality, patient_ids)
    missing: Refusal = ("no-such-image", f"no study of the patient has {modality}")
    return {one: Chosen(*images[one], {}) if one in images else missing for one in patient_ids}
