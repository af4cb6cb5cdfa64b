"""Refusals of the MONAI Label face."""

from __future__ import annotations

from backend.kit.errors import AppError


class NoSessions(AppError):
    """Images come in by import, never into a session that forgets them."""

    status, slug, title = 406, "no-sessions", "Sessions are not kept here"
