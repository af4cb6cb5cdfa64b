"""STOW-RS: parts of a multipart body through the studies' door, and the answer that says what became of each.

Three parts are taken at once: while one waits for the disk, the next are checked.  The answer is 200 when all
went in as it is, 202 when some did or something of it cannot be used (Warning Reason), and 409 only when none
did: clients take 409 to mean that nothing was stored.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread

from backend.config import get_settings
from backend.dicomweb.json_model import attributes
from backend.dicomweb.multipart import MultipartReader, PartBegins
from backend.studies.imports import finish, take_file
from backend.studies.intake import Arrival, Target
from backend.studies.receiving import LimitedFile, scratch_file
from backend.studies.schemas import Outcome

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
"""Parts of one body that are taken at a time: two in the parser processes and one that waits for the disk."""


async def receive(target: Target, boundary: bytes, body: AsyncIterator[bytes]) -> list[Arrival]:
    """Take the parts of a body, each from a temporary file, and settle what they brought."""
    taking, is_cut_off = _Taking(target), False
    try:
        with ExitStack() as scratch:
            paths = [scratch.enter_context(scratch_file()) for _ in range(AT_ONCE + 1)]
            try:
                async for name, path in _parts(boundary, body, paths):
                    if path is None:
                        is_cut_off = True
                    else:
                        await taking.add(name, path)
            finally:
                await taking.end()
        if is_cut_off:
            detail = "the body ended before its closing boundary"
            taking.arrivals.append(Arrival("last part", Outcome.REFUSED, "dicom-truncated", detail))
    finally:  # also when the sender goes or the disk is full: what came before is in the store
        arrivals = taking.arrivals
        if arrivals:
            _, arrivals = await to_thread.run_sync(partial(finish, target, arrivals, more_may_come=True))
    return arrivals


class _Taking:
    """Parts on their way through the door, and what became of those before them, in their order."""

    def __init__(self, target: Target) -> None:
        self.arrivals: list[Arrival] = []
        self._target = target
        self._tasks: deque[asyncio.Task[list[Arrival]]] = deque()

    async def add(self, name: str, path: Path) -> None:
        """Begin with a part when there is room; an earlier part's error is raised here."""
        if len(self._tasks) == AT_ONCE:
            self.arrivals += await self._tasks.popleft()
        taking = to_thread.run_sync(take_file, self._target, name, path)
        self._tasks.append(asyncio.create_task(taking))

    async def end(self) -> None:
        """Wait for all of them, also where one fails; then its error is raised."""
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for arrivals in ended:
            if not isinstance(arrivals, BaseException):
                self.arrivals += arrivals
        for error in ended:
            if isinstance(error, BaseException):
                raise error


async def _parts(
    boundary: bytes, body: AsyncIterator[bytes], paths: Sequence[Path]
) -> AsyncIterator[tuple[str, Path | None]]:
    """Name of each part, and which of `paths` it is in once it is whole; None where it is cut off."""
    reader, limit = MultipartReader(boundary), get_settings().upload_bytes
    number, file = 0, None
    try:
        async for chunk in body:
            for event in reader.feed(chunk):
                if isinstance(event, PartBegins):
                    number, path = number + 1, paths[number % len(paths)]
                    file = LimitedFile(path, limit)
                elif file is not None and isinstance(event, bytes):
                    file.write(event)
                elif file is not None:
                    file.close()
                    yield f"part {number}", path
    finally:
        if file is not None:
            file.close()
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
