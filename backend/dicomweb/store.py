"""STOW-RS: parts of a multipart body through the studies' door, and the answer that says what became of each.

Small parts are kept in memory and taken some at a time, so that they share a transaction and the wait for the
disk; a large one goes to a file and by itself.  Three such takings run at once: while one waits, the next are
checked.  Memory is bounded whatever the body is.  The answer is 200 when all went in as it is, 202 when some
did or something of it cannot be used (Warning Reason), and 409 only when none did: clients take 409 to mean
that nothing was stored.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread

from backend.config import get_settings
from backend.dicomweb.json_model import attributes
from backend.dicomweb.multipart import MultipartReader, PartBegins
from backend.studies.imports import finish, take_file, take_files
from backend.studies.intake import Arrival, Target
from backend.studies.receiving import LimitedFile, scratch_file
from backend.studies.schemas import Outcome
from rt.dicom.archive import is_zip

FAILURE_REASONS = {
    "conflicting-instance": 0x0111,
    "dicom-unsupported": 0x0122,
    "wrong-reference": 0xA901,
    "wrong-patient": 0xA900,
    "dicom-too-large": 0xA700,
    "bad-structure-set": 0xC001,
}
"""Failure Reason (0008,1197) by slug: PS3.18 table 10.5.3-1, PS3.4 table B.2-1."""
CANNOT_UNDERSTAND = 0xC000
BREAKS_ITS_CLASS = 0xB007
"""Warning Reason (0008,1196): the data set does not match its SOP class (PS3.4 table B.2-1)."""
AT_ONCE = 3
"""Takings of one body at a time: two in the parser processes and one that waits for the disk."""
SMALL_BYTES = 4 << 20
"""A part up to this length is kept in memory, and that much of parts is taken at a time."""
TOGETHER = 16
"""Most parts that are taken at a time."""


@dataclass
class Received:
    """What became of the parts, and the series to be assembled once the sender has its answer."""

    arrivals: list[Arrival]
    unassembled: list[str]


async def receive(target: Target, boundary: bytes, body: AsyncIterator[bytes]) -> Received:
    """Take the parts of a body and settle what they brought."""
    taking = _Taking(target)
    try:
        is_whole = await _take_all(taking, boundary, body)
    except BaseException:  # when the sender goes or the disk is full, what came before is in the store
        if taking.arrivals:
            await to_thread.run_sync(partial(finish, target, taking.arrivals, more_may_come=True))
        raise
    arrivals, unassembled = taking.arrivals, list[str]()
    if not is_whole:
        detail = "the body ended before its closing boundary"
        arrivals.append(Arrival("last part", Outcome.REFUSED, "dicom-truncated", detail))
    if arrivals:
        finishing = partial(finish, target, arrivals, more_may_come=True, later=unassembled)
        _, arrivals = await to_thread.run_sync(finishing)
    return Received(arrivals, unassembled)


async def _take_all(taking: _Taking, boundary: bytes, body: AsyncIterator[bytes]) -> bool:
    """Take the parts; False when the body is cut off."""
    is_whole = True
    with ExitStack() as scratch:
        paths = [scratch.enter_context(scratch_file()) for _ in range(AT_ONCE + 1)]
        try:
            async for name, part in _parts(boundary, body, paths):
                if part is None:
                    is_whole = False
                else:
                    await taking.add(name, part)
        finally:
            await taking.end()
    return is_whole


class _Taking:
    """Parts on their way through the door, and what became of those before them, in their order."""

    def __init__(self, target: Target) -> None:
        self.arrivals: list[Arrival] = []
        self._target = target
        self._gathered: list[tuple[str, bytes]] = []
        self._tasks: deque[asyncio.Task[list[Arrival]]] = deque()

    async def add(self, name: str, part: bytes | Path) -> None:
        """Begin with parts when there is room; an earlier part's error is raised here."""
        if isinstance(part, Path):
            await self._take_gathered()
            await self._begin(partial(take_file, self._target, name, part))
            return
        self._gathered.append((name, part))
        size = sum(len(data) for _, data in self._gathered)
        if size >= SMALL_BYTES or len(self._gathered) == TOGETHER:
            await self._take_gathered()

    async def end(self) -> None:
        """Wait for all of them, also where one fails; then its error is raised."""
        try:
            await self._take_gathered()
        finally:
            ended = await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks.clear()
            for arrivals in ended:
                if not isinstance(arrivals, BaseException):
                    self.arrivals += arrivals
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    async def _take_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            await self._begin(partial(take_files, self._target, gathered))

    async def _begin(self, taking: Callable[[], list[Arrival]]) -> None:
        if len(self._tasks) == AT_ONCE:
            self.arrivals += await self._tasks.popleft()
        self._tasks.append(asyncio.create_task(to_thread.run_sync(taking)))


