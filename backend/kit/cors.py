"""Pages of other origins may call what lies below one prefix, where no cookie counts."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CrossOrigin:
    """ASGI middleware; preflights are answered here, before anybody asks who sent them."""

    def __init__(self, app: ASGIApp, *, prefix: str, origins: Sequence[str]) -> None:
        self._app, self._prefix = app, prefix
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["*"],
            allow_credentials=True,
            expose_headers=["Content-Disposition"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        below = scope["type"] == "http" and scope["path"].startswith(self._prefix)
        await (self._open if below else self._app)(scope, receive, send)
