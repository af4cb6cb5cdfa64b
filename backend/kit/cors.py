"""Pages of other sites that may call the faces made for other people's viewers (CORS, Fetch standard).

The installation names their origins; nobody else is let in, and no cookie is ever taken from them: such a
page sends a token of its own.  Preflights are answered before anything asks who calls, as browsers send them
without a login.  Answers to the named origins carry Cross-Origin-Resource-Policy, so that pages which isolate
themselves (COEP, for SharedArrayBuffer) can use them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kit.problems import problem

REQUEST_HEADERS = "Accept, Authorization, Content-Type, Range, X-Requested-With"
"""What clients of DICOMweb and MONAI Label send."""
EXPOSED_HEADERS = "Content-Disposition, Content-Length, Content-Type, Warning, X-Request-Id"
TEN_MINUTES = "600"
"""Seconds that a browser may keep a preflight's answer."""


@dataclass(frozen=True)
class Face:
    """The paths that begin with `prefix`, for pages of these origins; `*` is any of them."""

    prefix: str
    origins: Collection[str]
    credentials: bool = False
    """Whether pages may say `withCredentials`: where no cookie is read and callers are known otherwise."""

    def admits(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        return origin in self.origins or "*" in self.origins

    @property
    def methods(self) -> str:
        """What they may ask for."""
        return "GET, HEAD, POST, PUT, DELETE, OPTIONS" if self.credentials else "GET, POST, OPTIONS"


class Cors:
    """ASGI middleware; what lies below no face is left alone."""

    def __init__(self, app: ASGIApp, *, faces: Sequence[Face]) -> None:
        self._app, self._faces = app, faces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        face = next((face for face in self._faces if path.startswith(face.prefix)), None)
        if face is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = origin if origin and face.admits(origin) else None
        if scope["method"] == "OPTIONS" and origin and "access-control-request-method" in headers:
            await _preflight(face, allowed)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message), face, allowed)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _preflight(face: Face, origin: str | None) -> ASGIApp:
    answer = Response(status_code=204)
    if origin is None:
        answer = problem(403, "forbidden", "Not allowed", "pages of this origin are not let in here")
    else:
        answer.headers["Access-Control-Allow-Methods"] = face.methods
        answer.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        answer.headers["Access-Control-Max-Age"] = TEN_MINUTES
    _dress(answer.headers, face, origin)
    return answer


def _dress(headers: MutableHeaders, face: Face, origin: str | None) -> None:
    headers.add_vary_header("Origin")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if face.credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
