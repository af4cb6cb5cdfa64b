"""Blobs named by the SHA-256 of their bytes: written once, never changed, verified when read.

A blob is written before the row that names it, so a row without a blob cannot be; a blob without a row is
garbage for the sweep (`backend.upkeep`).  What the sweep takes goes to a bin first, and reading a blob that
lies there brings it back.  `LocalStorage` keeps a folder, `S3Storage` (storage_s3.py) a bucket.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, Protocol

from backend.config import get_settings
from backend.kit.errors import IntegrityFailure, StorageFull
from backend.kit.ids import new_id

CHUNK_BYTES = 1 << 20
"""Bytes copied at a time."""
SYNCED_BYTES = 32 << 20
"""Written between two waits for the disk by who writes piece by piece."""


@dataclass(frozen=True)
class Found:
    """A blob as the store lists it."""

    sha256: str
    at: datetime
    """When it was last stored, or put into the bin; by the store's clock."""


class Writing:
    """A blob on its way, whose bytes are hashed as they come."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink, self._digest = sink, hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Append; a memoryview is one of single bytes."""
        self._digest.update(piece)
        self._sink.write(piece)

    @property
    def sha256(self) -> str:
        """Of what was written."""
        return self._digest.hexdigest()


class _Synced(Writing):
    """One that goes to the disk while more of it is made: at the end there is little to wait for."""

    def __init__(self, sink: BinaryIO) -> None:
        super().__init__(sink)
        self._unsynced = 0

    def write(self, piece: bytes | memoryview) -> None:
        super().write(piece)
        self._unsynced += len(piece)
        if self._unsynced >= SYNCED_BYTES:
            _sync(self._sink)
            self._unsynced = 0


class Storage(Protocol):
    """Where blobs are."""

    def put(self, data: bytes | memoryview) -> str:
        """SHA-256 of the bytes, now stored; storing the same bytes again changes nothing."""

    def put_all(self, several: Sequence[bytes | memoryview]) -> list[str]:
        """SHA-256 of each of several, all stored now: they wait for the disk together."""

    def put_file(self, path: Path) -> str:
        """SHA-256 of a file's bytes, now stored."""

    def writing(self) -> AbstractContextManager[Writing]:
        """A blob that is written piece by piece, and stored at the end of the block unless it fails."""

    def get(self, sha256: str) -> bytes:
        """The bytes, verified."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a stream, for blobs too large to hold; not verified."""

    def local_path(self, sha256: str) -> Path | None:
        """The file that holds the blob, or None where blobs are not files here."""

    def exists(self, sha256: str) -> bool:
        """True when the blob is stored."""

    def size(self, sha256: str) -> int:
        """Bytes of the blob."""

    def delete(self, sha256: str) -> None:
        """Forget a blob at once that no row names any more."""

    def stored(self) -> Iterator[Found]:
        """Every blob, those in the bin left out."""

    def discard(self, sha256: str) -> None:
        """Put a blob into the bin."""

    def discarded(self) -> Iterator[Found]:
        """Every blob in the bin."""

    def restore(self, sha256: str) -> bool:
        """Take a blob out of the bin again; True when it is stored afterwards."""

    def purge(self, sha256: str) -> None:
        """Forget a blob in the bin for ever."""

    def clear_incoming(self, before: datetime) -> int:
        """Remove what writers left that were killed before this moment; how many."""

    def probe(self) -> str:
        """One word on how create-only writes are done here; raises Unavailable when it cannot write."""


@lru_cache
def storage() -> Storage:
    """The store of this process."""
    settings = get_settings()
    if settings.s3_url is None:
        return LocalStorage(settings.data / "blobs")
    from backend.kit.storage_s3 import S3Storage

    return S3Storage.from_settings(settings)


