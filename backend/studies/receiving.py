"""Bytes of a request into a temporary file, with a running limit, and no more of them in memory than a chunk.

A body that stops coming is given up after `SILENCE_S`; one that trickles, when after `GRACE_S` it has come
slower than `SLOWEST_BYTES_PER_S`.  The file is gone when the context ends, whatever happened.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from backend.config import get_settings
from backend.kit.errors import StorageFull, TooLarge
from backend.kit.ids import new_id
from backend.studies.errors import RequestTimeout

BUFFER_BYTES = 1 << 20
SILENCE_S = 30.0
GRACE_S = 60.0
SLOWEST_BYTES_PER_S = 1024


@contextmanager
def scratch_file() -> Iterator[Path]:
    """A path below the data folder for one upload; removed at the end."""
    folder = get_settings().data / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / new_id()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


class LimitedFile:
    """A new file that refuses what is beyond its limit and tells a full disk from other failures."""

    def __init__(self, path: Path, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._sink = path.open("wb", buffering=BUFFER_BYTES)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append a chunk, quickly, to the page cache; TooLarge or StorageFull."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(f"more than {self._limit} bytes", limit=self._limit)
        with _full_disk_said():
            self._sink.write(chunk)

    def close(self) -> None:
        """Flush and close; StorageFull when the last bytes find no room."""
        with _full_disk_said():
            self._sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _full_disk_said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull("no room left for uploads; nothing was stored") from error
        raise


def check_declared_length(content_length: str | None, limit: int) -> None:
    """Refuse at once what says that it is too large."""
    if content_length is not None and content_length.isdigit() and int(content_length) > limit:
        raise TooLarge(f"more than {limit} bytes", limit=limit)


async def steadily(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks of a body; RequestTimeout when it stops or trickles."""
    started, received = time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise RequestTimeout("the body stopped coming") from error
        if chunk is None:
            return
        received += len(chunk)
        elapsed = time.monotonic() - started
        if elapsed > GRACE_S and received < SLOWEST_BYTES_PER_S * elapsed:
            raise RequestTimeout("the body comes too slowly")
        yield chunk
