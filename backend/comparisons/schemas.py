"""Shapes of comparisons; the results are those of `rinkaku train compare` (`models.comparison.results`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.jobs.schemas import JobOut
from backend.training.schemas import SnapshotOut

Evaluate = Literal["validation"]
"""The split that is measured: who chooses by the locked test spends it."""
MOST_STRUCTURES = 7
"""That networks draw together (`models.data`)."""


class Preset(BaseModel):
    """One way to draw, that can be compared under its name."""

    model_config = ConfigDict(extra="forbid")

    name: str
    architecture: str
    options: dict[str, Any]
    adversary: dict[str, Any] | None
    learning_rate: float
    batch: int


class ComparisonIn(BaseModel):
    """A comparison to start."""

    model_config = ConfigDict(extra="forbid")

    snapshot_id: str
    entries: Annotated[
        list[str], Field(min_length=1, max_length=12, description="names of presets, each once")
    ]
    structures: Annotated[list[str], Field(min_length=1, max_length=MOST_STRUCTURES)]
    minutes: Annotated[
        float,
        Field(
            gt=0,
            le=1440,
            description="that each entry learns: of processor time, on a GPU of the clock",
        ),
    ] = 10.0
    evaluate: Evaluate = "validation"


class ComparisonConfig(BaseModel):
    """What was asked for, the presets written out."""

    entries: list[Preset]
    structures: list[str]
    minutes: float
    evaluate: Evaluate


class ComparisonOut(BaseModel):
    """A comparison, without its table."""

    id: str
    state: str
    job: JobOut
    snapshot: SnapshotOut
    config: ComparisonConfig
    created_at: datetime


class Interval(BaseModel):
    """A mean over patients with its 95 % bootstrap interval; null below three patients."""

    mean: float
    low: float | None
    high: float | None


class StructureFigures(BaseModel):
    """One structure as an entry drew it; HD95 is of the patients in whom something was drawn."""

    n: int
    missed: Annotated[int, Field(description="patients in whom nothing was drawn")]
    dice: Interval | None
    surface_dice: Interval | None
    hd95_mm: Interval | None


class StructureDifference(BaseModel):
    """Paired difference in Dice from the best entry."""

    mean: float
    low: float
    high: float
    verdict: Literal["better", "same", "worse"]


class EntryDifference(BaseModel):
    """Paired differences in Dice, entry minus best, not corrected for the number of entries."""

    best: str
    all: Annotated[Interval | None, Field(description="patient by patient over all structures")]
    structures: dict[str, StructureDifference]


class EntryTraining(BaseModel):
    """What learning took."""

    minutes: float
    iterations: int
    parameters: Annotated[int, Field(description="of the network that predicts")]


class EntryProblem(BaseModel):
    """Why an entry failed."""

    slug: str
    detail: str


class CaseScore(BaseModel):
    """One structure of one patient."""

    case: str
    structure: str
    dice: float
    surface_dice: float
    hd95_mm: float | None
    flagged: bool


class EntryResult(Preset):
    """A row of the table; figures are null where it failed."""

    minutes: float
    seed: int
    rank: int | None
    problem: EntryProblem | None
    mean_dice: Annotated[float | None, Field(description="of each patient over the structures, then of all")]
    mean_dice_interval: Interval | None
    surely_worse: Annotated[bool, Field(description="its difference lies below zero with its interval")]
    difference: Annotated[EntryDifference | None, Field(description="null for the best")]
    structures: dict[str, StructureFigures]
    training: EntryTraining | None
    seconds: Annotated[float | None, Field(description="to predict a patient, mean")]
    peak_mib: Annotated[float | None, Field(description="memory of the predicting process or of the GPU")]
    scores: list[CaseScore]


class ResultsOut(BaseModel):
    """The table, best entry first."""

    schema_: Annotated[int, Field(alias="schema")]
    structures: list[str]
    train: Annotated[int, Field(description="scans that train or are atlases")]
    evaluate: Evaluate
    cases: list[str]
    tolerance_mm: float
    spacing_mm: float
    patch: int
    missing: Annotated[list[str], Field(description="entries that are not done yet")]
    entries: list[EntryResult]


class ComparisonDetail(ComparisonOut):
    """A comparison with its table so far; null before the first entry is done."""

    results: ResultsOut | None
