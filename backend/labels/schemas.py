"""What labels say and hear over HTTP.  Masks are base64 of the wire form (docs/contracts.md)."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

from backend.accounts.schemas import UserOut
from backend.labels.expressions import Expression
from backend.studies.schemas import RegistrationOut
from rt.nomenclature import Confidence, Finding
from rt.nomenclature_index import Side

MASK_BYTES = 64 * 1024 * 1024
"""Longest base64 text of a mask: more than 512 × 512 × 1,000 voxels that do not compress."""

SOFTWARE_TOOLS = frozenset({"network", "rule", "import", "reject", "restore", "derive"})
"""Tools of revisions that only the server writes: by them it is known what software drew."""


def _persons_tool(tool: str) -> str:
    if tool.strip().lower() in SOFTWARE_TOOLS:
        raise ValueError(f"{tool!r} is written by the software only; a person's tool has another name")
    return tool


def _visible(text: str) -> str:
    """A text that reads as it is stored: nothing turns its direction or hides in it, DICOM can hold it."""
    if "\\" in text or any(unicodedata.category(character) in ("Cc", "Cf") for character in text):
        raise ValueError("no backslash, no control characters and no invisible ones")
    return text


StructureName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\\\x00-\x1f\x7f]+$"),
    AfterValidator(_visible),
]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
MaskField = Annotated[Base64Bytes, Field(max_length=MASK_BYTES, description="base64 of the mask's wire form")]
Kind = Literal[
    "ORGAN", "PTV", "CTV", "GTV", "EXTERNAL", "AVOIDANCE", "CONTROL", "SUPPORT", "BOLUS", "FIXATION", "MARKER"
]
StructureState = Literal["draft", "submitted", "approved", "returned"]
Assessment = Literal["none", "accepted", "corrected", "rejected"]
Involvement = Literal["drew", "accepted", "submitted"]
DerivationStatus = Literal["current", "stale", "overridden"]
"""Stale: a source changed and it has not followed, or cannot.  Overridden: a person's contour stands."""


NAME_LONGEST = 64
"""Characters of a structure's name (PS3.5 LO)."""


class NameOut(BaseModel):
    """What a free text means by TG-263; `name` is null where that is not certain, and `finding` says why."""

    name: str | None
    confidence: Confidence
    side: Side | None
    finding: Finding | None
    candidates: Annotated[list[str], Field(description="TG-263 names to choose from where none is certain")]


class Closed(BaseModel):
    """A body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class NetworkRef(BaseModel):
    """The network version that drew a contour, or whose contour was corrected."""

    id: str
    name: str
    version: int


class StructureSource(BaseModel):
    """A revision of a structure that another was derived from; the name is that of the time."""

    id: str
    name: str
    number: int


class DoseSource(BaseModel):
    """A dose that a structure was derived from; the digest names its voxels."""

    series_id: str
    digest: str
    registration: Annotated[
        RegistrationOut | None, Field(description="what brought it to the image; null where it lay there")
    ] = None


class DerivedFrom(BaseModel):
    """Where a derived contour comes from."""

    expression: Expression
    structures: list[StructureSource]
    doses: list[DoseSource]


class ConsensusReading(StructureSource):
    """A reader's revision that a consensus was made of."""

    reader_id: str


class ConsensusOf(BaseModel):
    """How a consensus of readers was reached."""

    consensus_id: str
    method: Annotated[Literal["staple", "majority"], Field(description="where nobody decided")]
    readings: list[ConsensusReading]
    missing: Annotated[list[str], Field(description="ids of readers who had not finished")]
    taken: Annotated[list[int], Field(description="regions that the adjudicator took in")]
    left: Annotated[list[int], Field(description="regions that he left out")]
    undecided: Annotated[int, Field(description="regions that the method decided")]


class RevisionOut(BaseModel):
    """One delineation."""

    number: int
    author: UserOut | None
    network_version: NetworkRef | None
    created_at: datetime
    reason: str
    tool: str
    seconds: float
    volume_cc: float
    slices: int
    changed_voxels: int
    changed_slices: Annotated[int | None, Field(description="null of old revisions")]
    sha256: str
    parent: int
    derived_from: Annotated[DerivedFrom | None, Field(description="null where it was not computed")]
    consensus: Annotated[ConsensusOf | None, Field(description="null where it is no consensus of readers")]


class PlausibilityWarning(BaseModel):
    """Something about a contour that a network drew, or that came in, that a person should look at."""

    slug: str
    detail: str
    severity: str = "warning"
    values: dict[str, str | int | float] = {}
    """Names and numbers of `detail`, for a sentence in another language."""


class ApprovalOut(BaseModel):
    """Who signed the newest revision, and when."""

    user_name: str
    at: datetime


class SourceOut(BaseModel):
    """A structure that another is derived from: the revision used, and the newest (null: deleted)."""

    structure_id: str
    name: str
    used: int
    head: int | None


class DerivationProblem(BaseModel):
    """Why a derived structure cannot follow its sources."""

    slug: str
    detail: str
    values: dict[str, str | int | float] = {}


