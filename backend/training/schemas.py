"""Shapes of networks, datasets, runs, deployments and effort."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from backend.jobs.schemas import JobOut
from rt.completion import ByRule

GATE_MARGIN_DICE = 0.01
"""A structure holds a version back when its paired 95 % interval lies below minus this."""


class Closed(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class NetworkSource(BaseModel):
    """Where an imported version comes from."""

    kind: Literal["monai-bundle", "nnunet", "totalsegmentator"]
    name: str
    sha256: Annotated[str, Field(description="of all its files; empty for a library")]
    labels: Annotated[dict[str, str], Field(description="its own name of each structure")]


Rank = Literal["best", "median", "worst", "example"]


class PictureOut(BaseModel):
    """A case of the evaluation, or a scan without truth as an example.

    Its PNG is at `…/network-versions/{id}/pictures/{rank}`.
    """

    rank: Rank
    case: str
    dice: Annotated[float | None, Field(description="mean over the case's structures; null of an example")]
    slice: Annotated[int, Field(description="of the scan's own slices, from 1")]
    study_id: str | None


class SignatureOut(BaseModel):
    """A person of a project signed the version off."""

    project_id: str
    signer_id: str
    signer_name: str
    remark: str
    weights_sha256: str
    manifest_sha256: str
    at: datetime


class NetworkVersionOut(BaseModel):
    """One set of weights."""

    id: str
    name: str
    version: int
    title: str
    origin: Literal["shipped", "trained", "imported"]
    modality: Literal["CT", "MR"]
    """Of the images that it reads."""
    structures: list[str]
    by_rule: dict[str, ByRule]
    """The structures that a rule makes: told right from left, or placed by anatomy and not seen."""
    card_markdown: str
    sha256: str
    metrics: dict[str, Any]
    manifest: dict[str, Any]
    pictures: list[PictureOut]
    signatures: Annotated[
        list[SignatureOut], Field(description="of the caller's projects; empty: nobody signed it off")
    ]
    run_id: str | None
    source: Annotated[NetworkSource | None, Field(description="of an imported version")]
    created_at: datetime


class NetworkImportIn(Closed):
    """How a zip with a network is taken in."""

    file_name: str = Field(min_length=1, max_length=255)
    name: str = Field(default="", max_length=64, description="of the network here; its own without it")
    mirror: bool = Field(default=False, description="mean over mirrored views, up to eight times the time")
    allow_code: str = Field(
        default="",
        pattern="^([0-9a-f]{64})?$",
        description="SHA-256 of the one bundle whose TorchScript may be loaded",
    )


class NetworkLibraryIn(Closed):
    """An installed library as a network."""

    library: Literal["totalsegmentator"]
    task: str = Field(default="total", pattern=r"^\w{1,64}$")
    fast: bool = False
    name: str = Field(default="", max_length=64)


class NetworkExportIn(Closed):
    """What other software is to read."""

    format: Literal["monai", "onnx"]


class SignatureIn(Closed):
    """A sign-off."""

    remark: str = Field(default="", max_length=1000)


class MeanOut(BaseModel):
    """A mean over patients with its 95 % bootstrap interval; -1 to 1 of fewer than three patients."""

    n: int
    mean: float
    ci_low: float
    ci_high: float


class FiguresOut(BaseModel):
    """Dice of one structure in two versions."""

    structure: str
    base: MeanOut | None
    other: MeanOut | None
    paired: Annotated[
        MeanOut | None,
        Field(description="other minus base, same patients; null when measured on different data"),
    ]


class DifferenceOut(BaseModel):
    """A value of the manifests that differs; null where a version has none."""

    path: str
    base: Any
    other: Any


class VersionComparisonOut(BaseModel):
    """Two versions side by side."""

    base: NetworkVersionOut
    other: NetworkVersionOut
    figures: list[FiguresOut]
    differences: list[DifferenceOut]


class NetworkOut(BaseModel):
    """A network family with its versions, newest first."""

    name: str
    title: str
    versions: list[NetworkVersionOut]


class PresegmentIn(Closed):
    """What to draw on: the CT, else the MR that suits best; with the network in use for its modality."""

    series_id: str | None = None
    network_version_id: str | None = None


class SnapshotIn(Closed):
    """How to split the approved patients."""

    name: str = Field(min_length=1, max_length=128)
    test_fraction: float = Field(default=0.25, gt=0, lt=1)
    validation_fraction: float = Field(default=0.15, ge=0, lt=1)


class SplitCounts(BaseModel):
    """Series per split."""

    train: int
    validation: int
    test: int


class SnapshotOut(BaseModel):
    """A frozen dataset."""

    id: str
    name: str
    hash: str
    cases: SplitCounts
    structures: list[str]
    created_at: datetime


class SetShare(BaseModel):
    """A structure set and the structures of a case that were taken from it."""

    label: str
    structures: list[str]


class SnapshotCase(BaseModel):
    """One image series of a frozen dataset; study and patient are null once they were deleted."""

    split: Literal["train", "validation", "test"]
    study_id: str | None
    patient_id: str | None
    patient_name: str | None
    structures: list[str]
    sets: Annotated[
        list[SetShare], Field(description="several: of a structure approved in more than one the newest won")
    ]


class RunIn(Closed):
    """A training to start."""

    snapshot_id: str
    base_version_id: str
    iterations: int = Field(default=400, ge=1, le=200_000)
    learning_rate: float = Field(default=3e-4, gt=0, le=1e-2)
    rehearsal: Annotated[
        float, Field(ge=0, le=10, description="weight of staying with the base where nothing was corrected")
    ] = 1.0


class CurvePoint(BaseModel):
    """Loss, and hard Dice where it was just measured, after so many iterations."""

    iteration: int
    loss: float
    dice: dict[str, float] | None


Comparison = Literal["compared", "not-compared", "in-use", "nothing-in-use"]
"""With the version in use now: measured on the same locked patients or not, being it, or there is none."""


class EvaluationRow(BaseModel):
    """One structure on the locked test patients: another version (`base_…`) beside the new one."""

    structure: str
    against: Annotated[str, Field(description="id of the version that `base_…` is of")]
    n: int
    base_dice: float
    new_dice: float
    difference: float
    ci_low: float
    ci_high: float
    base_sdsc: float
    new_sdsc: float
    verdict: Literal["better", "same", "worse"]

    @computed_field(description="it got worse by more than the margin: promotion needs a reason")  # type: ignore[prop-decorator]
    @property
    def holds_back(self) -> bool:
        """True where the whole interval lies below minus the margin."""
        return self.ci_high < -GATE_MARGIN_DICE


class RunOut(BaseModel):
    """A training and what came of it."""

    id: str
    state: str
    job: JobOut
    snapshot: SnapshotOut
    base_version: NetworkVersionOut
    version: NetworkVersionOut | None
    config: dict[str, Any]
    curves: list[CurvePoint]
    evaluation: Annotated[
        list[EvaluationRow] | None,
        Field(description="against the version in use now where that was compared, else against the base"),
    ]
    in_use: Annotated[NetworkVersionOut | None, Field(description="what the project uses of this network")]
    comparison: Annotated[Comparison | None, Field(description="null while there is no new version")]
    comparing: Annotated[JobOut | None, Field(description="the newest comparison that was asked for")]
    created_at: datetime


class DeploymentIn(Closed):
    """The version to promote; the audit keeps the reason.

    One that a structure holds back, or that was not compared with the version in use, needs a reason.
    """

    version_id: str
    override_reason: Annotated[str, Field(min_length=10, max_length=500)] | None = None


class RollbackIn(Closed):
    """The network to bring back to what was in use before."""

    network: str


class DeploymentOut(BaseModel):
    """One promotion."""

    network: str
    version: NetworkVersionOut
    promoted_by: str | None
    promoted_at: datetime
    active: bool


DriftMeasure = Literal["path_per_volume", "surface_error"]


class DriftPoint(BaseModel):
    """One approved contour on a control chart."""

    at: datetime
    value: float
    average: Annotated[float, Field(description="EWMA; the mean so far while the baseline is gathered")]
    limit: Annotated[float | None, Field(description="null while the baseline is gathered")]
    alarm: bool


class DriftWeek(BaseModel):
    """The contours approved in one week."""

    week: Annotated[str, Field(description="ISO 8601, of UTC, as 2026-W48")]
    n: int
    mean: float


class DriftChart(BaseModel):
    """What correcting one structure of one network version costs over time; more is worse.

    `path_per_volume` is added path length in mm per cc of the approved contour, `surface_error` 1 minus the
    surface Dice at 3 mm.
    """

    network_version: str
    structure: str
    measure: DriftMeasure
    baseline: Annotated[int, Field(description="cases that say what is usual, before any alarm")]
    alarmed_at: datetime | None
    points: Annotated[list[DriftPoint], Field(description="the newest 200")]
    weeks: list[DriftWeek]


class EffortRow(BaseModel):
    """Mean cost from one network version's contours of a structure to the approved ones."""

    network_version: str
    structure: str
    n: Annotated[int, Field(description="approved contours; the means are null when there are none")]
    rejected: Annotated[int, Field(description="contours rejected, which no mean counts")]
    added_path_length_mm: float | None
    surface_dice: float | None
    dice: float | None
    seconds: float | None
    slices: float | None
