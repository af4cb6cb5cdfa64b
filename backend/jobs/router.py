"""Jobs, and the event stream that tells browsers when to look again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from backend.accounts import service as accounts
from backend.accounts.deps import Actor, ActorDep, cookie_name
from backend.jobs import board
from backend.jobs.feed import Feed, server_sent
from backend.jobs.schemas import JobError, JobOut, JobPatient, JobQuery, LogLine, LogOut
from backend.jobs.tables import Job
from backend.kit.errors import NotAuthenticated
from backend.kit.pagination import decode_cursor, encode_cursor
from backend.kit.web import Page, SessionDep, problems

router = APIRouter(prefix="/api", tags=["jobs"])

POLL_S = 1.0
KEEP_ALIVE_POLLS = 15
"""Polls without news before a comment is sent, so that proxies keep the line open."""

_SAME_NAME = (
    "id",
    "kind",
    "state",
    "queue",
    "progress",
    "stage",
    "message",
    "project_id",
    "study_id",
    "attempt",
)
_SAME_NAME_TOO = ("cancel_requested", "created_at", "started_at", "finished_at", "result")


def shown(session: Session, *jobs: Job) -> list[JobOut]:
    """The jobs on the wire."""
    patients = board.patients_of(session, jobs)
    return [_shown(job, patients.get(job.study_id or "")) for job in jobs]


def _shown(job: Job, patient: JobPatient | None) -> JobOut:
    error = JobError(slug=job.error_slug, detail=job.error_detail or "") if job.error_slug else None
    columns = {name: getattr(job, name) for name in (*_SAME_NAME, *_SAME_NAME_TOO)}
    return JobOut.model_validate(columns | {"error": error, "patient": patient})


@router.get("/jobs", responses=problems(422))
def list_jobs(session: SessionDep, actor: ActorDep, wanted: Annotated[JobQuery, Query()]) -> Page[JobOut]:
    """The jobs of one's projects, newest first."""
    before = str(decode_cursor(wanted.cursor, (str,))[0]) if wanted.cursor else None
    chosen = board.JobFilter(wanted.state, wanted.kind, wanted.study_id, wanted.housekeeping, before)
    jobs = board.list_jobs(session, actor, chosen, wanted.limit)
    following = encode_cursor(jobs[-1].id) if len(jobs) == wanted.limit else None
    return Page(items=shown(session, *jobs), next_cursor=following)


@router.get("/jobs/{job_id}", responses=problems(404))
def get_job(job_id: str, session: SessionDep, actor: ActorDep) -> JobOut:
    """A job."""
    return shown(session, board.get_job(session, actor, job_id))[0]


@router.get("/jobs/{job_id}/log", responses=problems(404))
def get_job_log(job_id: str, session: SessionDep, actor: ActorDep) -> LogOut:
    """What the workers wrote about the job."""
    lines = board.get_log(session, actor, job_id)
    return LogOut(items=[LogLine.model_validate(one, from_attributes=True) for one in lines])


@router.post("/jobs/{job_id}/cancel", responses=problems(403, 404, 409))
def cancel_job(job_id: str, session: SessionDep, actor: ActorDep) -> JobOut:
    """Stop a job; a running one ends within seconds."""
    return shown(session, board.cancel(session, actor, job_id))[0]


@router.post("/jobs/{job_id}/retry", responses=problems(403, 404, 409))
def retry_job(job_id: str, session: SessionDep, actor: ActorDep) -> JobOut:
    """Queue a failed or cancelled job again."""
    return shown(session, board.retry(session, actor, job_id))[0]


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request,
    actor: ActorDep,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**63 - 1)] = None,
) -> StreamingResponse:
    """Hints that a job, study, structure set or run changed; the line closes when the person logs out."""
    feed = Feed(_who(request), last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(feed), media_type="text/event-stream", headers=headers)


def _who(request: Request) -> Callable[[], Actor]:
    """Asks again who this is, without keeping an idle session alive."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return lambda: accounts.actor_of_token(token.strip())
    secret = request.cookies.get(cookie_name(), "")
    return lambda: accounts.actor_of_cookie(secret, touch=False)


async def _stream(feed: Feed) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    quiet = 0
    while True:
        try:
            events = await run_in_threadpool(feed.poll)
        except (NotAuthenticated, OperationalError):
            return  # the browser connects again, and is asked who it is
        quiet = 0 if events else quiet + 1
        if quiet == KEEP_ALIVE_POLLS:
            quiet = 0
            yield ": still here\n\n"
        for event in events:
            yield server_sent(event)
        await asyncio.sleep(POLL_S)
