"""The edge of the API: every request gets an id, a log line and security headers; a crash becomes a problem.

The viewer's decoders need 'wasm-unsafe-eval' and blob: workers (guide: RELIABILITY §6, VIEWER); nothing
is ever fetched from, or framed by, another site.
"""

from __future__ import annotations

import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kit.context import request_id
from backend.kit.ids import new_id
from backend.kit.problems import problem

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ONE_YEAR = "max-age=31536000; includeSubDomains"

log = structlog.get_logger()


class Edge:
    """ASGI middleware around everything that answers."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": ONE_YEAR} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = new_id()
        token = request_id.set(identifier)
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(MutableHeaders(scope=message), identifier)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.error("http.request.crashed", exc_info=error)
            if status:
                raise
            await _crashed()(scope, receive, send_with_headers)
        finally:
            _log_request(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    def _dress(self, headers: MutableHeaders, identifier: str) -> None:
        headers["X-Request-Id"] = identifier
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")


def _crashed() -> ASGIApp:
    title = "Something went wrong on the server"
    return problem(500, "internal", title, "the failure was logged under the id of this request")


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    """The route's pattern, not the path: that may hold what a person typed."""
    pattern = getattr(scope.get("route"), "path", "")
    log.info("http.request", method=scope["method"], route=pattern, status=status, ms=round(seconds * 1000))
