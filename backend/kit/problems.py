"""Every error as an RFC 9457 problem: stable slug, no input values, no traces; the log has the rest."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from backend.kit.context import request_id
from backend.kit.errors import AppError, Unavailable
from rt.errors import RtError

PROBLEM_TYPE = "application/problem+json"
SLUGS_OF_STATUS = {404: "not-found", 405: "method-not-allowed", 400: "bad-request", 413: "too-large"}

log = structlog.get_logger()


def problem(status: int, slug: str, title: str, detail: str, **extensions: Any) -> JSONResponse:
    """A problem answer."""
    body = {
        **extensions,
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id.get()}",
    }
    return JSONResponse(body, status_code=status, media_type=PROBLEM_TYPE)


def _app_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    response = problem(error.status, error.slug, error.title, error.detail, **error.extensions)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503 or "retry_after" in error.extensions:
        response.headers["Retry-After"] = str(error.extensions.get("retry_after", 5))
    if error.status >= 500:
        log.error("http.request.failed", slug=error.slug, status=error.status)
    return response


def _rt_error(_: Request, error: Exception) -> Response:
    return problem(422, getattr(error, "slug", "bad-data"), "Not acceptable", str(error))


def _validation_error(_: Request, error: Exception) -> Response:
    """Where and why, but never the value: it may be a password or a patient."""
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": [str(part) for part in one["loc"]], "message": one["msg"], "kind": one["type"]}
        for one in error.errors()
    ]
    return problem(
        422, "invalid-input", "Not acceptable", "the request does not have the right form", errors=errors
    )


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = SLUGS_OF_STATUS.get(error.status_code, "http-error")
    response = problem(error.status_code, slug, str(error.detail), str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _data_error(_: Request, __: Exception) -> Response:
    """A NUL byte or a number that no column holds."""
    detail = "a value has a character or a size that cannot be stored"
    return problem(422, "invalid-input", "Not acceptable", detail)


def _database_away(request: Request, error: Exception) -> Response:
    log.error("http.database.unavailable", kind=type(error).__name__)
    return _app_error(request, Unavailable("the database does not answer; nothing was changed"))


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RtError, _rt_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DataError, _data_error)
    app.add_exception_handler(OperationalError, _database_away)
