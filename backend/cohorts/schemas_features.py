"""Shapes of feature sets, their features and values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from backend.cohorts.schemas import Closed, Name
from backend.jobs.schemas import JobOut

Modality = Literal["CT", "MR", "PT", "RTDOSE"]
Source = Literal["approved", "latest", "ai"]
Kind = Literal["perturbation", "ai", "readers"]
"""Of an ICC: of a contour disturbed at random; of a network's contour and what a person made of it; of
contours of several people."""
StaleReason = Literal["contour", "gone", "there-now", "new-patient", "engine"]
"""Another contour is meant now; none is there any more; one is there now; the patient joined; the engine is
another version."""
MOST_PERTURBATIONS = 30
SetId = Annotated[str | None, Field(description="the structure set that holds it; null where it was deleted")]


class FeatureSetIn(Closed):
    """Features to compute for the patients of a cohort."""

    name: Name
    structure: Annotated[
        str, Field(min_length=1, max_length=64, description="TG-263, or as it is or was called")
    ]
    modality: Annotated[
        Modality, Field(description="of the image that it is drawn on; RTDOSE: the dose on that image's grid")
    ]
    source: Annotated[
        Source, Field(description="newest approved revision, newest revision, or newest of a network")
    ] = "approved"
    preset: str | None = Field(default=None, max_length=64)
    settings: dict[str, Any] | None = None
    perturbations: int = Field(default=0, ge=0, le=MOST_PERTURBATIONS)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.preset is None) == (self.settings is None):
            raise ValueError("a preset or settings, one of the two")
        return self


class FeatureSetOut(BaseModel):
    """A feature set, without its patients."""

    id: str
    name: str
    structure: str
    modality: Modality
    source: Source
    preset: str | None
    settings: dict[str, Any]
    settings_digest: str
    perturbations: int
    engine: Annotated[str, Field(description="version of the code that computed it")]
    job: Annotated[
        JobOut, Field(description="of those that share the work the one that is farthest from done")
    ]
    patients: int
    done: int
    waiting: int
    failed_count: int
    created_at: datetime


class FailedPatient(BaseModel):
    """A patient without features."""

    patient_id: str
    slug: str
    detail: str


class StalePatient(BaseModel):
    """A patient whose features are of something else than what is there now."""

    patient_id: str
    reason: StaleReason
    structure_set_id: SetId
    structure_id: str | None
    revision: Annotated[int | None, Field(description="that was computed")]
    head: Annotated[int | None, Field(description="that would be computed now")]


class FeatureSetDetail(FeatureSetOut):
    """A feature set with what needs attention."""

    failed: list[FailedPatient]
    stale: list[StalePatient]


class FeatureOut(BaseModel):
    """One feature over the patients."""

    name: str
    image: Annotated[str, Field(description="`original` or a filter")]
    family: Annotated[str, Field(description="of IBSI, or our own")]
    unit: Annotated[str, Field(description="UCUM; empty for none")]
    missing: Annotated[int, Field(description="computed patients for whom it has no value")]
    icc: Annotated[
        dict[Kind, float],
        Field(description="ICC(2,1) of `ai`, ICC(1,1) of the others; a kind that cannot be told is absent"),
    ]
    icc_interval: Annotated[dict[Kind, tuple[float, float]], Field(description="95 % limits")]


class FeaturePatient(BaseModel):
    """One patient of a feature set, with what the features are of."""

    patient_id: str
    state: Literal["waiting", "done", "failed"]
    study_id: str | None
    series_id: str | None
    structure_set_id: SetId
    structure_id: str | None
    revision: int | None
    slug: str | None
    detail: str | None
    computed_at: datetime | None
    values: dict[str, float]
    undefined: Annotated[dict[str, str], Field(description="features without a value, and why")]


class PresetOut(BaseModel):
    """Settings that come with Rinkaku."""

    name: str
    settings: dict[str, Any]
