"""The API's JSON, typed as far as scripts need it; docs/contracts.md names every field.

Times are ISO 8601 UTC, ids are strings, lengths are millimetres, doses Gy, volumes cm³.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

StudyState = Literal["new", "drafted", "submitted", "returned", "partly-approved", "approved"]
StructureState = Literal["draft", "submitted", "approved", "returned"]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
AiState = Literal["none", "queued", "running", "ready", "region", "failed"]


class User(TypedDict):
    """A person."""

    id: str
    username: str
    display_name: str


class Me(TypedDict):
    """Who the token's owner is."""

    user: User
    projects: list[dict[str, str]]
    version: str


class Project(TypedDict):
    """A project of the caller."""

    id: str
    slug: str
    name: str
    role: Literal["administrator", "clinician", "annotator", "reviewer", "reader"]
    is_default: bool
    allow_nifti: bool
    rules: list[dict[str, Any]]
    created_at: str


class Finding(TypedDict):
    """Something a person should know; `values` are the names and numbers of `detail`."""

    slug: str
    detail: str
    severity: str
    values: dict[str, str | int | float]


class Counts(TypedDict):
    """Structures by their state of review."""

    total: int
    approved: int
    submitted: int
    returned: int
    imported: int


class StudyFilters(TypedDict, total=False):
    """What of a worklist is wanted."""

    q: str
    """Part of the patient's name or ID, description or accession number."""
    state: StudyState
    modality: str
    ai: AiState
    warning: str
    """A slug, or `any`."""
    assignee_id: str
    sort: str
    """`imported_at`, `updated_at`, `study_date`, `patient_name` or `patient_id`; a minus turns it round."""
    limit: int
    """Studies a page; all pages are read."""


class StudyRow(TypedDict):
    """A line of the worklist."""

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
    state: StudyState
    assignee: User | None
    ai: AiState
    structures: Counts
    warnings: list[Finding]
    expected_gain: float | None
    gain_reason: dict[str, Any] | None
    imported_at: str
    updated_at: str


class VolumeInfo(TypedDict):
    """A series as one grid of voxels."""

    grid: dict[str, Any]
    dtype: Literal["int16", "float32"]
    unit: Literal["HU", "Gy", "SUV", ""]
    slope: float
    frame_of_reference_uid: str
    sop_instance_uids: list[str] | None
    digest: str


class Series(TypedDict):
    """A series; `volume` is None until its geometry is known to be one grid."""

    id: str
    series_instance_uid: str
    modality: str
    description: str
    number: int | None
    instance_count: int
    warnings: list[Finding]
    volume: VolumeInfo | None
    derived: bool


class StructureSetRow(TypedDict):
    """A structure set in a study."""

    id: str
    series_id: str
    label: str
    origin: Literal["ai", "import", "manual"]
    created_at: str


class RegistrationRef(TypedDict):
    """A Spatial Registration object."""

    sop_instance_uid: str
    label: str
    content_date: str


class Registration(RegistrationRef):
    """What brought something from another frame of reference: `matrix` is 4×4, row by row, in millimetres.

    Of a chain it is the first, and `further` are those that follow.
    """

    further: list[RegistrationRef]
    frame_of_reference_uid: str
    matrix: list[float]
    disagreement_mm: float | None


class RegisteredDose(TypedDict):
    """A dose of another frame of reference, with the grid on which an image of the study sees its voxels."""

    series_id: str
    modality: Literal["RTDOSE"]
    number: int | None
    description: str
    volume: VolumeInfo
    registration: Registration


class Study(StudyRow):
    """A study with what is in it."""

    series: list[Series]
    structure_sets: list[StructureSetRow]
    registered_doses: list[RegisteredDose]


class Revision(TypedDict):
    """One delineation; `number` is what the next save is based on."""

    number: int
    author: User | None
    network_version: dict[str, Any] | None
    created_at: str
    reason: str
    tool: str
    seconds: float
    volume_cc: float
    slices: int
    changed_voxels: int
    sha256: str
    parent: int
    derived_from: dict[str, Any] | None
    """Expression, revisions and doses that a derived contour was computed from."""
    consensus: dict[str, Any] | None
    """Readings that a consensus was made of, its method, and who was missing."""


class Derivation(TypedDict):
    """How a structure is derived, and whether it is what its sources make of it now."""

    expression: dict[str, Any]
    status: Literal["current", "stale", "overridden"]
    problem: dict[str, Any] | None
    """Why it cannot follow its sources: slug, detail, values."""
    sources: list[dict[str, Any]]
    """`structure_id`, `name`, revision `used`, newest revision `head` (None: deleted)."""
    computed: int
    defined_by: User | None
    defined_at: str


class Structure(TypedDict):
    """A structure with its newest revision; without one nothing was drawn."""

    id: str
    name: str
    original_name: str
    standard_name: str | None
    colour: str
    kind: str
    number: int
    head: Revision | None
    state: StructureState
    assessment: Literal["none", "accepted", "corrected", "rejected"]
    plausibility: list[Finding]
    unknown: bool
    contours_only: bool
    approval: dict[str, str] | None
    derivation: Derivation | None
    """None of what is drawn."""
    consensus_id: str | None
    """The consensus whose readers draw it blindly just now."""


class StructureSet(StructureSetRow):
    """A structure set with its structures."""

    study_id: str
    registration: Registration | None
    registration_standing: dict[str, Any] | None
    """Of a moved set: `state` current, superseded or gone, and `by` which registration counts now."""
    structures: list[Structure]


class Review(TypedDict):
    """A submission, approval or return of one revision."""

    id: str
    structure_id: str
    structure_name: str | None
    revision: int
    sha256: str
    act: Literal["submitted", "approved", "returned"]
    user_id: str
    user_name: str
    comment: str
    at: str
    current: bool
    withdrawn_by: str | None


class FileOutcome(TypedDict):
    """What became of a file or of a member of a zip; a refused one has a slug and a sentence."""

    name: str
    outcome: Literal["stored", "duplicate", "refused"]
    slug: str | None
    detail: str | None
    sop_instance_uid: str | None
    findings: list[Finding]


class Imported(TypedDict):
    """What became of an import."""

    studies: list[str]
    stored: int
    duplicate: int
    refused: int
    refusals: list[FileOutcome]
    """The last word: also files that did not fit the images which came after them."""
    files: list[FileOutcome]
    """As they were answered one by one."""


class JobFilters(TypedDict, total=False):
    """Which jobs are wanted."""

    state: JobState
    kind: str
    study_id: str
    housekeeping: bool
    limit: int


class Job(TypedDict):
    """Work that the server does later."""

    id: str
    kind: str
    state: JobState
    queue: str
    progress: float
    """From 0 to 1."""
    message: str
    project_id: str | None
    study_id: str | None
    attempt: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: dict[str, str] | None
    result: dict[str, Any] | None


class LogLine(TypedDict):
    """A line that a worker wrote."""

    at: str
    attempt: int
    line: str


class Crop(TypedDict, total=False):
    """The region that MATLAB files are cropped to: within all structures (`any_of`: any), and so on."""

    structures: list[str]
    any_of: bool
    without: list[str]
    isodose_gy: float | None
    margin_mm: float


class TrainingSet(TypedDict):
    """A training set to write; structures are those named, or those that the cases have."""

    format: Literal["monai", "nnunet", "nrrd", "bids", "mat", "mat73"]
    crop: NotRequired[Crop]
    only_approved: NotRequired[bool]
    snapshot_id: NotRequired[str]
    structures: NotRequired[list[str]]
    modality: NotRequired[str]
