"""The API's JSON of doses, histograms and plan objectives; doses in Gy, volumes in cm³."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from rinkaku_client.shapes import Finding, Registration


class Dose(TypedDict):
    """A dose distribution of a study."""

    series_id: str
    description: str
    units: str
    dose_type: str
    summation: str
    max_gy: float | None
    grid: dict[str, Any] | None
    frame_of_reference_uid: str | None
    plan_label: str | None
    prescription_gy: float | None
    warnings: list[Finding]


class TreatmentPlan(TypedDict):
    """An RT Plan: `plan` has label, approval, `dose_references`, `fraction_groups`, `beams` and `brachy`."""

    series_id: str
    sop_instance_uid: str
    dose_series_ids: list[str]
    prescription_gy: float | None
    plan: dict[str, Any]


class DoseMetric(TypedDict):
    """The answer to one question; None when the structure is smaller than the volume asked for."""

    metric: str
    value: float | None
    unit: str


class Curve(TypedDict):
    """A cumulative histogram: part of the volume that gets at least this dose."""

    dose_gy: list[float]
    volume_percent: list[float]


class Dvh(TypedDict):
    """The histogram of one revision in one dose; what lies outside the dose is in no figure."""

    structure: dict[str, str]
    revision: int
    dose_series_id: str
    registration: Registration | None
    volume_cc: float
    outside_fraction: float
    mean_gy: float
    min_gy: float
    max_gy: float
    curve: Curve
    values: list[DoseMetric]


class Protocol(TypedDict):
    """A template of plan objectives; texts in English and Japanese."""

    id: str
    title: dict[str, str]
    note: dict[str, str]
    objectives: list[dict[str, Any]]


class GroupMember(TypedDict):
    """A structure of a group, with the value of it alone."""

    structure: str
    structure_id: str | None
    name: str | None
    revision: int | None
    value: float | None


class Way(TypedDict):
    """One of the ways to keep a group's objective: one structure is enough, or all as one volume."""

    group: Literal["any", "union"]
    limit: float
    variation: float | None
    value: float | None
    verdict: Literal["pass", "variation", "fail", "unknown"]
    reason: str | None


class ObjectiveResult(TypedDict):
    """One line of a score card; `reason` says why a verdict is unknown."""

    structure: str
    structure_id: str | None
    name: str | None
    revision: int | None
    group: Literal["each", "any", "union"]
    members: list[GroupMember]
    ways: list[Way]
    metric: str
    unit: str
    comparison: Literal["at-most", "at-least"]
    limit: float
    variation: float | None
    priority: int
    value: float | None
    outside_fraction: float | None
    verdict: Literal["pass", "variation", "fail", "unknown"]
    reason: str | None
    source: str
