"""Errors that the API answers as RFC 9457 problems.

AppError
├── NotFound (404)            also for what is not yours
├── NotAuthenticated (401)
├── Forbidden (403)
├── Conflict (409)            a state that does not allow it
├── Stale (412)               If-Match is not the head
├── PreconditionRequired (428)
├── TooLarge (413)
├── TooManyRequests (429)
├── InvalidInput (422)
├── StorageFull (507)
├── IntegrityFailure (500)   stored bytes are not what was written
└── Unavailable (503)
"""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal with a stable slug; `extensions` become members of the problem body."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on the server"

    def __init__(self, detail: str, **extensions: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extensions = extensions


class NotFound(AppError):
    """There is no such thing, or it is not yours."""

    status, slug, title = 404, "not-found", "Not found"


class NotAuthenticated(AppError):
    """No valid session or token."""

    status, slug, title = 401, "not-authenticated", "Please log in"


class Forbidden(AppError):
    """Known, but not allowed to do this."""

    status, slug, title = 403, "forbidden", "Not allowed"


class Conflict(AppError):
    """The present state does not allow it."""

    status, slug, title = 409, "conflict", "The present state does not allow this"


class Stale(AppError):
    """Someone saved in between."""

    status, slug, title = 412, "stale", "Changed by someone else in the meantime"


class PreconditionRequired(AppError):
    """If-Match is missing."""

    status, slug, title = 428, "precondition-required", "If-Match is required"


class TooLarge(AppError):
    """More bytes than the limit."""

    status, slug, title = 413, "too-large", "Too large"


class TooManyRequests(AppError):
    """Slow down."""

    status, slug, title = 429, "too-many-requests", "Too many attempts"


class InvalidInput(AppError):
    """Well-formed, but not acceptable."""

    status, slug, title = 422, "invalid-input", "Not acceptable"


class StorageFull(AppError):
    """No room left for blobs."""

    status, slug, title = 507, "storage-full", "Storage is full"


class IntegrityFailure(AppError):
    """Stored bytes are missing or not what was written; they are never shown."""

    status, slug, title = 500, "integrity", "Stored data are damaged"


class Unavailable(AppError):
    """A part that is needed does not answer."""

    status, slug, title = 503, "unavailable", "Temporarily unavailable"
