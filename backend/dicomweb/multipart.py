"""multipart/related (RFC 2387) in both directions, in constant memory.

Reading takes what real clients send: CRLF before the first boundary, quoted boundaries, chunked bodies, parts
without headers.  Writing gives what real clients need: the header `Content-Type:` spelled so, CRLF line ends
and the closing boundary.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.dicomweb.errors import BadMultipart

MAX_HEADER_BYTES = 8192
"""Headers of one part."""
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*("([^"]+)"|[^;,\s]+)', re.IGNORECASE)


def boundary_of(content_type: str | None) -> bytes:
    """The boundary that a Content-Type names; BadMultipart when it is not multipart/related."""
    found = _BOUNDARY.search(content_type or "")
    if found is None or not (content_type or "").strip().lower().startswith("multipart/related"):
        raise BadMultipart('the body must be multipart/related; type="application/dicom" with a boundary')
    boundary = found.group(2) or found.group(1)
    if len(boundary) > 200 or not boundary.isascii():
        raise BadMultipart("the boundary is not usable")
    return boundary.encode("ascii")


@dataclass(frozen=True)
class PartBegins:
    """A part's headers are complete; its bytes follow."""

    headers: dict[str, str]


@dataclass(frozen=True)
class PartEnds:
    """The part that began last is complete."""


class MultipartReader:
    """Turns chunks of a body into PartBegins, bytes and PartEnds; holds little more than a boundary back."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._buffer, self._at = b"\r\n", 0
        self._state = "preamble"
        self.closed = False
        """True once the closing boundary was read."""

    def feed(self, chunk: bytes) -> Iterator[PartBegins | PartEnds | memoryview]:
        """What the next chunk of the body completes."""
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        while not self.closed:
            if self._state == "headers":
                headers = self._headers()
                if headers is None:
                    return
                self._state = "part"
                yield PartBegins(headers)
            elif self._state == "boundary":
                if not self._after_boundary():
                    return
            else:
                content, found = self._content()
                if self._state == "part":
                    if content:
                        yield content
                    if found:
                        yield PartEnds()
                if not found:
                    return
                self._state = "boundary"

    def _content(self) -> tuple[memoryview, bool]:
        begin, found = self._at, self._buffer.find(self._delimiter, self._at)
        held_back = len(self._delimiter) - 1
        end = found if found >= 0 else max(begin, len(self._buffer) - held_back)
        self._at = end + (len(self._delimiter) if found >= 0 else 0)
        return memoryview(self._buffer)[begin:end], found >= 0

    def _after_boundary(self) -> bool:
        if len(self._buffer) - self._at < 2:
            return False
        if self._buffer.startswith(b"--", self._at):
            self.closed = True
            return False
        line = self._buffer.find(b"\r\n", self._at)
        if line < 0:
            if len(self._buffer) - self._at > MAX_HEADER_BYTES:
                raise BadMultipart("a boundary line does not end")
            return False
        if self._buffer[self._at : line].strip():
            raise BadMultipart("there is text after a boundary")
        self._at = line  # the line end stays: a part may have no headers at all
        self._state = "headers"
        return True

    def _headers(self) -> dict[str, str] | None:
        end = self._buffer.find(b"\r\n\r\n", self._at)
        if end < 0 or end - self._at > MAX_HEADER_BYTES:
            if len(self._buffer) - self._at > MAX_HEADER_BYTES:
                raise BadMultipart("the headers of a part do not end")
            return None
        lines = self._buffer[self._at : end].decode("latin-1").split("\r\n")
        self._at = end + 4
        pairs = (line.partition(":") for line in lines if line)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


def new_boundary() -> str:
    """A boundary that no part contains."""
    return f"rinkaku-{uuid.uuid4().hex}"


def write_parts(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    """The body of parts, each a Content-Type and its bytes in pieces."""
    opened = False
    for content_type, pieces in parts:
        lead = "\r\n" if opened else ""
        yield f"{lead}--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()
        yield from pieces
        opened = True
    yield f"\r\n--{boundary}--\r\n".encode()
