"""Who is asking: the one thing that every service needs to know of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """A person behind a request."""

    user_id: str
    username: str
    display_name: str
    is_administrator: bool
    """Of the installation."""
    via: Literal["session", "token"]
    token_id: str | None = None
    """Of the token that was shown, where one was."""