class _Part:
    """The bytes of one part: in memory, or beyond `SMALL_BYTES` and where it is a zip in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = bytearray()
        self._file: LimitedFile | None = None

    def write(self, piece: bytes | memoryview) -> None:
        """Append; TooLarge or StorageFull."""
        if self._file is not None:
            self._file.write(piece)
            return
        self._held += piece
        if len(self._held) > SMALL_BYTES:
            self._spill()

    def whole(self) -> bytes | Path:
        """All of it."""
        if self._file is None:
            if not is_zip(bytes(self._held[:4])):
                return bytes(self._held)
            self._spill()
        self.close()
        return self._path

    def close(self) -> None:
        """Close its file, if it has one."""
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        self._file = LimitedFile(self._path, get_settings().upload_bytes)
        self._file.write(self._held)
        self._held.clear()


async def _parts(
    boundary: bytes, body: AsyncIterator[bytes], paths: Sequence[Path]
) -> AsyncIterator[tuple[str, bytes | Path | None]]:
    """Name of each part, and its bytes or which of `paths` it is in; None where it is cut off."""
    reader = MultipartReader(boundary)
    number, part = 0, None
    try:
        async for chunk in body:
            for event in reader.feed(chunk):
                if isinstance(event, PartBegins):
                    number += 1
                    part = _Part(paths[number % len(paths)])
                elif part is not None and isinstance(event, memoryview):
                    part.write(event)
                elif part is not None:
                    yield f"part {number}", part.whole()
    finally:
        if part is not None:
            part.close()
    if not reader.closed:
        yield "last part", None


def status_of(arrivals: Sequence[Arrival]) -> int:
    """HTTP status of the answer."""
    refused = sum(arrival.outcome is Outcome.REFUSED for arrival in arrivals)
    if refused == 0 and arrivals:
        return 202 if any(arrival.findings for arrival in arrivals) else 200
    return 202 if refused < len(arrivals) else 409


def answer(arrivals: Sequence[Arrival]) -> dict[str, Any]:
    """The Store Instances Response module (PS3.18 table 10.5.3-1) in the JSON model."""
    taken = [_referenced(a) for a in arrivals if a.outcome is not Outcome.REFUSED]
    failed = [_failed(a) for a in arrivals if a.outcome is Outcome.REFUSED]
    studies = {a.study_instance_uid for a in arrivals if a.study_instance_uid}
    result = attributes({"RetrieveURL": f"/dicomweb/studies/{studies.pop()}" if len(studies) == 1 else None})
    if taken:
        result["00081199"] = {"vr": "SQ", "Value": taken}
    if failed:
        result["00081198"] = {"vr": "SQ", "Value": failed}
    return result


def _referenced(arrival: Arrival) -> dict[str, Any]:
    where = f"/dicomweb/studies/{arrival.study_instance_uid}/series/{arrival.series_instance_uid}"
    said: dict[str, Any] = {
        "ReferencedSOPClassUID": arrival.sop_class_uid,
        "ReferencedSOPInstanceUID": arrival.sop_instance_uid,
        "RetrieveURL": f"{where}/instances/{arrival.sop_instance_uid}",
    }
    if arrival.findings:
        words = "; ".join(finding["detail"] for finding in arrival.findings)
        said |= {"WarningReason": BREAKS_ITS_CLASS, "ErrorComment": words[:512]}
    return attributes(said)


def _failed(arrival: Arrival) -> dict[str, Any]:
    return attributes(
        {
            "ReferencedSOPClassUID": arrival.sop_class_uid,
            "ReferencedSOPInstanceUID": arrival.sop_instance_uid,
            "FailureReason": FAILURE_REASONS.get(arrival.slug or "", CANNOT_UNDERSTAND),
            "ErrorComment": f"{arrival.name}: {arrival.detail}"[:512],
        }
    )
