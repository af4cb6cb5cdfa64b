"""Parsing and pixel decoding of untrusted files, DICOM and NIfTI, in a process of its own.

A ParserProcess keeps one child that reads a request and answers it, over two pipes.  The child has a limited
address space and CPU time, writes no file and inherits no environment; what kills it costs one file a typed
error, and the next request starts a fresh child.  The child's answers are JSON and raw bytes, never pickles,
because the child may have been taken over.  A lock lets threads share one; 200 slices take one child.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rt import errors
from rt.contours import ContourWarning
from rt.dicom.nrrd import MAGIC
from rt.dicom.parse import ParsedInstance
from rt.dicom.pieces import from_json, put_together
from rt.errors import DicomError, DicomTooLarge
from rt.geometry import Grid

MEMORY_BYTES = 3 * 2**29
"""Address space of the child: 1.5 GiB."""
CPU_S = 20
"""CPU time of the child for one request."""
WALL_S = 60.0
"""Time that the parent waits for one answer."""
PIPE_BYTES = 2**20
"""Passed at a time: with the system's 64 KiB, parent and child would take turns eight times for a slice."""
FRAME = struct.Struct("<II Q")
"""Length of the JSON head, unused, length of the raw bytes that follow."""
_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.RtError)
}
_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}


class ParserProcess:
    """A child process that parses and decodes; use as a context manager, or call `close`."""

    def __init__(
        self, *, memory_bytes: int = MEMORY_BYTES, cpu_s: int = CPU_S, wall_s: float = WALL_S
    ) -> None:
        self._limits = (str(memory_bytes), str(cpu_s))
        self._wall_s = wall_s
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()

    def parse(self, data: bytes) -> ParsedInstance:
        """`rt.dicom.parse.parse_instance` in the child; DicomTooLarge too where the child did not survive."""
        head, fresh = self._ask({"do": "parse"}, data)
        try:
            stored = put_together(from_json(head["pieces"], fresh, len(data)), data)
        except (ValueError, TypeError) as error:
            raise DicomError("the parser's answer makes no file") from error
        head["notes"] = tuple(head["notes"])
        head["findings"] = tuple(
            ContourWarning(**{**found, "numbers": tuple(found["numbers"])}) for found in head["findings"]
        )
        known: dict[str, Any] = {f.name: head[f.name] for f in fields(ParsedInstance) if f.name != "data"}
        return ParsedInstance(**known, data=stored)

    def frames(self, data: bytes, frame: int | None = None) -> npt.NDArray[Any]:
        """`rt.dicom.pixels.decode_frames` of a stored file, in the child."""
        head, raw = self._ask({"do": "frames", "frame": frame}, data)
        return np.frombuffer(raw, dtype=np.dtype(head["dtype"])).reshape(head["shape"])

    def transcode(self, data: bytes, transfer_syntax_uid: str) -> bytes:
        """`rt.dicom.transcode.transcode` of a stored file, in the child."""
        return self._ask({"do": "transcode", "syntax": transfer_syntax_uid}, data)[1]

    def nifti_slices(self, path: Path, name: str) -> Generator[bytes, None, None]:
        """The slices of a NIfTI file as DICOM files, k ascending along the normal, one at a time.

        The child reads the whole file before the first of them is made; the parser is this generator's until
        it ends.  Raises DicomTooLarge, DicomTruncated, GeometryError, or DicomError for what is no NIfTI-1
        volume.
        """
        with self._lock:
            head, _ = self._ask({"do": "nifti"}, path)
            for k in range(head["slices"]):
                yield self._ask({"do": "nifti-slice", "k": k, "name": name}, b"")[1]
            self._ask({"do": "forget"}, b"")

    def labels(self, data: bytes) -> tuple[npt.NDArray[np.uint8], Grid]:
        """Labels (k, j, i) of a NIfTI or NRRD file and their grid, read in the child."""
        head, raw = self._ask({"do": "nrrd-labels" if data.startswith(MAGIC) else "nifti-labels"}, data)
        grid = Grid.from_json(head["grid"])
        return np.frombuffer(raw, dtype=np.uint8).reshape(grid.shape_kji), grid

    def start(self) -> None:
        """Start the child before it is needed; it loads what it works with while nobody waits."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], data: bytes | Path) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            child = self._running()
            try:
                deadline = time.monotonic() + self._wall_s
                _send(child, request, data, deadline)
                head, raw = _receive(child, deadline)
            except (OSError, EOFError, ValueError) as error:
                self._end()
                raise DicomTooLarge("the parser ran out of memory or time on this file") from error
        if "error" in head:
            kind = _ERRORS.get(head["error"], DicomError)
            refusal = kind(str(head["detail"]), where=head["where"])
            if head["instance"]:
                refusal.instance = (str(head["instance"][0]), str(head["instance"][1]))
            raise refusal
        return head, raw

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "rt.dicom.sandbox_child", *self._limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env=_ENVIRONMENT,
            )
            for pipe in (self._child.stdin, self._child.stdout):
                os.set_blocking(_fileno(pipe), False)
                with suppress(OSError, AttributeError):  # not every system: then the pipe stays as it is
                    fcntl.fcntl(_fileno(pipe), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return self._child

    def _end(self) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        self._child = None


def summary_json(instance: ParsedInstance) -> dict[str, Any]:
    """A ParsedInstance without its bytes, as plain JSON."""
    known = {f.name: getattr(instance, f.name) for f in fields(instance) if f.name != "data"}
    return {**known, "findings": [asdict(found) for found in instance.findings]}


def _fileno(pipe: Any) -> int:
    number: int = pipe.fileno()
    return number


def _send(child: subprocess.Popen[bytes], head: dict[str, Any], raw: bytes | Path, deadline: float) -> None:
    """A request and its bytes; a file is read piece by piece."""
    text, size = json.dumps(head).encode(), raw.stat().st_size if isinstance(raw, Path) else len(raw)
    _write(child, FRAME.pack(len(text), 0, size) + text, deadline)
    if not isinstance(raw, Path):
        _write(child, raw, deadline)
        return
    with raw.open("rb") as file:
        while piece := file.read(PIPE_BYTES):
            _write(child, piece, deadline)


def _write(child: subprocess.Popen[bytes], piece: bytes, deadline: float) -> None:
    view, number = memoryview(piece), _fileno(child.stdin)
    while view:
        _wait(write=number, deadline=deadline)
        view = view[os.write(number, view[:PIPE_BYTES]) :]


def _receive(child: subprocess.Popen[bytes], deadline: float) -> tuple[dict[str, Any], bytes]:
    number = _fileno(child.stdout)
    length, _, raw_length = FRAME.unpack(_read(number, FRAME.size, deadline))
    head = json.loads(_read(number, length, deadline))
    if not isinstance(head, dict):
        raise ValueError("the child's answer is no object")
    return head, _read(number, raw_length, deadline)


def _read(number: int, length: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    while length:
        _wait(read=number, deadline=deadline)
        piece = os.read(number, min(PIPE_BYTES, length))
        if not piece:
            raise EOFError("the child ended")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _wait(*, read: int | None = None, write: int | None = None, deadline: float) -> None:
    left = max(0.0, deadline - time.monotonic())
    poller = select.poll()
    if read is not None:
        poller.register(read, select.POLLIN)
    if write is not None:
        poller.register(write, select.POLLOUT)
    if not poller.poll(left * 1000):
        raise TimeoutError("the child did not answer in time")
