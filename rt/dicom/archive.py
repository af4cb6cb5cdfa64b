"""Members of an untrusted zip, one at a time, bounded while they stream.

Nothing is extracted to disk and no name becomes a path.  Sizes are counted on what comes out, because headers
lie.  A member that is hostile is yielded as refused, by name, and the rest goes in; what makes the archive
itself hostile (too many members, too much in all) ends it with an ArchiveError.  tar is not accepted.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rt.dicom.limits import DEFAULT_ARCHIVE_LIMITS, ArchiveLimits
from rt.errors import ArchiveError

_PIECE = 2**18
_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\x00")
_ZIP_FAILURES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error,
    EOFError, RuntimeError, ValueError, OSError,
)  # fmt: skip
"""What zipfile raises on hostile bytes; NotImplementedError is a RuntimeError."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True)
class Member:
    """One file of an archive: its bytes, or why it was refused."""

    name: str
    """As the archive says it, for showing only."""
    data: bytes
    """Empty when refused."""
    refusal: str | None
    """What is wrong, in words; None for a good member."""


def is_zip(head: bytes) -> bool:
    """True if the first bytes of a file are those of a zip."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def iter_members(source: Path | BinaryIO, limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS) -> Iterator[Member]:
    """Each file of a zip in its order, refused ones included; folders are passed over.

    Raises ArchiveError if the archive cannot be opened or as a whole goes beyond the limits.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _members(archive, limits)
    except _ZIP_FAILURES as error:
        raise ArchiveError("not a zip, or a damaged one") from error


def _members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> Iterator[Member]:
    entries = archive.infolist()
    if len(entries) > limits.members:
        raise ArchiveError(f"{len(entries)} members; at most {limits.members} are taken")
    seen: set[str] = set()
    total = 0
    for entry in entries:
        refusal = _hostile_name(entry) or _hostile_kind(entry)
        if refusal is None and entry.is_dir():
            continue
        if refusal is None and entry.filename.casefold() in seen:
            refusal = "the name stands twice in the archive"
        seen.add(entry.filename.casefold())
        data = b""
        if refusal is None:
            data, refusal = _content(archive, entry, limits, limits.total_bytes - total)
            total += len(data)
        yield Member(printable(entry.filename)[:256], b"" if refusal else data, refusal)


def _hostile_name(entry: zipfile.ZipInfo) -> str | None:
    name = entry.orig_filename.replace("\\", "/")
    if "\0" in name or any(ord(c) < 32 for c in name):
        return "a control character in the name"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "an absolute path"
    if ".." in name.split("/"):
        return "a path that leaves the archive"
    if len(name) > 1024 or not name.strip("/ "):
        return "no usable name"
    return None


def _hostile_kind(entry: zipfile.ZipInfo) -> str | None:
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "a link or device, not a file"
    if entry.flag_bits & 0x1:
        return "encrypted"
    if entry.compress_type not in _METHODS:
        return f"compression method {entry.compress_type} is not taken in"
    return None


def _content(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ArchiveLimits, room: int
) -> tuple[bytes, str | None]:
    """The bytes of a member, or why not; ArchiveError where the archive's own limit is reached."""
    pieces: list[bytes] = []
    size = 0
    try:
        with archive.open(entry) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if not pieces and piece.startswith(_MAGICS) and not _may_nest(entry, limits):
                    return b"", "an archive within the archive"
                if size > limits.member_bytes:
                    return b"", f"larger than {limits.member_bytes} bytes"
                if size > limits.ratio_from_bytes and size > limits.ratio * max(1, entry.compress_size):
                    return b"", f"inflates more than {limits.ratio} times"
                if size > room:
                    raise ArchiveError(f"holds more than {limits.total_bytes} bytes")
                pieces.append(piece)
    except _ZIP_FAILURES:
        return b"", "damaged"
    return b"".join(pieces), None


def _may_nest(entry: zipfile.ZipInfo, limits: ArchiveLimits) -> bool:
    return entry.filename.casefold().endswith(limits.nested)


def printable(name: str) -> str:
    """A file's name as it may be shown and kept: what no screen can print becomes U+FFFD."""
    return "".join(c if c.isprintable() else "�" for c in name)
