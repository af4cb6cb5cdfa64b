"""Pages of other sites that may call the faces made for other people's viewers (CORS, Fetch standard).

The installation names their origins; nobody else is let in, and no cookie is ever taken from them: such a
page sends a token of its own.  Preflights are answered before anything asks who calls, as browsers send them
without a login.  Answers to the named origins carry Cross-Origin-Resource-Policy, so that pages which isolate
themselves (COEP, for SharedArrayBuffer) can use them.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kit.problems import problem

METHODS = "GET, POST, OPTIONS"
REQUEST_HEADERS = "Accept, Authorization, Content-Type, Range, X-Requested-With"
"""What clients of DICOMweb send."""
EXPOSED_HEADERS = "Content-Disposition, Content-Length, Content-Type, Warning, X-Request-Id"
TEN_MINUTES = "600"
"""Seconds that a browser may keep a preflight's answer."""


class Cors:
    """ASGI middleware for the paths that begin with one of `paths`."""

    def __init__(self, app: ASGIApp, *, paths: tuple[str, ...], origins: Collection[str]) -> None:
        self._app, self._paths, self._origins = app, paths, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = origin in self._origins
        if scope["method"] == "OPTIONS" and origin and "access-control-request-method" in headers:
            await _preflight(origin if allowed else None)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message), origin if allowed else None)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _preflight(origin: str | None) -> ASGIApp:
    answer = Response(status_code=204)
    if origin is None:
        answer = problem(403, "forbidden", "Not allowed", "pages of this origin are not let in here")
    else:
        answer.headers["Access-Control-Allow-Methods"] = METHODS
        answer.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        answer.headers["Access-Control-Max-Age"] = TEN_MINUTES
    _dress(answer.headers, origin)
    return answer


def _dress(headers: MutableHeaders, origin: str | None) -> None:
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
