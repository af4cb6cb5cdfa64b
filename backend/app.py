"""The API process: all routers, the browser's files, errors as problems.  It never loads torch."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.accounts.router import router as accounts_router
from backend.admin.router import router as admin_router
from backend.kit import problems
from backend.projects.router import router as projects_router
from backend.version import VERSION


def _operation_id(route: APIRoute) -> str:
    return route.name


def create_app() -> FastAPI:
    """The whole API."""
    app = FastAPI(
        title="Rinkaku",
        version=VERSION,
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    problems.install(app)
    for router in (admin_router, accounts_router, projects_router):
        app.include_router(router)
    return app