class DerivationOut(BaseModel):
    """How a structure is derived, and whether it is what its sources make of it now."""

    expression: Expression
    status: DerivationStatus
    problem: DerivationProblem | None
    sources: list[SourceOut]
    doses: Annotated[list[DoseSource], Field(description="those that were used, and what brought them here")]
    computed: Annotated[int, Field(description="the revision that was computed or checked last")]
    defined_by: UserOut | None
    defined_at: datetime


class StructureOut(BaseModel):
    """A structure with its newest revision."""

    id: str
    name: str
    original_name: str
    standard_name: Annotated[str | None, Field(description="the TG-263 name that `name` means for certain")]
    colour: str
    kind: str
    number: int
    head: RevisionOut | None
    state: StructureState
    assessment: Assessment
    plausibility: list[PlausibilityWarning]
    unknown: Annotated[bool, Field(description="nothing drawn and no person said that it is absent")]
    contours_only: Annotated[
        bool, Field(description="came in as points or lines that fill no voxel; leaves so in an RTSTRUCT")
    ]
    approval: Annotated[ApprovalOut | None, Field(description="that a new revision would withdraw")]
    involved: Annotated[
        dict[str, Involvement], Field(description="people by id who cannot approve it, and what they did")
    ]
    derivation: Annotated[DerivationOut | None, Field(description="null of a structure that is drawn")]
    consensus_id: Annotated[
        str | None, Field(description="the consensus whose readers draw it blindly just now, each in a draft")
    ]


class RegistrationStanding(BaseModel):
    """How a set that a registration moved stands to the registrations that are here now."""

    state: Literal["current", "superseded", "gone"]
    """`superseded`: another one counts by now; `gone`: that it was moved by is not here any more."""
    by: Annotated[
        RegistrationOut | None, Field(description="what counts now, for doses too; null where nothing links")
    ]


class StructureSetOut(BaseModel):
    """A structure set with its structures in the order of their numbers."""

    id: str
    study_id: str
    series_id: str
    label: str
    origin: Literal["ai", "import", "manual"]
    registration: Annotated[
        RegistrationOut | None, Field(description="what brought its contours from another frame of reference")
    ]
    registration_standing: Annotated[
        RegistrationStanding | None, Field(description="null of a set that was not moved")
    ]
    structures: list[StructureOut]
    created_at: datetime


class StructureSetIn(Closed):
    """A set to make on an image series."""

    series_id: str
    label: StructureName


class StructureIn(Closed):
    """A structure to add; colour and kind come from the project's template when not given."""

    name: StructureName
    colour: Colour | None = None
    kind: Kind | None = None


class StructurePatch(Closed):
    """What may change about a structure."""

    name: StructureName | None = None
    colour: Colour | None = None


class RevisionIn(Closed):
    """A contour to save."""

    mask: MaskField
    reason: Annotated[str, Field(max_length=255)] = ""
    tool: Annotated[str, Field(max_length=64), AfterValidator(_persons_tool)] = ""
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 0.0
    empty: Annotated[bool, Field(description="must be said of an empty mask")] = False


class DraftIn(Closed):
    """Unsaved work."""

    base: Annotated[int, Field(ge=0, le=2**31 - 1)]
    mask: MaskField
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 0.0


class DraftOut(BaseModel):
    """Unsaved work; it is behind when `head` is newer than `base`."""

    base: int
    head: int
    mask: str
    seconds: float
    saved_at: datetime
    version: str
    """For If-Match, so that two windows of one person do not overwrite each other's work."""


class SetDraftOut(DraftOut):
    """Unsaved work on one of a set's structures."""

    structure_id: str


class AssessmentIn(Closed):
    """What a person thinks of a network's contour."""

    assessment: Literal["none", "accepted", "rejected"]


class ReviewIn(Closed):
    """An act of review: on these structures, or on all that it can be done to.

    `revisions` and `names` tell the heads and the names that were looked at; where they are others now, 412.
    An approval is a signature, so it needs in `revisions` each structure that it is about.
    """

    comment: Annotated[str, Field(max_length=4000)] = ""
    structure_ids: Annotated[list[str], Field(min_length=1, max_length=500)] | None = None
    revisions: dict[str, int] = Field(default_factory=dict, max_length=500)
    names: dict[str, Annotated[str, Field(max_length=NAME_LONGEST)]] = Field(
        default_factory=dict, max_length=500
    )


class ReviewOut(BaseModel):
    """A submission, approval or return; an approval is a signature over the bytes of one revision."""

    id: str
    structure_id: str
    structure_name: Annotated[str | None, Field(description="at that time; null of old reviews")]
    revision: int
    sha256: str
    act: Literal["submitted", "approved", "returned"]
    user_id: str
    user_name: str
    comment: str
    at: datetime
    current: Annotated[bool, Field(description="false once the structure has a newer revision")]
    withdrawn_by: Annotated[str | None, Field(description="whose newer revision took the approval away")]


class OperationIn(Closed):
    """Geometry on a mask that is sent along and sent back; nothing is saved."""

    operation: Literal["grow", "shrink", "smooth", "fill-holes", "remove-islands", "interpolate"]
    structure_id: str | None = None
    mask: MaskField
    mm: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = None
    keep: Annotated[int, Field(ge=1, le=1000)] | None = None
    min_cc: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None


class OperationOut(BaseModel):
    """The changed mask, base64 of the wire form."""

    mask: str
