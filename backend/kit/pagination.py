"""Lists in pieces: a cursor is the sort key of the last row given, so pages stay right while rows arrive."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from backend.kit.errors import InvalidInput

ItemT = TypeVar("ItemT")

DEFAULT_LIMIT = 50
"""Rows of a page when the client does not say."""
MAX_LIMIT = 200
"""Most rows of a page."""


class Page(BaseModel, Generic[ItemT]):
    """One piece of a list; `next_cursor` is None on the last."""

    items: list[ItemT]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of a list that is newest first: up to `limit` rows older than the one of id `before`."""

    before: str | None = None
    limit: int | None = None


ALL = Part()
"""The whole list."""


def encode_cursor(*key: str | int | None) -> str:
    """Opaque text for the sort key of the last row of a page."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: tuple[type, ...]) -> tuple[str | int, ...]:
    """The sort key in a cursor, with the types that the caller sorts by.

    Raises
    ------
    InvalidInput
        When the text is not a cursor of this list.
    """
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    valid = isinstance(key, list) and len(key) == len(kinds)
    if not valid or any(
        type(value) is not kind or _is_beyond_columns(value) for value, kind in zip(key, kinds, strict=True)
    ):
        raise InvalidInput("the cursor is not one that this list gave", field="cursor")
    return tuple(key)


def _is_beyond_columns(value: object) -> bool:
    """Whether no column could hold the value: the database would fail on it."""
    if isinstance(value, int):
        return abs(value) >= 2**63
    return isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)
