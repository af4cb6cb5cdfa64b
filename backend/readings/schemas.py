"""Shapes of reader studies.  What readers are sent holds no truth, no other reader and, unaided, no AI."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from backend.jobs.schemas import JobOut

Level = Literal["junior", "senior"]
State = Literal["draft", "open", "closed"]
ReadingState = Literal["waiting", "open", "finished"]
IncidentKind = Literal["order", "washout", "other-reader", "ai", "truth"]
FigureFormat = Literal["svg", "pdf"]
Title = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")
]
Confidence = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Millimetres = Annotated[FiniteFloat, Field(ge=-10_000, le=10_000)]
Position = Annotated[
    tuple[Millimetres, Millimetres, Millimetres], Field(description="x, y, z in patient LPS, mm")
]
CSV_CHARACTERS = 4_000_000


class Closed(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class ReadingCondition(Closed):
    """With the AI's marks or without them."""

    name: Title
    ai: bool


class ReaderIn(Closed):
    """A member of the project who reads."""

    user_id: Annotated[str, Field(max_length=36)]
    level: Level | None = None


class ReaderStudyIn(Closed):
    """A design; the other conditions are compared with the first."""

    name: Title
    description: Annotated[str, Field(max_length=2048)] = ""
    conditions: Annotated[list[ReadingCondition], Field(min_length=2, max_length=4)] = [
        ReadingCondition(name="without AI", ai=False),
        ReadingCondition(name="with AI", ai=True),
    ]
    washout_days: Annotated[float, Field(ge=0, le=365, allow_inf_nan=False)] = 28.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    readers: Annotated[list[ReaderIn], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _named_apart(self) -> ReaderStudyIn:
        if len({one.name for one in self.conditions}) < len(self.conditions):
            raise ValueError("two conditions have the same name")
        if len({one.user_id for one in self.readers}) < len(self.readers):
            raise ValueError("a reader is named twice")
        return self


class Mark(Closed):
    """A place, and how sure."""

    position_mm: Position
    confidence: Confidence


class Lesion(Closed):
    """A true lesion: a ball."""

    position_mm: Position
    radius_mm: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)]


class CaseIn(Closed):
    """A study with its truth; of its series the one named, or the only one that has a volume."""

    study_id: Annotated[str, Field(max_length=36)]
    series_id: Annotated[str | None, Field(max_length=36)] = None
    positive: bool
    lesions: Annotated[
        list[Lesion] | None, Field(max_length=200, description="null: the truth is known of the case only")
    ] = None
    candidates: Annotated[
        list[Mark] | None, Field(max_length=1000, description="null: the AI's marks stay as they are")
    ] = None


class CasesIn(Closed):
    """All cases of the study; what was there before goes."""

    cases: Annotated[list[CaseIn], Field(max_length=2000)]


class CandidatesIn(Closed):
    """Marks of the AI as a table: `study_id,x_mm,y_mm,z_mm,confidence`, positions in patient LPS."""

    csv: Annotated[str, Field(max_length=CSV_CHARACTERS)]


class ReadingIn(Closed):
    """What a reader has seen so far; all of it, each time."""

    confidence: Annotated[Confidence | None, Field(description="that the case is positive")] = None
    marks: Annotated[list[Mark], Field(max_length=500)] = []


class FinishReadingIn(ReadingIn):
    """What a reader has seen in the end."""

    confidence: Confidence


class ReaderStudyOut(BaseModel):
    """A reader study as any member of the project may see it."""

    id: str
    name: str
    description: str
    state: State
    conditions: list[ReadingCondition]
    washout_days: float
    readers: int
    cases: int
    reads: Annotated[bool, Field(description="whether you are one of its readers")]
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


class StudyReaderOut(BaseModel):
    """A reader and how far he is."""

    user_id: str
    code: str
    name: str
    level: Level | None
    readings: int
    finished: int
    sessions_finished: int
    last_finished_at: datetime | None


class CaseOut(BaseModel):
    """A case with its truth: for who administers the project."""

    id: str
    code: str
    study_id: str
    series_id: str
    positive: bool
    lesions: list[Lesion] | None
    candidates: int


class IncidentOut(BaseModel):
    """An attempt to see what a reader must not know, refused."""

    code: Annotated[str, Field(description="of the reader")]
    kind: IncidentKind
    reading_id: str | None
    at: datetime


class DesignOut(ReaderStudyOut):
    """A reader study with its truth and progress: for who administers the project."""

    seed: int
    reader_list: list[StudyReaderOut]
    case_list: list[CaseOut]
    incidents: list[IncidentOut]


class ReadingOut(BaseModel):
    """A reading of one's own."""

    id: str
    case: Annotated[str, Field(description="code of the case")]
    study_id: str
    series_id: str
    condition: str
    ai: bool
    session: int
    state: ReadingState
    seconds: Annotated[float, Field(description="read so far, without pauses")]
    paused: bool
    confidence: float | None
    marks: list[Mark]


class WaitingReading(BaseModel):
    """The next case, of which nothing is told before it is opened."""

    id: str
    case: str
    condition: str
    ai: bool


class MyReadings(BaseModel):
    """Where a reader stands."""

    session: Annotated[int, Field(description="the present one, from 1")]
    sessions: int
    finished: int
    readings: int
    session_finished: int
    session_readings: int
    opens_at: Annotated[datetime | None, Field(description="when the washout ends, while it lasts")]
    next: Annotated[WaitingReading | None, Field(description="null when all are finished")]
    open: Annotated[ReadingOut | None, Field(description="begun and not finished: go on with it")]


class AnalysisConfig(Closed):
    """As `models.statistics.readers.ReaderConfig`."""

    threshold: Confidence = 50.0
    mark_threshold: Confidence = 0.0
    tolerance_mm: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 0.0
    covariance: Literal["jackknife", "delong", "bootstrap"] = "jackknife"
    generalise: Literal["readers-and-cases", "cases", "readers"] = "readers-and-cases"
    incomplete: Literal["leave-out-readers", "common-cases"] = "leave-out-readers"
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    bootstraps: Annotated[int, Field(ge=100, le=10_000)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class ReportMethods(BaseModel):
    """The paragraph for a paper."""

    en: str
    ja: str


class ReaderAnalysisOut(BaseModel):
    """An analysis of a reader study; the parts are null or empty until it is done."""

    id: str
    config: AnalysisConfig
    input_sha256: Annotated[str, Field(description="of the readings and truth that every number comes from")]
    job: JobOut
    results: Annotated[dict[str, Any] | None, Field(description="null in lists")]
    methods: ReportMethods | None
    versions: dict[str, str] | None
    figures: list[str]
    tables: list[str]
    created_at: datetime
