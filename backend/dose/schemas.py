"""What the dose feature says over HTTP (docs/contracts.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.studies.schemas import RegistrationOut, WarningOut
from rt.dose_metrics import Unit as MetricUnit
from rt.dose_metrics import parse_metric
from rt.errors import DoseMetricError
from rt.objectives import Comparison, Reason, Verdict


class DoseOut(BaseModel):
    """A dose distribution of a study."""

    series_id: str
    description: str
    units: str
    """GY or RELATIVE."""
    dose_type: str
    """PHYSICAL, EFFECTIVE or ERROR."""
    summation: str
    """PLAN, FRACTION, BEAM …"""
    max_gy: float | None
    """None while or because it has no volume; `warnings` say why."""
    grid: dict[str, Any] | None
    frame_of_reference_uid: str | None
    plan_label: str | None
    """Of its RT Plan, where that is in the study."""
    prescription_gy: float | None
    """The highest that the plan prescribes to a target."""
    warnings: list[WarningOut]


class DosesOut(BaseModel):
    """The dose distributions of a study."""

    items: list[DoseOut]


class MeasuredStructure(BaseModel):
    """Whose DVH it is."""

    id: str
    name: str
    colour: str


class MetricOut(BaseModel):
    """The answer to one question to a DVH."""

    metric: str
    value: float | None
    """None when the structure has less than the volume asked for."""
    unit: MetricUnit


class CurveOut(BaseModel):
    """A cumulative DVH."""

    dose_gy: list[float]
    volume_percent: list[float]
    """Of the volume within the dose grid, at least this dose."""


class DvhOut(BaseModel):
    """The DVH of one revision in one dose."""

    structure: MeasuredStructure
    revision: int
    dose_series_id: str
    registration: RegistrationOut | None
    """What brought the dose to the image's frame of reference; null where it is in it."""
    volume_cc: float
    outside_fraction: float
    """Part of the volume outside the dose grid; all figures of dose are of the rest."""
    mean_gy: float
    min_gy: float
    max_gy: float
    curve: CurveOut
    values: list[MetricOut]


class Words(BaseModel):
    """One text in the languages of the pages."""

    model_config = ConfigDict(extra="forbid")

    en: str
    ja: str


class Objective(BaseModel):
    """What a protocol wants of one kind of structure."""

    model_config = ConfigDict(extra="forbid")

    structures: Annotated[list[str], Field(min_length=1)]
    """TG-263 names; each is looked at by itself."""
    metric: str
    """As in `metrics` of a DVH, in its canonical form."""
    comparison: Comparison
    limit: float
    """In the metric's unit."""
    variation: float | None
    """The last acceptable value beyond the limit."""
    priority: Literal[1, 2, 3]
    """1 before 2 before 3 where not all can be kept."""
    source: str
    """What the source says, and in brackets which it is."""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        try:
            canonical = parse_metric(self.metric).text
        except DoseMetricError as error:
            raise ValueError(error.detail) from error
        if canonical != self.metric:
            raise ValueError(f"{self.metric} is written {canonical}")
        if self.variation is not None and (self.variation > self.limit) != (self.comparison == "at-most"):
            raise ValueError(f"a variation of {self.variation:g} does not go beyond {self.limit:g}")
        return self


class Protocol(BaseModel):
    """A template of plan objectives."""

    model_config = ConfigDict(extra="forbid")

    id: str
    title: Words
    note: Words
    """What it is for, and that it replaces nobody's judgement."""
    objectives: list[Objective]


class ProtocolsOut(BaseModel):
    """The protocols that are installed."""

    items: list[Protocol]


class ObjectiveResult(BaseModel):
    """One line of a score card."""

    structure: str
    """TG-263 name in the protocol."""
    structure_id: str | None
    name: str | None
    """As the set names it."""
    revision: int | None
    metric: str
    unit: MetricUnit
    comparison: Comparison
    limit: float
    variation: float | None
    priority: int
    value: float | None
    outside_fraction: float | None
    verdict: Verdict
    reason: Reason | None
    """Why the verdict is unknown."""
    source: str


class ScoreCard(BaseModel):
    """A structure set's plan objectives in one dose."""

    structure_set_id: str
    dose_series_id: str
    registration: RegistrationOut | None
    protocol: str
    items: list[ObjectiveResult]
