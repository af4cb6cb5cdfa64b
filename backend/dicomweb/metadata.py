"""WADO-RS metadata, streamed: the headers of the instances that a request names, in the JSON model.

A stored instance never changes, so what its header says is made once and kept in memory, by the name of its
blob, as long as there is room; large headers are not kept.  One instance at a time is in memory besides.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from backend.dicomweb.json_model import Json, dataset_json, file_json
from backend.dicomweb.query import Named
from backend.dicomweb.service import Stored
from backend.kit.storage import storage
from rt.dicom.parse import read_stored, read_stored_header

KEPT_BYTES = 32 * 2**20
"""Of all headers that are kept: some ten thousand slices."""
LARGE_BYTES = 32 * 2**10
"""A header longer than this is not kept."""
HEAD_BYTES = 1 << 14
"""Read of a file at first: most headers of slices are shorter."""
PIECE_BYTES = 1 << 16
"""Handed to the client at a time, at least."""
_REFERENCE = b'"BulkDataURI": "'
"""Occurs in the JSON as this key only: within a text its quotes would be escaped."""


class _Kept:
    """Headers as JSON by the name of the blob; threads share it."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, sha256: str) -> bytes | None:
        with self._lock:
            if sha256 in self._by_name:
                self._by_name.move_to_end(sha256)
            return self._by_name.get(sha256)

    def put(self, sha256: str, told: bytes) -> None:
        if len(told) > LARGE_BYTES:
            return
        with self._lock:
            self._size += len(told) - len(self._by_name.pop(sha256, b""))
            self._by_name[sha256] = told
            while self._size > KEPT_BYTES:
                self._size -= len(self._by_name.popitem(last=False)[1])


_kept = _Kept()


def metadata(found: Sequence[Stored], named: Named) -> Iterator[bytes]:
    """A JSON array of all attributes of each instance but its pixel data."""
    gathered = bytearray(b"[")
    for number, stored in enumerate(found):
        told = _told(stored.instance.sha256)
        gathered += b"," if number else b""
        gathered += told.replace(_REFERENCE, _REFERENCE + _relative_base(stored, named).encode())
        if len(gathered) >= PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered + b"]")


def _told(sha256: str) -> bytes:
    """The header of an instance, its references relative to the instance."""
    told = _kept.get(sha256)
    if told is None:
        told = json.dumps(_described(sha256), allow_nan=False).encode()
        _kept.put(sha256, told)
    return told


def _described(sha256: str) -> Json:
    """All but the pixels; where blobs are files, no more than that is read, and a little."""
    path = storage().local_path(sha256)
    if path is None:
        data = storage().get(sha256)
        return file_json(data, is_whole=True) or dataset_json(read_stored(data, pixels=False), "")
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD_BYTES)
    return file_json(head, is_whole=len(head) < HEAD_BYTES) or dataset_json(read_stored_header(path), "")


def _relative_base(stored: Stored, named: Named) -> str:
    """From the address of the metadata to the instance, by RFC 3986."""
    if named.instance is not None:
        return ""
    instance = f"instances/{stored.instance.sop_instance_uid}/"
    return instance if named.series is not None else f"series/{stored.series.series_instance_uid}/{instance}"
