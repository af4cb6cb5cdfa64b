"""What studies, series and imports say and hear over HTTP (docs/contracts.md)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.schemas import UserOut
from backend.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT


class StudyState(StrEnum):
    """How far the contours of a study are."""

    NEW = "new"
    """No structures."""
    DRAFTED = "drafted"
    """The AI or people drew."""
    SUBMITTED = "submitted"
    RETURNED = "returned"
    PARTLY_APPROVED = "partly-approved"
    """Some structures are approved, none of the others waits for review."""
    APPROVED = "approved"


class AiState(StrEnum):
    """How far the pre-segmentation of a study is."""

    NONE = "none"
    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    REGION = "region"
    """The network's part of the body is not in the scan: nothing was offered."""
    FAILED = "failed"


class StudySort(StrEnum):
    """Orders of the worklist; a minus means newest or last first."""

    IMPORTED_DOWN = "-imported_at"
    IMPORTED_UP = "imported_at"
    UPDATED_DOWN = "-updated_at"
    UPDATED_UP = "updated_at"
    DATE_DOWN = "-study_date"
    DATE_UP = "study_date"
    NAME_UP = "patient_name"
    NAME_DOWN = "-patient_name"
    GAIN_DOWN = "-expected_gain"
    GAIN_UP = "expected_gain"
    PATIENT_UP = "patient_id"
    PATIENT_DOWN = "-patient_id"


class Outcome(StrEnum):
    """What became of one file."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class WarningOut(BaseModel):
    """Something a person should know before relying on a series."""

    slug: str
    detail: str
    severity: Literal["warning", "refusal"]
    values: dict[str, str | int | float] = {}
    """Names and numbers of `detail`, for a sentence in another language."""


class StructureCounts(BaseModel):
    """Structures of a study, by review; `imported` ones, beside `total`, nobody here has worked on."""

    total: int = 0
    approved: int = 0
    submitted: int = 0
    returned: int = 0
    imported: int = 0


class GainReason(BaseModel):
    """Why correcting a study is expected to bring so much."""

    reason: Literal["doubted", "uncertain", "unlike"]
    """What weighs most: plausibility doubts, an unsure network, or a scan unlike the corrected ones."""
    structures: list[str]
    """Those with most to win, three at most."""
    distance: float | None
    """To the nearest corrected scan, in standard deviations; null while nothing is corrected."""


class StudyRow(BaseModel):
    """One line of the worklist."""

    id: str
    project_id: str
    study_instance_uid: str
    patient_id: str
    patient_name: str
    birth_date: str
    sex: str
    study_date: str
    description: str
    modalities: list[str]
    series_count: int
    instance_count: int
    arriving: bool
    """Images came just now, and a series of them makes no volume yet."""
    state: StudyState
    assignee: UserOut | None
    ai: AiState
    structures: StructureCounts
    warnings: list[WarningOut]
    expected_gain: float | None
    """0 to 2: what correcting it is expected to teach the network; null: not predicted, or corrected."""
    gain_reason: GainReason | None
    imported_at: datetime
    updated_at: datetime


class WindowOut(BaseModel):
    """A display window in the unit of the volume."""

    low: float
    high: float


class VolumeOut(BaseModel):
    """A series as one grid of voxels."""

    grid: dict[str, Any]
    dtype: Literal["int16", "float32"]
    unit: Literal["HU", "Gy", "SUV", ""]
    slope: float
    """Voxel × slope is in the unit."""
    window: WindowOut
    frame_of_reference_uid: str
    sop_instance_uids: list[str] | None
    """Instance of each k; None where one instance holds all."""
    digest: str


class RegistrationRef(BaseModel):
    """A Spatial Registration object."""

    sop_instance_uid: str
    label: str
    content_date: str
    """DA, or empty."""


class RegistrationOut(RegistrationRef):
    """The registration by which something of another frame of reference is shown; of a chain the first."""

    further: list[RegistrationRef] = []
    """Of a chain those that follow, in the order in which they are applied."""
    frame_of_reference_uid: str
    """The frame that it came from."""
    matrix: Annotated[list[float], Field(min_length=16, max_length=16)]
    """4×4, row by row, from that frame's millimetres to the image's."""
    disagreement_mm: float | None
    """How far another registration, older or as good, is off it somewhere in the image; null: they agree."""

    @property
    def uids(self) -> str:
        """SOP Instance UIDs of all that were used, in the order in which they were applied."""
        return ", ".join(one.sop_instance_uid for one in (self, *self.further))


class RegisteredDose(BaseModel):
    """A dose of another frame of reference as an image of the study sees it."""

    series_id: str
    modality: Literal["RTDOSE"]
    number: int | None
    description: str
    volume: VolumeOut
    """Its grid and frame of reference are the image's; its voxels are those of the series."""
    registration: RegistrationOut


class SeriesOut(BaseModel):
    """One series of a study."""

    id: str
    series_instance_uid: str
    modality: str
    description: str
    number: int | None
    body_part: str
    instance_count: int
    warnings: list[WarningOut]
    volume: VolumeOut | None
    derived: bool
    """Published by Rinkaku itself."""


class StructureSetRow(BaseModel):
    """One structure set of a study."""

    id: str
    series_id: str
    label: str
    origin: Literal["ai", "import", "manual"]
    structures: StructureCounts
    by_rule: bool
    """True while nothing is drawn in it but the regions that rules find."""
    created_at: datetime


class StudyDetail(StudyRow):
    """A study with all that is in it."""

    series: list[SeriesOut]
    structure_sets: list[StructureSetRow]
    registered_doses: list[RegisteredDose]
    """Of any of the patient's studies."""


class StudyPatch(BaseModel):
    """What may change about a study by hand: who works on it."""

    model_config = ConfigDict(extra="forbid")

    assignee_id: Annotated[str, Field(max_length=36)] | None


class VolumeOrder(StrEnum):
    """Order of the slices of a volume on the wire."""

    STACK = "stack"
    MIDDLE_OUT = "middle-out"


class StudyQuery(BaseModel):
    """Filters, order and place in the worklist."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=128)] | None = None
    """Part of the patient's name or ID, description or accession number."""
    state: StudyState | None = None
    modality: Annotated[str, Field(max_length=16)] | None = None
    ai: AiState | None = None
    warning: Annotated[str, Field(max_length=64, pattern=r"^[a-z-]+$")] | None = None
    """A slug, or `any`."""
    assignee_id: Annotated[str, Field(max_length=36)] | None = None
    sort: StudySort = StudySort.IMPORTED_DOWN
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(max_length=512)] | None = None


class ImportOut(BaseModel):
    """An upload that was begun."""

    id: str


class FileOutcome(BaseModel):
    """What became of one file or member of a zip."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    outcome: Outcome
    slug: str | None = None
    detail: str | None = None
    sop_instance_uid: str | None = None
    findings: list[WarningOut] = []
    """What of a file that is taken cannot be used; told when it is sent, and on its series from then on."""


class FilesOut(BaseModel):
    """What became of the files of one request."""

    files: list[FileOutcome]


class ImportSummary(BaseModel):
    """A completed upload."""

    studies: list[str]
    stored: int
    duplicate: int
    refused: int
    refusals: list[FileOutcome]
    """Every refused file, also those whose images came after them and do not fit."""


class QuarantinedOut(BaseModel):
    """An object that de-identification did not let pass, without anything that names a patient."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    stage: Literal["import", "export"]
    slug: str
    detail: str
    modality: str
    state: Literal["held", "refused", "released", "discarded"]
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