def verified(data: bytes, sha256: str) -> bytes:
    """The same bytes when they are the ones asked for.

    Raises
    ------
    IntegrityFailure
        When a bit has changed since they were stored.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise IntegrityFailure("a stored blob is not what was written", sha256=sha256)
    return data


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class LocalStorage:
    """Blobs in a folder: `sha256/ab/cd/abcd…`; a file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming, self._bin = root / "incoming", root / "bin"
        for folder in (self._incoming, self._bin):
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes | memoryview) -> str:
        """SHA-256 of the bytes, now stored."""
        return self.put_all([data])[0]

    def put_all(self, several: Sequence[bytes | memoryview]) -> list[str]:
        """SHA-256 of each of several, all stored now."""
        names = [hashlib.sha256(data).hexdigest() for data in several]
        self._create({name: partial(_write, data) for name, data in zip(names, several, strict=True)})
        return names

    def put_file(self, path: Path) -> str:
        """SHA-256 of a file's bytes, now stored."""
        sha256 = file_sha256(path)
        self._create({sha256: lambda sink: _copy(path, sink, sha256)})
        return sha256

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A blob written piece by piece."""
        beside = self._incoming / new_id()
        with _full_disk_is_storage_full():
            try:
                with beside.open("xb") as sink:
                    blob = _Synced(sink)
                    yield blob
                    _sync(sink)
                if not self._is_renewed(blob.sha256):
                    _link(beside, self._path(blob.sha256))
                    _sync_folder(self._path(blob.sha256).parent)
            finally:
                beside.unlink(missing_ok=True)

    def get(self, sha256: str) -> bytes:
        """The bytes, verified."""
        with self.open(sha256) as stream:
            return verified(stream.read(), sha256)

    def open(self, sha256: str) -> BinaryIO:
        """The file, open for reading."""
        return self._existing(sha256).open("rb")

    def local_path(self, sha256: str) -> Path | None:
        """The file that holds the blob."""
        return self._path(sha256) if self.exists(sha256) else None

    def exists(self, sha256: str) -> bool:
        """True when the blob is stored."""
        return self._path(sha256).is_file() or self.restore(sha256)

    def size(self, sha256: str) -> int:
        """Bytes of the blob."""
        return self._existing(sha256).stat().st_size

    def delete(self, sha256: str) -> None:
        """Forget a blob."""
        self._path(sha256).unlink(missing_ok=True)

    def stored(self) -> Iterator[Found]:
        """Every blob."""
        return _found(self._root.glob("sha256/??/??/*"))

    def discard(self, sha256: str) -> None:
        """Put a blob into the bin, where its age begins anew."""
        with suppress(FileNotFoundError):
            os.utime(self._path(sha256))
            self._path(sha256).replace(self._bin / sha256)

    def discarded(self) -> Iterator[Found]:
        """Every blob in the bin."""
        return _found(self._bin.iterdir())

    def restore(self, sha256: str) -> bool:
        """Take a blob out of the bin again; two at once may, and both find it."""
        target = self._path(sha256)
        with suppress(FileNotFoundError):
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._bin / sha256).replace(target)
        return target.is_file()

    def purge(self, sha256: str) -> None:
        """Forget a blob in the bin for ever."""
        (self._bin / sha256).unlink(missing_ok=True)

    def clear_incoming(self, before: datetime) -> int:
        """Remove what killed writers left."""
        left = [found.sha256 for found in _found(self._incoming.iterdir()) if found.at < before]
        for name in left:
            (self._incoming / name).unlink(missing_ok=True)
        return len(left)

    def probe(self) -> str:
        """Write and forget a blob."""
        self.delete(self.put(f"probe {new_id()}".encode()))
        return "link"

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError("not a SHA-256")
        return self._root / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def _existing(self, sha256: str) -> Path:
        if not self.exists(sha256):
            raise IntegrityFailure("a stored blob is missing", sha256=sha256)
        return self._path(sha256)

    def _create(self, writers: Mapping[str, Callable[[BinaryIO], object]]) -> None:
        """Write each beside, then link into place, which fails where the name exists: nothing is overwritten.

        Several are written before the first is waited for, so that the disk has them all to write at once.
        """
        wanted = {name: write for name, write in writers.items() if not self._is_renewed(name)}
        besides = {name: self._incoming / new_id() for name in wanted}
        with _full_disk_is_storage_full():
            try:
                with ExitStack() as sinks:
                    opened = [sinks.enter_context(beside.open("xb")) for beside in besides.values()]
                    for sink, write in zip(opened, wanted.values(), strict=True):
                        write(sink)
                    for sink in opened:
                        _sync(sink)
                for name, beside in besides.items():
                    _link(beside, self._path(name))
                for name in besides:
                    _sync_folder(self._path(name).parent)
            finally:
                for beside in besides.values():
                    beside.unlink(missing_ok=True)

    def _is_renewed(self, sha256: str) -> bool:
        """True where the blob is there already; it is young again for the sweep."""
        with suppress(FileNotFoundError):
            os.utime(self._path(sha256))
            return True
        return False


def _write(data: bytes | memoryview, sink: BinaryIO) -> None:
    sink.write(data)


def _link(beside: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another process stored the same bytes meanwhile
        os.link(beside, target)


def _found(paths: Iterable[Path]) -> Iterator[Found]:
    for path in paths:
        with suppress(FileNotFoundError):
            yield Found(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _copy(source: Path, sink: BinaryIO, sha256: str) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            sink.write(chunk)
    if digest.hexdigest() != sha256:
        raise IntegrityFailure("the file changed while it was being stored", sha256=sha256)


def _sync(sink: BinaryIO) -> None:
    sink.flush()
    os.fsync(sink.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_is_storage_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull("no room left for images and masks; this one was not stored") from error
        raise
