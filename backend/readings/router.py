"""HTTP of reader studies: design and results for who administers, the reader's door for readers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.deps import ActorDep
from backend.jobs.router import shown
from backend.kit.sending import BINARY, sent
from backend.kit.web import Page, PartDep, SessionDep, following, problems
from backend.readings import service
from backend.readings.schemas import (
    AnalysisConfig,
    CandidatesIn,
    CasesIn,
    DesignOut,
    FigureFormat,
    FinishReadingIn,
    Mark,
    MyReadings,
    ReaderAnalysisOut,
    ReaderStudyIn,
    ReaderStudyOut,
    ReadingIn,
    ReadingOut,
    WaitingReading,
)
from backend.readings.service.analysing import AnalysisRows
from backend.readings.tables import CaseReading, ReaderStudy

router = APIRouter(prefix="/api", tags=["reader studies"])

STUDIES = "/projects/{project_id}/reader-studies"
STUDY = STUDIES + "/{reader_study_id}"
READING = STUDY + "/readings/{reading_id}"
ANALYSES = STUDY + "/analyses"
ANALYSIS = ANALYSES + "/{reader_analysis_id}"
FIGURE = {"content": {"image/svg+xml": BINARY, "application/pdf": BINARY}, "description": "The figure"}
TABLE = {"content": {"text/csv": BINARY}, "description": "The table"}


def _place(project_id: str, reader_study_id: str) -> tuple[str, str]:
    return project_id, reader_study_id


PlaceDep = Annotated[tuple[str, str], Depends(_place)]
"""(project id, reader study id) of the address."""


@router.get(STUDIES, responses=problems(404))
def list_reader_studies(
    project_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[ReaderStudyOut]:
    """Reader studies of a project, newest first, without truth."""
    rows = service.designing.recent(session, actor, project_id, part)
    items = [_out(session, actor, row) for row in rows]
    return Page(items=items, next_cursor=following(part, rows))


@router.post(STUDIES, status_code=201, responses=problems(404))
def create_reader_study(
    project_id: str, body: ReaderStudyIn, session: SessionDep, actor: ActorDep
) -> DesignOut:
    """A draft of a study."""
    return _design(session, actor, service.designing.create(session, actor, project_id, body))


@router.get(STUDY, responses=problems(404))
def get_reader_study(place: PlaceDep, session: SessionDep, actor: ActorDep) -> ReaderStudyOut:
    """A reader study, without truth."""
    return _out(session, actor, service.finding.find(session, actor, place))


@router.put(STUDY, responses=problems(404, 409))
def update_reader_study(
    place: PlaceDep, body: ReaderStudyIn, session: SessionDep, actor: ActorDep
) -> DesignOut:
    """Another design of a draft."""
    return _design(session, actor, service.designing.change(session, actor, place, body))


@router.delete(STUDY, status_code=204, responses=problems(404))
def delete_reader_study(place: PlaceDep, session: SessionDep, actor: ActorDep) -> None:
    """Forget a study with all its readings and analyses."""
    service.designing.delete(session, actor, place)


@router.get(f"{STUDY}/design", responses=problems(404))
def get_reader_design(place: PlaceDep, session: SessionDep, actor: ActorDep) -> DesignOut:
    """The design with its truth, how far readers are, and refused attempts to see what they must not."""
    return _design(session, actor, service.finding.as_owner(session, actor, place))


@router.put(f"{STUDY}/cases", responses=problems(404, 409))
def set_reader_cases(place: PlaceDep, body: CasesIn, session: SessionDep, actor: ActorDep) -> DesignOut:
    """The cases of a draft with their truth, in place of those before."""
    return _design(session, actor, service.designing.set_cases(session, actor, place, body))


@router.put(f"{STUDY}/candidates", responses=problems(404, 409))
def set_reader_candidates(
    place: PlaceDep, body: CandidatesIn, session: SessionDep, actor: ActorDep
) -> DesignOut:
    """The AI's marks of all cases, from a table."""
    return _design(session, actor, service.designing.set_candidates(session, actor, place, body.csv))


