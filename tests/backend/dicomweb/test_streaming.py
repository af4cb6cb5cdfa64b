"""Studies of any size in constant memory: one instance is open at a time, none is read before its turn."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import inspect

from backend.accounts.actor import Actor
from backend.dicomweb import metadata, pixels, service
from backend.dicomweb.media import parse_accept
from backend.dicomweb.multipart import write_parts
from backend.dicomweb.query import Named
from backend.dicomweb.service import Scope, Stored
from backend.kit.storage import Storage, storage
from tests.backend.dicomweb.conftest import Stow, parts_of
from tests.backend.kit.test_storage import bucket, s3_url
from tests.factories.dicom import encode, make_ct_series

__all__ = ["bucket", "s3_url"]

AS_STORED = parse_accept("application/dicom; transfer-syntax=*")
IMPLICIT = "1.2.840.10008.1.2"
SLICES, PIXELS = 24, 192
INSTANCE_BYTES = PIXELS * PIXELS * 2


@dataclass
class Watched:
    """A store that says what is read from it."""

    inner: Storage
    read: int = 0
    open_now: int = 0
    most_open: int = 0
    whole: list[str] = field(default_factory=list)
    """Blobs that were read at once."""

    @contextmanager
    def open(self, sha256: str) -> Iterator[BinaryIO]:
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        with self.inner.open(sha256) as stream:
            yield _Counted(stream, self)  # type: ignore[misc]
        self.open_now -= 1

    def get(self, sha256: str) -> bytes:
        data = self.inner.get(sha256)
        self.read += len(data)
        self.whole.append(sha256)
        return data

    def local_path(self, sha256: str) -> Path | None:
        return self.inner.local_path(sha256)


@dataclass
class _Counted:
    stream: BinaryIO
    store: Watched

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.store.read += len(data)
        return data


@pytest.fixture(params=["local", "s3"])
def watched(request: pytest.FixtureRequest, found: list[Stored], monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The store of the process, or a bucket with the same blobs."""
    inner: Any = storage()
    if request.param == "s3":
        inner = request.getfixturevalue("bucket")[0]
        for stored in found:
            inner.put(storage().get(stored.instance.sha256))
    made = Watched(inner)
    for module in (service, pixels):
        monkeypatch.setattr(module, "storage", lambda: made)
    return made


@pytest.fixture
def found(stow: Stow, actor: Callable[..., Actor]) -> list[Stored]:
    """A series of some megabytes in Implicit VR Little Endian."""
    series = make_ct_series((SLICES, PIXELS, PIXELS))
    answer = stow(*(encode(slice_, IMPLICIT) for slice_ in series))
    assert answer.status_code == 200, answer.text
    return service.find(Scope(actor("reader"), None), Named(series[0].StudyInstanceUID))


def test_a_series_is_read_as_it_is_sent_one_instance_after_the_other(
    found: list[Stored], watched: Watched
) -> None:
    sent, ahead, body = 0, 0, []
    for piece in write_parts(service.dicom_parts(found, AS_STORED), "b"):
        sent += len(piece)
        ahead = max(ahead, watched.read - sent)
        body.append(piece)
    assert (watched.most_open, watched.open_now, watched.whole) == (1, 0, [])
    assert ahead <= 0  # nothing is read before its turn
    sizes = [len(data) for _, data in parts_of(b"".join(body))]
    assert sizes == [stored.instance.size for stored in found]


def test_a_series_that_is_transcoded_is_read_one_instance_after_the_other(
    found: list[Stored], watched: Watched
) -> None:
    for number, (content_type, pieces) in enumerate(service.dicom_parts(found, parse_accept(None)), 1):
        assert content_type == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
        assert len(watched.whole) == number
        assert sum(len(piece) for piece in pieces) > INSTANCE_BYTES


@pytest.mark.parametrize("accepted", [AS_STORED, parse_accept(None)], ids=["as stored", "transcoded"])
def test_memory_does_not_grow_with_the_series(found: list[Stored], accepted: Any) -> None:
    def peak(instances: list[Stored]) -> int:
        tracemalloc.start()
        for _ in write_parts(service.dicom_parts(instances, accepted), "b"):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(found[:1])  # what is loaded at first use
    assert peak(found) < peak(found[:2]) + INSTANCE_BYTES


@pytest.fixture
def no_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No header is in memory yet, and each goes to the client at once."""
    monkeypatch.setattr(metadata, "_kept", metadata._Kept())
    monkeypatch.setattr(metadata, "PIECE_BYTES", 1)


@pytest.mark.usefixtures("no_headers")
def test_metadata_come_one_instance_at_a_time_without_pixels(found: list[Stored], watched: Watched) -> None:
    named = Named("1", "2")
    pieces = []
    for number, piece in enumerate(metadata.metadata(found, named)):
        assert len(watched.whole) in (0, min(number + 1, len(found)))
        pieces.append(piece)
    assert len(json.loads(b"".join(pieces))) == SLICES
    if watched.inner is storage():
        assert watched.read == 0  # files are read as far as their header


@pytest.mark.usefixtures("no_headers")
def test_metadata_asked_for_again_are_the_same_and_read_nothing(
    found: list[Stored], watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = b"".join(metadata.metadata(found, Named("1", "2")))
    monkeypatch.setattr(metadata, "_described", None)  # whoever reads a header now fails
    assert b"".join(metadata.metadata(found, Named("1", "2"))) == first
    assert (
        f'"BulkDataURI": "instances/{found[0].instance.sop_instance_uid}/bulkdata/7FE00010"' in first.decode()
    )
    of_study = b"".join(metadata.metadata(found, Named("1", None)))
    assert f'"BulkDataURI": "series/{found[0].series.series_instance_uid}/instances/'.encode() in of_study


@pytest.mark.usefixtures("no_headers")
def test_headers_are_kept_within_a_limit_and_the_oldest_goes(
    found: list[Stored], watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = len(b"".join(metadata.metadata(found[:1], Named("1", "2", "3"))))
    monkeypatch.setattr(metadata, "KEPT_BYTES", 3 * length)
    list(metadata.metadata(found[:5], Named("1", "2")))
    kept = [metadata._kept.get(stored.instance.sha256) is not None for stored in found[:5]]
    assert kept == [False, False, True, True, True]
    monkeypatch.setattr(metadata, "LARGE_BYTES", 10)
    list(metadata.metadata(found[5:6], Named("1", "2")))
    assert metadata._kept.get(found[5].instance.sha256) is None


def test_a_frame_of_a_large_object_is_read_without_the_rest(
    found: list[Stored], watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = found[0].instance
    (verified,) = pixels.Frames(instance).parts([0], "1.2.840.10008.1.2.1")
    assert watched.whole == [instance.sha256]
    monkeypatch.setattr(pixels, "LARGE_BYTES", 0)
    (in_place,) = pixels.Frames(instance).parts([0], "1.2.840.10008.1.2.1")
    assert in_place == verified
    assert len(watched.whole) == (1 if watched.inner is storage() else 2)


def test_what_is_said_of_geometry_is_not_loaded_for_each_instance(found: list[Stored]) -> None:
    state = inspect(found[0].instance)
    assert {"geometry"} <= state.unloaded
