"""Upkeep of the blob store: away with blobs that no row names, and proof that the others are as written.

A blob outlives its row when its study is deleted, and has never had one when a process died between storing
it and committing the row.  `sweep` takes such blobs in two steps, each after a grace of a day:

1.  A blob that was last stored a day ago and that no row names goes to the store's bin.
2.  A blob that has been in the bin for a day goes for ever, or back into the store if a row names it by now.

Why no blob of a new row is lost: whoever writes a row stores its blob first and commits within a day (an
import's transaction lasts seconds, a job's last one minutes).  Storing finds the blob in its place or writes
it there anew, never in the bin.  If it was found in its place, it can have gone to the bin only after that;
the names are read again at least a day later, when the row is there, and the blob comes back.  Until then
every reader that misses a blob looks into the bin and brings it back itself.  So neither the order of steps
nor a clock that is wrong by hours decides about a blob.

Which columns name blobs is read from the tables' metadata: type `BlobName`, or JSON with `NAMES_BLOBS`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from backend.audit.service import record
from backend.config import get_settings
from backend.jobs.service import JobRequest, enqueue
from backend.jobs.states import FINAL
from backend.jobs.tables import Job
from backend.kit.clock import now
from backend.kit.db import BlobName, session_scope
from backend.kit.errors import IntegrityFailure
from backend.kit.storage import CHUNK_BYTES, Storage, storage
from backend.tables import Base

GRACE = timedelta(hours=24)
"""Between a blob and its row, and again in the bin."""
EVERY_S = 24 * 3600.0
"""Between two runs of each job."""
KINDS = ("sweep-storage", "verify-storage")
SHARES = 30
"""Days in which the scheduled runs have looked at every blob; what people drew is looked at every day."""
DAILY_TABLES = frozenset({"revisions", "reviews"})
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
log = structlog.get_logger()


@dataclass(frozen=True)
class Swept:
    """How many blobs and files a sweep moved."""

    discarded: int
    restored: int
    purged: int
    leftovers: int
    """Files and folders of killed uploads and jobs."""


@dataclass(frozen=True)
class Damage:
    """A blob that rows name and that is not what was stored."""

    sha256: str
    problem: str
    """`missing` or `altered`."""
    named_by: list[str]
    """`table/id` of each row."""


def blob_columns() -> list[Column[Any]]:
    """Every column of every table that names blobs."""
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    return [c for c in columns if isinstance(c.type, BlobName) or c.info.get("names_blobs")]


def named_blobs() -> dict[str, bool]:
    """The blobs that rows name, and whether one of the daily tables is among these."""
    named: dict[str, bool] = {}
    for column in blob_columns():
        daily = column.table.name in DAILY_TABLES
        with session_scope(read_only=True) as session:
            for value in session.scalars(select(column).where(column.is_not(None))):
                for sha256 in _hashes(value):
                    named[sha256] = named.get(sha256, False) or daily
    return named


def sweep(moment: datetime | None = None) -> Swept:
    """Bring unnamed blobs a step nearer to their end, as if it were `moment` (now)."""
    store, before = storage(), (moment or now()) - GRACE
    in_bin = [found.sha256 for found in store.discarded() if found.at < before]
    old = [found.sha256 for found in store.stored() if found.at < before]
    named = named_blobs()
    back = [sha256 for sha256 in in_bin if sha256 in named]
    gone = [sha256 for sha256 in in_bin if sha256 not in named]
    unnamed = [sha256 for sha256 in old if sha256 not in named]
    for sha256 in back:
        store.restore(sha256)
    for sha256 in gone:
        store.purge(sha256)
    for sha256 in unnamed:
        store.discard(sha256)
    leftovers = store.clear_incoming(before) + sweep_scratch(before)
    swept = Swept(len(unnamed), len(back), len(gone), leftovers)
    log.info("storage.swept", discarded=swept.discarded, restored=swept.restored, purged=swept.purged)
    return swept


def sweep_scratch(before: datetime) -> int:
    """Remove the folders of jobs that are over, and files of uploads begun before this moment; how many."""
    entries = {entry.name: entry for entry in (get_settings().data / "scratch").glob("*")}
    folders = [name for name, entry in entries.items() if entry.is_dir()]
    with session_scope(read_only=True) as session:
        going_on = select(Job.id).where(Job.id.in_(folders), Job.state.not_in(FINAL))
        kept = set(session.scalars(going_on))
    removed = 0
    for name, entry in entries.items():
        if name in folders and name not in kept:
            shutil.rmtree(entry, ignore_errors=True)
            removed += 1
        elif entry.is_file() and datetime.fromtimestamp(entry.stat().st_mtime, UTC) < before:
            entry.unlink(missing_ok=True)
            removed += 1
    return removed


def verify(day: int | None = None, told: Callable[[int, int], None] | None = None) -> list[Damage]:
    """Read every named blob and hash it again; each damage is logged and kept in the audit trail.

    With `day`, a number of the calendar, only what people drew and the share of the others that is its turn.
    """
    named = named_blobs()
    wanted = sorted(
        s for s, daily in named.items() if day is None or daily or int(s[:8], 16) % SHARES == day % SHARES
    )
    found = []
    for number, sha256 in enumerate(wanted, 1):
        problem = _problem(storage(), sha256)
        if problem is not None and (damage := _judged(sha256, problem)) is not None:
            found.append(damage)
        if told is not None:
            told(number, len(wanted))
    return found


def schedule(session: Session) -> None:
    """See to it that the next run of each job is waiting."""
    for kind in KINDS:
        waits = select(Job.id).where(Job.kind == kind, Job.state.not_in(FINAL)).limit(1)
        if session.scalar(waits) is None:
            enqueue(session, JobRequest(kind, {}, None, coalesce_key=kind, delay_s=EVERY_S))


def _problem(store: Storage, sha256: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with store.open(sha256) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    except IntegrityFailure:
        return "missing"
    return None if digest.hexdigest() == sha256 else "altered"


def _judged(sha256: str, problem: str) -> Damage | None:
    """The damage with an entry in the audit trail; None when its rows are gone by now."""
    with session_scope() as session:
        named_by = sorted(owner for column in blob_columns() for owner in _owners(session, column, sha256))
        if not named_by:
            return None
        changes = {"problem": problem, "named_by": named_by}
        record(session, None, "storage.blob.damaged", "blob", sha256, changes=changes)
    log.error("storage.blob.damaged", sha256=sha256, problem=problem, named_by=named_by)
    return Damage(sha256, problem, named_by)


def _owners(session: Session, column: Column[Any], sha256: str) -> Iterator[str]:
    keys = list(column.table.primary_key.columns)
    plain = isinstance(column.type, BlobName)
    statement = select(column, *keys).where(column == sha256 if plain else column.is_not(None))
    for value, *key in session.execute(statement):
        if sha256 in _hashes(value):
            yield "/".join([column.table.name, *(str(part) for part in key)])


def _hashes(value: object) -> Iterator[str]:
    """Every SHA-256 in a text or anywhere in JSON."""
    match value:
        case str() if _SHA256.match(value):
            yield value
        case dict():
            for one in value.values():
                yield from _hashes(one)
        case list():
            for one in value:
                yield from _hashes(one)
