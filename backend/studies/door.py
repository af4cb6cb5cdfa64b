"""Untrusted bytes to checked instances, and compressed pixels to values, by way of parser processes.

A small pool of child processes serves the whole process and dies with it.  The API starts them with itself,
so that the first import does not wait for them; elsewhere they start when first needed.
"""

from __future__ import annotations

import atexit
import queue
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.kit.storage import storage
from backend.studies.receiving import LimitedFile
from backend.studies.tables import Instance
from rt.dicom.kinds import EXPLICIT_LITTLE_ENDIAN, NATIVE_SYNTAXES
from rt.dicom.parse import ParsedInstance, read_stored
from rt.dicom.pixels import decode_frames
from rt.dicom.references import NAMING, References, read_references
from rt.dicom.sandbox import ParserProcess
from rt.dicom.transcode import transcode
from rt.errors import DicomError, DicomTooLarge
from rt.geometry import Grid

PARSERS = 2
"""Parser processes of one process."""
MAX_INSTANCE_BYTES = 512 * 2**20
"""Largest single DICOM file: beyond it a parser process has no room to check it."""
BARE_META = re.compile(rb"\x02\x00[\x00-\x02]\x00(UL|OB|UI)")
"""A file that begins with its meta group: clients send data sets made in memory without preamble."""
_MAGIC_END = 132


@dataclass(frozen=True)
class Checked:
    """A checked instance and what it says it belongs to."""

    instance: ParsedInstance
    references: References | None
    """Of an RTSTRUCT, SEG, REG, RTDOSE or RTPLAN."""


@lru_cache
def _pool() -> queue.LifoQueue[ParserProcess]:
    """The idle parsers; the one used last is taken first, so that where they start late, few do."""
    pool: queue.LifoQueue[ParserProcess] = queue.LifoQueue()
    for _ in range(PARSERS):
        parser = ParserProcess()
        atexit.register(parser.close)
        pool.put(parser)
    return pool


def start_parsers() -> None:
    """Start the parsers; they load what they need while nobody waits."""
    waiting = [_pool().get() for _ in range(PARSERS)]
    for parser in waiting:
        parser.start()
        _pool().put(parser)


@contextmanager
def _parser() -> Iterator[ParserProcess]:
    parser = _pool().get()
    try:
        yield parser
    finally:
        _pool().put(parser)


def read_file(path: Path) -> bytes:
    """The bytes of a file for `check_bytes`, where its length and its beginning are those of DICOM."""
    if path.stat().st_size > MAX_INSTANCE_BYTES:
        raise DicomTooLarge(f"{path.stat().st_size} bytes; at most {MAX_INSTANCE_BYTES} are taken")
    with path.open("rb") as stream:
        head = stream.read(_MAGIC_END)
    if head[128:] != b"DICM" and BARE_META.match(head) is None:
        raise DicomError("not a DICOM file: no DICM after the preamble")
    return path.read_bytes()


def check_bytes(data: bytes) -> Checked:
    """The checked instance of the bytes of a file; an RtError says what is wrong with it."""
    if BARE_META.match(data):
        data = b"\0" * 128 + b"DICM" + data
    with _parser() as parser:
        instance = parser.parse(data)
    return Checked(instance, _references(instance))


def _references(instance: ParsedInstance) -> References | None:
    if instance.sop_class_uid not in NAMING:
        return None
    return read_references(read_stored(instance.data, pixels=False))


def unfold_nifti(path: Path, name: str, target: Path) -> list[int]:
    """Write the slices of a NIfTI file to `target` as DICOM files, one after the other; their lengths.

    All of them are made before the first is looked at, so a file goes in whole or not at all.
    """
    if path.stat().st_size > MAX_INSTANCE_BYTES:
        raise DicomTooLarge(f"{path.stat().st_size} bytes; at most {MAX_INSTANCE_BYTES} are taken")
    lengths: list[int] = []
    with (
        _parser() as parser,
        closing(parser.nifti_slices(path, name)) as made,
        LimitedFile(target, MAX_INSTANCE_BYTES) as slices,
    ):
        for data in made:
            slices.write(data)
            lengths.append(len(data))
    return lengths


def read_label_map(data: bytes) -> tuple[npt.NDArray[np.uint8], Grid]:
    """Labels (k, j, i) of a NIfTI or NRRD file and their grid; an RtError says what is wrong with it."""
    with _parser() as parser:
        return parser.labels(data)


def decode_stored(instance: Instance, frame: int | None) -> npt.NDArray[Any]:
    """Stored values (frames, rows, columns) of a stored instance: all frames, or the one of this index."""
    return decode_file(storage().get(instance.sha256), instance.transfer_syntax_uid, frame)


def decode_file(data: bytes, transfer_syntax_uid: str, frame: int | None = None) -> npt.NDArray[Any]:
    """Stored values (frames, rows, columns) of a checked file of this syntax."""
    if transfer_syntax_uid in NATIVE_SYNTAXES:
        return decode_frames(data, frame)
    with _parser() as parser:
        return parser.frames(data, frame)


def transcode_file(data: bytes, from_syntax: str, to_syntax: str) -> bytes:
    """A checked file in Explicit VR Little Endian or one of `rt.dicom.transcode.ENCODED_SYNTAXES`.

    DicomUnsupported where its pixels cannot be written so.
    """
    if from_syntax in NATIVE_SYNTAXES and to_syntax == EXPLICIT_LITTLE_ENDIAN:
        return transcode(data, to_syntax)
    with _parser() as parser:
        return parser.transcode(data, to_syntax)
