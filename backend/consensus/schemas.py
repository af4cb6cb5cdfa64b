"""Shapes of consensus tasks; agreement is that of `rt.agreement`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.schemas import UserOut
from backend.jobs.schemas import JobOut
from backend.labels.schemas import StructureName

Method = Literal["staple", "majority"]
MapKind = Literal["share", "entropy"]
ConsensusState = Literal["open", "closed", "ready"]
MOST_READERS = 20


class Closed(BaseModel):
    """A body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class ConsensusIn(Closed):
    """A consensus to begin."""

    series_id: str
    structure: Annotated[StructureName, Field(max_length=60)]
    readers: Annotated[
        list[str], Field(min_length=2, max_length=MOST_READERS, description="ids of members who may annotate")
    ]
    tolerance_mm: Annotated[float, Field(gt=0, le=20, description="of the surface Dice")] = 2.0
    despite_contours: Annotated[
        bool, Field(description="begin although the readers can see contours of this name in the study")
    ] = False


class FinishIn(Closed):
    """Hand in one's draft."""

    empty: Annotated[bool, Field(description="there is nothing to draw, and that is meant")] = False


class CloseIn(Closed):
    """End the reading."""

    without: Annotated[
        list[str], Field(max_length=MOST_READERS, description="ids of all readers who have not finished")
    ] = []


class DecisionIn(Closed):
    """What the adjudicator says of a region; null takes it back."""

    take: bool | None


class AdoptIn(Closed):
    """The consensus as a revision."""

    method: Annotated[Method, Field(description="decides regions that nobody decided, and small ones")]


class ExistingOut(BaseModel):
    """A set whose contour of that name the readers can see."""

    set_id: str
    label: str


class ReaderOut(BaseModel):
    """A reader and whether he has handed in."""

    user: UserOut
    finished_at: datetime | None
    missing: Annotated[bool, Field(description="had not finished when it was closed")]
    structure_id: Annotated[str | None, Field(description="his contour; null while it is blind")]


class ConsensusOut(BaseModel):
    """A consensus task; nothing in it tells what anybody drew."""

    id: str
    study_id: str
    series_id: str
    set_id: str
    structure_id: str
    name: str
    state: ConsensusState
    tolerance_mm: float
    existing: list[ExistingOut]
    readers: list[ReaderOut]
    job: JobOut | None
    adopted: Annotated[
        int | None, Field(description="newest revision of the structure that is the consensus")
    ]
    created_by: UserOut | None
    created_at: datetime
    closed_by: UserOut | None
    closed_at: datetime | None


class OverlapOut(BaseModel):
    """Two contours compared; null where a figure does not exist."""

    dice: float
    surface_dice: float
    hd95_mm: float | None
    kappa: float | None


class PairOut(OverlapOut):
    """Two readers, by id."""

    first: str
    second: str


class ReaderAgreementOut(BaseModel):
    """A reader beside the others."""

    reader: str
    volume_ml: float
    against_others: Annotated[
        OverlapOut | None, Field(description="STAPLE of the others; null: they drew nothing")
    ]
    sensitivity: float
    specificity: float


class AgreementOut(BaseModel):
    """How far the readers agree."""

    pairs: list[PairOut]
    readers: list[ReaderAgreementOut]
    fleiss_kappa: float | None
    mean_dice: float
    tolerance_mm: float
    region_ml: Annotated[float, Field(description="box around the union in which kappa was computed")]


class RegionOut(BaseModel):
    """A connected piece that the same readers drew."""

    number: int
    included_by: list[str]
    volume_ml: float
    centre_kji: tuple[int, int, int]
    probability: Annotated[float, Field(description="that it belongs to the structure, by STAPLE")]
    majority: Annotated[bool, Field(description="more than half of the readers drew it")]
    take: Annotated[bool | None, Field(description="what was decided; null: nothing yet")] = None


class StapleOut(BaseModel):
    """How the estimate went."""

    iterations: int
    converged: bool
    volume_ml: float


class ConsensusResults(BaseModel):
    """Agreement and the regions to decide on, largest first."""

    agreement: AgreementOut
    staple: StapleOut
    majority_ml: float
    union_ml: float
    regions: list[RegionOut]
    smallest_ml: Annotated[float, Field(description="smaller pieces are decided by the method")]
    left_out_ml: Annotated[float, Field(description="volume of these")]
