"""Shapes of analyses and predictions; what an analysis finds has the shape that `models` gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.analyses.configs import (
    DoseMapConfig,
    FeatureSets,
    NetworkConfig,
    OutcomeConfig,
    SubtypesConfig,
    SurvivalConfig,
)
from backend.jobs.schemas import JobOut

Kind = Literal["subtypes", "survival", "outcome", "outcome-network", "dose-map"]
MapKind = Literal["grad-cam", "occlusion", "dose-map"]
MapGrid = Literal["image", "map"]
MapPart = Literal["values", "significant"]
FigureFormat = Literal["svg", "pdf"]
WarningSlug = Literal["same-person", "filter-uses-outcome", "split-later"]
Title = Annotated[str, Field(min_length=1, max_length=128, pattern=r"\S")]


class Closed(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class _AnalysisIn(Closed):
    name: Title
    feature_sets: Annotated[
        FeatureSets, Field(description="whose features it sees, beside the clinical variables")
    ] = ()


class SubtypesIn(_AnalysisIn):
    """Imaging subtypes to look for."""

    kind: Literal["subtypes"]
    config: SubtypesConfig = SubtypesConfig()


class SurvivalIn(_AnalysisIn):
    """Survival to describe."""

    kind: Literal["survival"]
    config: SurvivalConfig


class OutcomeIn(_AnalysisIn):
    """Models of an outcome to compare."""

    kind: Literal["outcome"]
    config: OutcomeConfig


class NetworkIn(_AnalysisIn):
    """A network of outcome to train, beside its baselines."""

    kind: Literal["outcome-network"]
    config: NetworkConfig


class DoseMapIn(_AnalysisIn):
    """A dose-outcome map of an organ to learn."""

    kind: Literal["dose-map"]
    config: DoseMapConfig


AnalysisIn = Annotated[
    SubtypesIn | SurvivalIn | OutcomeIn | NetworkIn | DoseMapIn, Field(discriminator="kind")
]
"""An analysis to start, by its kind."""


class AnalysisWarning(BaseModel):
    """What may let an analysis see more than it should."""

    slug: WarningSlug
    detail: str
    patients: Annotated[list[str], Field(description="PatientIDs")]


class ChangedPatient(BaseModel):
    """A patient who is no longer as the analysis saw him."""

    patient_id: str
    reason: Annotated[
        Literal["contour-changed", "values-changed", "role-changed", "joined", "left"],
        Field(description="contour-changed: the features are of an older contour, compute them again first"),
    ]
    structure_set_id: Annotated[
        str | None, Field(description="the structure set that holds it; null where it was deleted")
    ] = None
    structure_id: str | None = None
    revision: Annotated[int | None, Field(description="that the features are of")] = None
    head: Annotated[int | None, Field(description="newest revision of the contour")] = None


class Methods(BaseModel):
    """The paragraph for a paper, with every setting and version."""

    en: str
    ja: str


class AnalysisOut(BaseModel):
    """An analysis, without what it found."""

    id: str
    name: str
    kind: Kind
    config: dict[str, Any]
    feature_sets: list[str]
    table_sha256: Annotated[str, Field(description="of the frozen cohort that every number comes from")]
    rerun_of: str | None
    warnings: list[AnalysisWarning]
    summary: Annotated[dict[str, Any] | None, Field(description="null until it is done")]
    job: JobOut
    created_by: str
    created_at: datetime


class ModelInput(BaseModel):
    """A column that a model reads of a new patient."""

    name: str
    kind: Literal["number", "category"]
    unit: str
    source: Literal["clinical", "feature"]
    levels: Annotated[list[str], Field(description="of a category, as the analysis saw them")]


class AnalysisDetail(AnalysisOut):
    """An analysis with what it found; the parts are null or empty until it is done."""

    results: dict[str, Any] | None
    methods: Methods | None
    versions: dict[str, str] | None
    figures: list[str]
    tables: list[str]
    predicts: Annotated[bool, Field(description="whether it can say something of a new patient")]
    inputs: Annotated[list[ModelInput], Field(description="what a prediction reads of a patient")]
    card: Annotated[str | None, Field(description="of a network, in Markdown")]
    stale: Annotated[list[ChangedPatient], Field(description="who has changed since")]


Value = float | Annotated[str, Field(max_length=255)] | None


class PredictionIn(Closed):
    """Of whom to predict, by which values."""

    patient_id: Annotated[str, Field(min_length=1, max_length=64, description="PatientID")]
    values: Annotated[
        dict[Annotated[str, Field(max_length=255)], Value],
        Field(
            max_length=5000, description="of the columns that the analysis has learnt from, by their names"
        ),
    ]


class UsedContour(BaseModel):
    """A contour that a region was made of."""

    structure: str
    structure_set_id: Annotated[str | None, Field(description="null where the structure was deleted")]
    structure_id: str
    revision: int


class MapOut(BaseModel):
    """A map over a patient's image: where a network looked, or where dose goes with the outcome."""

    patient_id: str
    kind: MapKind
    study_id: str
    series_id: Annotated[str, Field(description="the image that it lies on, in whose frame of reference")]
    grid: Annotated[dict[str, Any], Field(description="its own, which voxels can be asked for on")]
    range: Annotated[
        tuple[float, float],
        Field(description="of the colours; a map with values below 0 is signed, and 0 is in the middle"),
    ]
    significant: Annotated[bool, Field(description="whether it tells which region is significant")]
    revisions: list[UsedContour]


class StudyMap(MapOut):
    """A map of a study, with the analysis that it is of."""

    cohort_id: str
    analysis_id: str
    analysis_name: str
    analysis_kind: Kind
    created_at: datetime


class StudyMaps(BaseModel):
    """The maps over images of a study, those of the newest analysis first."""

    items: list[StudyMap]


TemplatePart = Literal["map", "mask", "selection", "significant", "weight", "p", "mean-dose"]
MapFile = Literal["nifti", "rtdose"]


class TemplateOut(BaseModel):
    """The mean organ of a dose map, on which its map lies."""

    grid: Annotated[dict[str, Any], Field(description="cubic voxels, LPS axes, around the organ's middle")]
    parts: Annotated[list[TemplatePart], Field(description="volumes that there are, float32 (k, j, i)")]
    range: Annotated[tuple[float, float], Field(description="of the map inside the organ")]
    unit: Annotated[str, Field(description="of the map: what 1 Gy more in a voxel adds")]
    mirrored_to: Annotated[Literal["L", "R"] | None, Field(description="the side that the organ is of")]


class PredictionOut(BaseModel):
    """What an analysis says of a patient; `value` is null until the job is done."""

    id: str
    patient_id: str
    values: Annotated[dict[str, Value], Field(description="as they were given")]
    measured: Annotated[
        dict[str, float], Field(description="features that were not given, of the contours below")
    ]
    contours: Annotated[list[UsedContour], Field(description="that it was predicted from, once it is done")]
    value: Annotated[dict[str, Any] | None, Field(description="of the shape that the kind gives it")]
    applicability: Annotated[
        dict[str, Any] | None,
        Field(description="of a network: how unlike the patients it has learnt from this one is"),
    ]
    maps: list[MapOut]
    job: JobOut
    created_at: datetime
