"""The API process: all routers, the browser's files, errors as problems.  It never loads torch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import text

from backend import openapi
from backend.accounts.router import router as accounts
from backend.admin.router import router as admin
from backend.analyses.router import router as analyses
from backend.cohorts.router import router as cohorts
from backend.cohorts.schemas import BODY_BYTES as TABLES
from backend.comparisons.router import router as comparisons
from backend.config import get_settings
from backend.consensus.router import router as consensus
from backend.derivations.router import router as derivations
from backend.detections.router import router as detections
from backend.dicomweb.router import router as dicomweb
from backend.dimse.router import router as dimse
from backend.dose.router import router as dose
from backend.exports.router import router as exports
from backend.jobs.router import router as jobs
from backend.kit import problems, spa
from backend.kit.body import BodyLimit
from backend.kit.cors import Cors, Face
from backend.kit.db import session_scope
from backend.kit.edge import Edge
from backend.kit.errors import Unavailable
from backend.kit.storage import storage
from backend.labels.router import router as labels
from backend.labels.schemas import MASK_BYTES
from backend.monailabel.proxy import DicomProxy
from backend.monailabel.router import router as monailabel
from backend.projects.router import router as projects
from backend.readings.router import router as readings
from backend.studies.door import start_parsers
from backend.studies.router import router as studies
from backend.training.router import router as training
from backend.version import VERSION
from backend.webhooks.router import router as webhooks

ROUTERS: tuple[APIRouter, ...] = (
    admin,
    accounts,
    projects,
    studies,
    dicomweb,
    dimse,
    jobs,
    labels,
    derivations,
    comparisons,
    consensus,
    cohorts,
    analyses,
    detections,
    readings,
    exports,
    dose,
    training,
    webhooks,
    monailabel,
)
"""Every feature's routes; a new feature adds its line here."""

MASKS = MASK_BYTES + (1 << 20)
BODY_LIMITS = {
    "/api/imports/": None, "/dicomweb/": None, "/api/structures/": MASKS, "/api/structure-sets/": MASKS,
    "/api/projects/": TABLES,
}  # fmt: skip
"""Most bytes of a body by the beginning of its path; None where it streams into a file with a limit."""

log = structlog.get_logger()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Start the parsers, and say how the blob store creates; a store that is away is not waited for."""
    try:
        semantics = await to_thread.run_sync(storage().probe)
    except Unavailable:
        semantics = "unavailable"
    await to_thread.run_sync(start_parsers)
    log.info("app.started", version=VERSION, storage=semantics)
    yield


def create_app() -> FastAPI:
    """The whole API."""
    settings = get_settings()
    app = FastAPI(
        title="Rinkaku",
        version=VERSION,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.add_middleware(BodyLimit, limits=BODY_LIMITS | {"/monailabel/": settings.upload_bytes})
    app.add_middleware(DicomProxy)
    faces = (
        Face("/dicomweb/", settings.origins),
        Face("/monailabel/", settings.monailabel_origins, True),
    )
    app.add_middleware(Cors, faces=faces)
    app.add_middleware(Edge, secure=settings.secure_cookies)
    problems.install(app)
    app.add_api_route("/health", health, tags=["admin"])
    for router in ROUTERS:
        app.include_router(router)
    spa.serve(app, settings.frontend)
    openapi.install(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def health() -> dict[str, str]:
    """Whether the API and its database answer."""
    with session_scope(read_only=True) as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok", "version": VERSION}
