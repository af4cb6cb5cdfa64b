"""Blobs in a bucket over the S3 API, created only where they are not yet.

Stores differ in `If-None-Match: *` (AWS answers 412 to the second writer, some ignore it, some refuse it), so
`probe` asks once at start; without it, HEAD then PUT of the same bytes under the same name is as good.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backend.config import Settings
from backend.kit.errors import AppError, IntegrityFailure, StorageFull, Unavailable
from backend.kit.ids import new_id
from backend.kit.storage import Found, Writing, file_sha256, verified

ALREADY_THERE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
NOT_THERE = frozenset({"NoSuchKey", "NotFound", "404"})
FULL = frozenset({"InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "507"})
BIN = "bin/"
AT_ONCE = 4
"""Blobs of several that are on their way at a time."""
CONNECT_S, READ_S, ATTEMPTS = 3, 30, 3
"""Seconds and tries before the store counts as away."""


class S3Storage:
    """Blobs in a bucket: key `sha256/ab/cd/abcd…`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._semantics: str | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The store of this installation."""
        key, secret = settings.s3_access_key, settings.s3_secret_key
        client = boto3.client(
            "s3",
            endpoint_url=settings.s3_url,
            aws_access_key_id=key.get_secret_value() if key else None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            region_name=settings.s3_region,
            config=Config(
                connect_timeout=CONNECT_S,
                read_timeout=READ_S,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                s3={"addressing_style": "path"},
            ),
        )
        return cls(client, settings.s3_bucket)

    def put(self, data: bytes | memoryview) -> str:
        """SHA-256 of the bytes, now stored."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._create(sha256, io.BytesIO(data))
        return sha256

    def put_all(self, several: Sequence[bytes | memoryview]) -> list[str]:
        """SHA-256 of each of several, all stored now."""
        with ThreadPoolExecutor(min(AT_ONCE, max(1, len(several)))) as pool:
            return list(pool.map(self.put, several))

    def put_file(self, path: Path) -> str:
        """SHA-256 of a file's bytes, now stored."""
        sha256 = file_sha256(path)
        with path.open("rb") as stream:
            self._create(sha256, stream)
        return sha256

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A blob written piece by piece, which is sent when it is whole."""
        gathered = io.BytesIO()
        blob = Writing(gathered)
        yield blob
        gathered.seek(0)
        self._create(blob.sha256, gathered)

    def get(self, sha256: str) -> bytes:
        """The bytes, verified."""
        with _typed(sha256), self.open(sha256) as stream:
            return verified(stream.read(), sha256)

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as they come from the store; cannot seek."""
        with _typed(sha256):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=_key(sha256))
            except ClientError as error:
                if _code(error) not in NOT_THERE or not self.restore(sha256):
                    raise
                answer = self._client.get_object(Bucket=self._bucket, Key=_key(sha256))
        return cast(BinaryIO, answer["Body"])

    def local_path(self, sha256: str) -> Path | None:
        """None: blobs are not files here."""
        del sha256
        return None

    def exists(self, sha256: str) -> bool:
        """True when the blob is stored."""
        with _typed(sha256):
            return self._head(sha256) is not None or self.restore(sha256)

    def size(self, sha256: str) -> int:
        """Bytes of the blob."""
        with _typed(sha256):
            size = self._head(sha256)
            if size is None and self.restore(sha256):
                size = self._head(sha256)
        if size is None:
            raise IntegrityFailure("a stored blob is missing", sha256=sha256)
        return size

    def delete(self, sha256: str) -> None:
        """Forget a blob."""
        with _typed(sha256):
            self._client.delete_object(Bucket=self._bucket, Key=_key(sha256))

    def stored(self) -> Iterator[Found]:
        """Every blob."""
        return self._found("sha256/")

    def discard(self, sha256: str) -> None:
        """Put a blob into the bin, where its age begins anew."""
        self._move(sha256, _key(sha256), BIN + sha256)

    def discarded(self) -> Iterator[Found]:
        """Every blob in the bin."""
        return self._found(BIN)

    def restore(self, sha256: str) -> bool:
        """Take a blob out of the bin again; two at once may, and both find it."""
        self._move(sha256, BIN + sha256, _key(sha256))
        with _typed(sha256):
            return self._head(sha256) is not None

    def purge(self, sha256: str) -> None:
        """Forget a blob in the bin for ever."""
        with _typed(sha256):
            self._client.delete_object(Bucket=self._bucket, Key=BIN + sha256)

    def clear_incoming(self, before: datetime) -> int:
        """Zero: an object appears whole or not at all."""
        del before
        return 0

    def _found(self, prefix: str) -> Iterator[Found]:
        with _typed(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for one in page.get("Contents", ()):
                    yield Found(one["Key"].rpartition("/")[2], one["LastModified"])

    def _move(self, sha256: str, source: str, target: str) -> None:
        """Copy, then delete; nothing happens when the source is not there."""
        with _typed(sha256):
            try:
                origin = {"Bucket": self._bucket, "Key": source}
                self._client.copy_object(Bucket=self._bucket, Key=target, CopySource=origin)
            except ClientError as error:
                if _code(error) in NOT_THERE:
                    return
                raise
            self._client.delete_object(Bucket=self._bucket, Key=source)

    def probe(self) -> str:
        """`conditional` when the store keeps create-only writes, `head-then-put` when it does not."""
        if self._semantics is None:
            self._semantics = self._ask_semantics()
        return self._semantics

    def _ask_semantics(self) -> str:
        name = f"probe/{new_id()}"
        with _typed(name):
            try:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=b"1", IfNoneMatch="*")
                self._client.put_object(Bucket=self._bucket, Key=name, Body=b"2", IfNoneMatch="*")
            except ClientError as error:
                if _code(error) in ALREADY_THERE:
                    return "conditional"
                if _code(error) not in ("NotImplemented", "InvalidArgument", "501"):
                    raise
            finally:
                self._client.delete_object(Bucket=self._bucket, Key=name)
        return "head-then-put"

    def _head(self, sha256: str) -> int | None:
        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=_key(sha256))["ContentLength"])
        except ClientError as error:
            if _code(error) in NOT_THERE:
                return None
            raise

    def _create(self, sha256: str, body: BinaryIO) -> None:
        with _typed(sha256):
            if self._head(sha256) is not None:
                return
            condition: dict[str, Any] = {"IfNoneMatch": "*"} if self.probe() == "conditional" else {}
            try:
                self._client.put_object(Bucket=self._bucket, Key=_key(sha256), Body=body, **condition)
            except ClientError as error:
                if _code(error) not in ALREADY_THERE:
                    raise


def _key(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _typed(name: str) -> Iterator[None]:
    """Failures of the store as errors of ours."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error, name) from error
    except BotoCoreError as error:
        raise Unavailable("the object store does not answer; nothing was stored") from error


def _refusal(error: ClientError, name: str) -> AppError:
    code = _code(error)
    if code in NOT_THERE:
        return IntegrityFailure("a stored blob is missing", sha256=name)
    if code in FULL:
        return StorageFull("no room left for images and masks; this one was not stored")
    return Unavailable(f"the object store refuses: {code}")