@router.post(f"{STUDY}/open", responses=problems(404, 409))
def open_reader_study(place: PlaceDep, session: SessionDep, actor: ActorDep) -> DesignOut:
    """Fix the design and deal out the readings."""
    return _design(session, actor, service.designing.open_study(session, actor, place))


@router.post(f"{STUDY}/close", responses=problems(404, 409))
def close_reader_study(place: PlaceDep, session: SessionDep, actor: ActorDep) -> DesignOut:
    """End reading."""
    return _design(session, actor, service.designing.close_study(session, actor, place))


@router.get(f"{STUDY}/mine", responses=problems(404))
def get_my_readings(place: PlaceDep, session: SessionDep, actor: ActorDep) -> MyReadings:
    """Where you stand as a reader, and your next case."""
    study, now = service.reading.mine(session, actor, place)
    following_one = now.next
    waiting = None
    if following_one is not None and following_one.state == "waiting":
        case = service.reading.case_of(session, following_one)
        waiting = WaitingReading(id=following_one.id, case=case.code, **_condition(study, following_one))
    return MyReadings(
        session=now.session,
        sessions=len(study.conditions),
        finished=now.finished(),
        readings=now.total(),
        session_finished=now.finished(now.session),
        session_readings=now.total(now.session),
        opens_at=now.opens_at,
        next=waiting,
        open=_reading(session, study, following_one)
        if following_one is not None and waiting is None
        else None,
    )


@router.get(READING, responses=problems(404, 409))
def get_case_reading(place: PlaceDep, reading_id: str, session: SessionDep, actor: ActorDep) -> ReadingOut:
    """A reading of your own while it is open."""
    return _mine(session, actor, place, service.reading.get_reading(session, actor, place, reading_id))


@router.post(f"{READING}/open", responses=problems(404, 409))
def open_case_reading(place: PlaceDep, reading_id: str, session: SessionDep, actor: ActorDep) -> ReadingOut:
    """Start the clock of your next case, or go on after a pause."""
    return _mine(session, actor, place, service.reading.open_reading(session, actor, place, reading_id))


@router.put(READING, responses=problems(404, 409))
def save_case_reading(
    place: PlaceDep, reading_id: str, body: ReadingIn, session: SessionDep, actor: ActorDep
) -> ReadingOut:
    """Keep what you have seen so far."""
    return _mine(session, actor, place, service.reading.save(session, actor, place, reading_id, body))


@router.post(f"{READING}/pause", responses=problems(404, 409))
def pause_case_reading(place: PlaceDep, reading_id: str, session: SessionDep, actor: ActorDep) -> ReadingOut:
    """Stop the clock: the page is hidden."""
    return _mine(session, actor, place, service.reading.pause(session, actor, place, reading_id))


@router.post(f"{READING}/finish", responses=problems(404, 409))
def finish_case_reading(
    place: PlaceDep, reading_id: str, body: FinishReadingIn, session: SessionDep, actor: ActorDep
) -> ReadingOut:
    """Your last word on a case."""
    return _mine(session, actor, place, service.reading.finish(session, actor, place, reading_id, body))


@router.get(f"{READING}/candidates", responses=problems(404, 409))
def get_case_candidates(place: PlaceDep, reading_id: str, session: SessionDep, actor: ActorDep) -> Page[Mark]:
    """The AI's marks of an open case that is read with AI (no page follows)."""
    case = service.reading.candidates(session, actor, place, reading_id)
    return Page(items=[Mark.model_validate(one) for one in case.candidates], next_cursor=None)


