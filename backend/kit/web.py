"""What routers share: the request's transaction, pages, and the problems an operation may answer.

The transaction is committed before the answer is sent (`scope="function"`): a COMMIT that fails is a 500,
never a 201 for something that is not there.  GET and HEAD get a session that cannot write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from backend.kit.db import session_scope
from backend.kit.etag import etag, matches, required_version
from backend.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page, Part, decode_cursor, encode_cursor

__all__ = [
    "CursorParam",
    "IfMatch",
    "IfNoneMatch",
    "LimitParam",
    "Page",
    "PartDep",
    "Problem",
    "SessionDep",
    "client_address",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "following",
    "get_session",
    "matches",
    "problems",
    "required_version",
]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROBLEM_TYPE = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457 problem; `type` ends in a stable slug."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str


def get_session(request: Request) -> Iterator[Session]:
    """The request's transaction."""
    with session_scope(read_only=request.method in SAFE_METHODS) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]
LimitParam = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description=f"Rows of a page, {DEFAULT_LIMIT} by default")
]
CursorParam = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")]


def _part(limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None) -> Part:
    return Part(str(decode_cursor(cursor, (str,))[0]) if cursor else None, limit)


PartDep = Annotated[Part, Depends(_part)]
"""The part of a list, newest first, that the caller wants."""


def following(part: Part, rows: Sequence[Any]) -> str | None:
    """Cursor of the part after these rows, which are in the order of their ids; None where there is none."""
    return encode_cursor(rows[-1].id) if len(rows) == part.limit else None


IfMatch = Annotated[str | None, Header(alias="If-Match", description="Version that the change is made from")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="Version the client has")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of an operation that may answer these problems besides the usual ones."""
    return {status: {"model": Problem, "content": {PROBLEM_TYPE: {}}} for status in statuses}


def client_address(request: Request) -> str:
    """Address that the request came from, for rate limits."""
    return request.client.host if request.client else "unknown"
