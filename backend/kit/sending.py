"""Files sent to be kept: never shown in place, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from backend.kit.download import Download

PIECE_BYTES = 1 << 20
BINARY = {"schema": {"type": "string", "format": "binary"}}
"""Of a response in OpenAPI."""


def sent(file: Download) -> StreamingResponse:
    """The response that sends the file piece by piece."""
    headers = {
        "Content-Disposition": _attachment(file.name),
        "Content-Length": str(file.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_pieces(file), media_type=file.media_type, headers=headers)


def _attachment(name: str) -> str:
    """RFC 6266: the name itself for browsers, and one of ASCII letters for other programs."""
    plain = "".join(c if c.isascii() else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _pieces(file: Download) -> Iterator[bytes]:
    with file.stream as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece
