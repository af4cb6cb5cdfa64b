"""A limit on the bodies that are read whole; those that stream into files have limits of their own.

FastAPI reads a JSON body before anything asks who sent it, so without this a stranger could fill the memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kit.problems import problem

SMALL_BYTES = 1 << 20
"""Most bytes of a body that carries no mask."""


class BodyLimit:
    """ASGI middleware; `limits` are bytes by the beginning of a path, None where the body streams."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, int | None]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        limit = self._limit(scope["path"]) if scope["type"] == "http" else None
        if limit is None:
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            detail = f"more than {limit} bytes"
            answer = problem(413, "too-large", "Too large", detail, limit=limit)
            await answer(scope, receive, send)
            return
        await self._app(scope, _limited(receive, limit), send)

    def _limit(self, path: str) -> int | None:
        for beginning, limit in self._limits.items():
            if path.startswith(beginning):
                return limit
        return SMALL_BYTES


def _limited(receive: Receive, limit: int) -> Receive:
    received = 0

    async def receive_up_to_limit() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, f"more than {limit} bytes")
        return message

    return receive_up_to_limit
