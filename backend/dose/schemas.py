"""What the dose feature says over HTTP (docs/contracts.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.studies.schemas import RegistrationOut, WarningOut
from rt.dicom.rtplan import Plan
from rt.dose_metrics import Unit as MetricUnit
from rt.dose_metrics import parse_metric
from rt.errors import DoseMetricError
from rt.objectives import Comparison, Group, Reason, Verdict

Delineation = Literal["contours", "voxels"]
"""What a volume is taken for: on slices that are still as they came in what their contours enclose, or the
voxels of the mask everywhere, as the viewer counts them while they are edited."""


class DvhQuery(BaseModel):
    """What is asked of a revision."""

    dose_series_id: str = Field(max_length=36, description="An RTDOSE series of the patient")
    metrics: str | None = Field(
        default=None, max_length=512, description="mean, min, max, D95, D0.1cc, V20Gy, V20Gycc; with commas"
    )
    delineation: Delineation = "contours"


class ScoreQuery(BaseModel):
    """What is asked of a structure set."""

    protocol: str = Field(max_length=64)
    dose_series_id: str = Field(max_length=36, description="An RTDOSE series of the patient")
    delineation: Delineation = "contours"


class DoseOut(BaseModel):
    """A dose distribution of a study."""

    series_id: str
    description: str
    units: str
    """GY or RELATIVE."""
    dose_type: str
    """PHYSICAL, EFFECTIVE or ERROR."""
    summation: str
    """PLAN, FRACTION, BEAM …; empty where the dose does not tell it."""
    is_whole_plan: bool
    """Whether it is the sum of all that a plan delivers: objectives are judged of such a dose only."""
    max_gy: float | None
    """None while or because it has no volume; `warnings` say why."""
    grid: dict[str, Any] | None
    frame_of_reference_uid: str | None
    plan_label: str | None
    """Of its RT Plan, where that is in one of the patient's studies."""
    prescription_gy: float | None
    """The highest that the plan prescribes to a target."""
    warnings: list[WarningOut]


class DosesOut(BaseModel):
    """The doses of a study and those that registrations bring to it, in the order they are offered in."""

    items: list[DoseOut]


class PlanOut(BaseModel):
    """A treatment plan."""

    series_id: str
    sop_instance_uid: str
    dose_series_ids: list[str]
    """The doses that were computed for it."""
    prescription_gy: float | None
    """The highest that it prescribes to a target."""
    roi_names: dict[int, str]
    """By ROI number, where the structure set that it refers to is in one of the patient's studies."""
    plan: Plan


class PlansOut(BaseModel):
    """The treatment plans of a study, and of the doses that registrations bring to it."""

    items: list[PlanOut]


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


class Alternative(BaseModel):
    """What keeps an objective as well."""

    model_config = ConfigDict(extra="forbid")

    group: Literal["any", "union"]
    limit: float
    variation: float | None


class Objective(BaseModel):
    """What a protocol wants of one kind of structure."""

    model_config = ConfigDict(extra="forbid")

    structures: Annotated[list[str], Field(min_length=1)]
    """TG-263 names."""
    group: Group = "each"
    """Whether it is of each of them by itself, of at least one (`any`), or of all as one volume (`union`)."""
    whole: str | None = None
    """TG-263 name of what a union is together: where it is drawn, the objective is of it alone."""
    metric: str
    """As in `metrics` of a DVH, in its canonical form."""
    comparison: Comparison
    limit: float
    """In the metric's unit."""
    variation: float | None
    """The last acceptable value beyond the limit."""
    alternative: Alternative | None = None
    """Of a group: what is enough as well."""
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
        for way in (self, self.alternative) if self.alternative else (self,):
            if way.variation is not None and (way.variation > way.limit) != (self.comparison == "at-most"):
                raise ValueError(f"a variation of {way.variation:g} does not go beyond {way.limit:g}")
        if self.group == "each" and self.alternative:
            raise ValueError("an alternative is of a group, not of each structure")
        if self.group != "each" and len(set(self.structures)) < 2:
            raise ValueError("a group has at least two structures")
        if self.whole is not None and (self.group != "union" or self.whole in self.structures):
            raise ValueError("the whole is another structure than those of its union")
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


class GroupMember(BaseModel):
    """A structure of a group; no id where it is not drawn, or drawn more than once."""

    structure: str
    """TG-263 name in the protocol."""
    structure_id: str | None
    name: str | None
    revision: int | None
    value: float | None
    """Of this structure alone."""


class WayResult(BaseModel):
    """One of the ways to keep a group's objective."""

    group: Literal["any", "union"]
    limit: float
    variation: float | None
    value: float | None
    """`any`: of the structure that does best."""
    verdict: Verdict
    reason: Reason | None


class ObjectiveResult(BaseModel):
    """One line of a score card."""

    structure: str
    """TG-263 name in the protocol; of a group all of them, with commas."""
    structure_id: str | None
    """None of a group, and where nobody drew it."""
    name: str | None
    """As the set names it."""
    revision: int | None
    group: Group
    """Of an objective with an alternative the way that counts, as are limit, variation and value."""
    members: list[GroupMember]
    """Of a group."""
    ways: list[WayResult]
    """Of a group: the objective, and its alternative; keeping one is enough."""
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
    summation: str
    """What the dose is the sum of; where that is not a whole plan, nothing is judged."""
    protocol: str
    items: list[ObjectiveResult]
