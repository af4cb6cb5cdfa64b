"""Blobs: the same promises from a folder and from a bucket of a real S3 server in a process of its own."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.kit.errors import IntegrityFailure, StorageFull, Unavailable
from backend.kit.storage import LocalStorage, Storage
from backend.kit.storage_s3 import S3Storage

MASK = b"RKM1" + bytes(range(256)) * 64
NAME = sha256(MASK).hexdigest()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """A running S3 server."""
    port = free_port()
    serve = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", serve], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Running on" in line:
            break
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()
    drain.join()
    process.stderr.close()


def s3_settings(url: str, bucket: str, data: Path) -> Settings:
    secret = SecretStr("testing")
    return Settings(data=data, s3_url=url, s3_bucket=bucket, s3_access_key=secret, s3_secret_key=secret)


@pytest.fixture
def bucket(s3_url: str, tmp_path: Path) -> Iterator[tuple[S3Storage, Callable[[str, bytes], None]]]:
    """A store on an empty bucket, and a way to overwrite what is in it."""
    name = f"bucket-{tmp_path.name.replace('_', '-').lower()[:40]}-{os.getpid()}"
    client = boto3.client(
        "s3", endpoint_url=s3_url, aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1"
    )
    client.create_bucket(Bucket=name)

    def damage(digest: str, data: bytes) -> None:
        client.put_object(Bucket=name, Key=f"sha256/{digest[:2]}/{digest[2:4]}/{digest}", Body=data)

    yield S3Storage.from_settings(s3_settings(s3_url, name, tmp_path)), damage
    client.close()


@pytest.fixture
def folder(tmp_path: Path) -> tuple[LocalStorage, Callable[[str, bytes], None]]:
    """A store in a folder, and a way to overwrite what is in it."""
    store = LocalStorage(tmp_path / "blobs")

    def damage(digest: str, data: bytes) -> None:
        path = store.local_path(digest)
        assert path is not None
        path.write_bytes(data)

    return store, damage


@pytest.fixture(params=["folder", "bucket"])
def damaged_store(request: pytest.FixtureRequest) -> tuple[Storage, Callable[[str, bytes], None]]:
    made: tuple[Storage, Callable[[str, bytes], None]] = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def store(damaged_store) -> Storage:
    made: Storage = damaged_store[0]
    return made


def test_blob_comes_back_under_the_hash_of_its_bytes(store):
    assert store.put(MASK) == NAME
    assert store.get(NAME) == MASK
    assert store.exists(NAME)
    assert store.size(NAME) == len(MASK)
    with store.open(NAME) as stream:
        assert stream.read(4) == b"RKM1"


def test_same_bytes_twice_are_one_blob(store):
    assert store.put(MASK) == store.put(MASK)
    assert store.get(NAME) == MASK


def test_file_is_stored_like_its_bytes(store, tmp_path):
    path = tmp_path / "mask"
    path.write_bytes(MASK)
    assert store.put_file(path) == NAME
    assert store.get(NAME) == MASK


def test_several_are_stored_together_known_ones_and_repeated_ones_too(store):
    store.put(MASK)
    several = [b"one", MASK, b"two", b"one"]
    names = store.put_all(several)
    assert [store.get(name) for name in names] == several
    assert len(set(names)) == 3
    assert {found.sha256 for found in store.stored()} == set(names)
    assert store.put_all([]) == []


def test_pieces_are_stored_like_the_whole(store, monkeypatch):
    monkeypatch.setattr("backend.kit.storage.SYNCED_BYTES", 5)
    for _ in range(2):
        with store.writing() as blob:
            for at in range(0, len(MASK), 3):
                blob.write(memoryview(MASK)[at : at + 3])
        assert blob.sha256 == NAME
        assert store.get(NAME) == MASK


def test_pieces_whose_maker_fails_leave_nothing(folder, store, tmp_path):
    with pytest.raises(KeyError), store.writing() as blob:
        blob.write(MASK)
        raise KeyError
    assert not store.exists(NAME)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_flipped_bit_is_refused_and_others_are_unaffected(damaged_store):
    store, damage = damaged_store
    other = store.put(b"another")
    store.put(MASK)
    damage(NAME, MASK[:-1] + bytes([MASK[-1] ^ 1]))
    with pytest.raises(IntegrityFailure):
        store.get(NAME)
    assert store.get(other) == b"another"


def test_missing_blob_is_an_integrity_failure(store):
    for read in (store.get, store.open, store.size):
        with pytest.raises(IntegrityFailure):
            read("0" * 64)
    assert not store.exists("0" * 64)


def test_deleted_blob_is_gone_and_deleting_again_is_fine(store):
    store.put(MASK)
    store.delete(NAME)
    store.delete(NAME)
    assert not store.exists(NAME)


def test_probe_tells_the_semantics_and_leaves_nothing(store):
    assert store.probe() in ("link", "conditional", "head-then-put")


def test_names_that_are_no_hashes_reach_no_path(folder):
    for name in ("../../etc/passwd", "A" * 64, "", "0" * 63):
        with pytest.raises(ValueError, match="not a SHA-256"):
            folder[0].exists(name)


def test_full_disk_is_typed_and_leaves_nothing(folder, monkeypatch, tmp_path):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        folder[0].put(MASK)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_many_writers_of_the_same_bytes_agree(folder, tmp_path):
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(folder[0].put(MASK))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [NAME] * 12
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [NAME]


def test_store_that_does_not_answer_is_unavailable(tmp_path):
    away = S3Storage.from_settings(s3_settings(f"http://127.0.0.1:{free_port()}", "bucket", tmp_path))
    for call in (lambda: away.put(MASK), lambda: away.get(NAME), lambda: away.exists(NAME), away.probe):
        with pytest.raises(Unavailable):
            call()