@router.get(ANALYSES, responses=problems(404))
def list_reader_analyses(
    place: PlaceDep, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[ReaderAnalysisOut]:
    """Analyses of a reader study without what they found, newest first."""
    rows = service.analysing.recent(session, actor, place, part)
    items = [_analysis(session, one, results=False) for one in rows]
    return Page(items=items, next_cursor=following(part, [one.analysis for one in rows]))


@router.post(ANALYSES, status_code=202, responses=problems(404, 409))
def start_reader_analysis(
    place: PlaceDep, body: AnalysisConfig, session: SessionDep, actor: ActorDep
) -> ReaderAnalysisOut:
    """Freeze what is finished now, and analyse it."""
    return _analysis(session, service.analysing.start(session, actor, place, body))


@router.get(ANALYSIS, responses=problems(404))
def get_reader_analysis(
    place: PlaceDep, reader_analysis_id: str, session: SessionDep, actor: ActorDep
) -> ReaderAnalysisOut:
    """One analysis with what it found."""
    return _analysis(session, service.analysing.find(session, actor, place, reader_analysis_id))


@router.get(
    f"{ANALYSIS}/figures/{{name}}",
    response_class=StreamingResponse,
    responses={**problems(404), 200: FIGURE},
)
def get_reader_figure(
    place: PlaceDep,
    reader_analysis_id: str,
    name: str,
    session: SessionDep,
    actor: ActorDep,
    form: Annotated[FigureFormat, Query(alias="format")] = "svg",
) -> StreamingResponse:
    """A figure, to be shown or printed."""
    row = service.analysing.find(session, actor, place, reader_analysis_id).analysis
    return sent(service.analysing.figure_file(row, name, form))


@router.get(
    f"{ANALYSIS}/tables/{{name}}",
    response_class=StreamingResponse,
    responses={**problems(404), 200: TABLE},
)
def get_reader_table(
    place: PlaceDep, reader_analysis_id: str, name: str, session: SessionDep, actor: ActorDep
) -> StreamingResponse:
    """A table as CSV, in which no cell is a formula."""
    row = service.analysing.find(session, actor, place, reader_analysis_id).analysis
    return sent(service.analysing.table_file(row, name))


def _fields(session: Session, actor: Actor, row: ReaderStudy) -> dict[str, Any]:
    readers, cases = service.describing.counts(session, row)
    same = (
        "id", "name", "description", "state", "conditions", "washout_days", "created_at", "opened_at",
        "closed_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in same} | {
        "readers": readers,
        "cases": cases,
        "reads": service.describing.reads(session, row, actor.user_id),
    }


def _out(session: Session, actor: Actor, row: ReaderStudy) -> ReaderStudyOut:
    return ReaderStudyOut.model_validate(_fields(session, actor, row))


def _design(session: Session, actor: Actor, row: ReaderStudy) -> DesignOut:
    session.flush()
    return DesignOut.model_validate(
        _fields(session, actor, row)
        | {
            "seed": row.seed,
            "reader_list": service.describing.readers_of(session, row),
            "case_list": service.describing.cases_of(session, row),
            "incidents": service.describing.incidents_of(session, row),
        }
    )


def _condition(study: ReaderStudy, row: CaseReading) -> dict[str, Any]:
    one = study.conditions[row.condition]
    return {"condition": one["name"], "ai": one["ai"]}


def _mine(session: Session, actor: Actor, place: tuple[str, str], row: CaseReading) -> ReadingOut:
    return _reading(session, service.finding.find(session, actor, place), row)


def _reading(session: Session, study: ReaderStudy, row: CaseReading) -> ReadingOut:
    case = service.reading.case_of(session, row)
    return ReadingOut.model_validate(
        {
            "id": row.id,
            "case": case.code,
            "study_id": case.study_row_id,
            "series_id": case.series_id,
            "session": row.session,
            "state": row.state,
            "seconds": service.reading.seconds(row),
            "paused": row.paused_at is not None,
            "confidence": row.confidence,
            "marks": row.marks,
        }
        | _condition(study, row)
    )


def _analysis(session: Session, one: AnalysisRows, *, results: bool = True) -> ReaderAnalysisOut:
    row = one.analysis
    return ReaderAnalysisOut.model_validate(
        {
            "id": row.id,
            "config": row.config,
            "input_sha256": row.input_sha256,
            "job": shown(session, one.job)[0],
            "results": service.analysing.results_of(row) if results else None,
            "methods": row.methods,
            "versions": row.versions,
            "figures": sorted(row.files.get("figures", {})),
            "tables": sorted(row.files.get("tables", {})),
            "created_at": row.created_at,
        }
    )
