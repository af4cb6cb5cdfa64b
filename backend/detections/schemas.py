"""Shapes of detections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.detections.states import CandidateState
from backend.jobs.schemas import JobOut

Millimetres = tuple[float, float, float]


class DetectionIn(BaseModel):
    """What to look at."""

    model_config = ConfigDict(extra="forbid")

    series_id: Annotated[str | None, Field(description="null: the study's CT")] = None
    network: Annotated[str, Field(max_length=64, description="name of the detector")] = "spine-lesions"


class CandidateIn(BaseModel):
    """A reader's word."""

    model_config = ConfigDict(extra="forbid")

    state: CandidateState


class CandidateOut(BaseModel):
    """One suspicious place."""

    id: str
    number: int
    position_mm: Annotated[Millimetres, Field(description="x, y, z in LPS")]
    score: Annotated[float, Field(description="0 to 1, not a probability of disease")]
    volume_cc: float
    box_mm: Annotated[tuple[Millimetres, Millimetres], Field(description="two opposite corners")]
    state: CandidateState
    decided_by: Annotated[str | None, Field(description="who said the last word, also who opened it again")]
    decided_at: datetime | None


class DetectionOut(BaseModel):
    """One look of a detector at one series, with what it suspects."""

    id: str
    study_id: str
    series_id: str
    network: str
    version: int
    network_version_id: str
    threshold: Annotated[float | None, Field(description="score from which its card counts a candidate")]
    job: JobOut
    candidates: list[CandidateOut]
    created_at: datetime
