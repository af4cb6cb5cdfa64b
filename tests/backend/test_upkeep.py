"""Sweep and verification of blobs: what a row names is never lost, and damage is told with its rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from backend import upkeep
from backend.audit.tables import AuditEntry
from backend.cli import main
from backend.config import get_settings
from backend.jobs.service import JobRequest, enqueue
from backend.jobs.tables import Job
from backend.kit import storage as kit
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import IntegrityFailure
from backend.kit.ids import new_id
from backend.labels import service as labels
from backend.labels.tables import Revision
from backend.projects.tables import Project
from backend.studies.tables import Instance, Series
from tests.backend.kit.test_storage import bucket, s3_url
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send_ct
from workers.relay import Relay

__all__ = ["bucket", "s3_url"]
DAY = timedelta(days=1, minutes=1)
NEVER_STORED = "0" * 64


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> kit.Storage:
    """The store of this process: a folder, or a bucket of a real S3 server."""
    if request.param == "bucket":
        made = request.getfixturevalue("bucket")[0]
        monkeypatch.setattr(upkeep, "storage", lambda: made)
        return made
    return kit.storage()


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    return send_ct(project, tmp_path)


def name_in_a_row(sha256: str) -> str:
    """Commit a row that names the blob: a job that exported it."""
    with session_scope() as session:
        job = enqueue(session, JobRequest("export", {}, None))
        job.state, job.result = "succeeded", {"files": [{"sha256": sha256}]}
        return job.id


def forget_row(job_id: str) -> None:
    with session_scope() as session:
        session.execute(delete(Job).where(Job.id == job_id))


def test_an_unnamed_blob_goes_to_the_bin_and_then_for_ever(store: kit.Storage) -> None:
    sha256 = store.put(b"orphan")
    assert upkeep.sweep(now() + DAY).discarded == 1
    assert [found.sha256 for found in store.discarded()] == [sha256]
    assert upkeep.sweep(now()).purged == 0
    assert upkeep.sweep(now() + DAY).purged == 1
    assert not store.exists(sha256)


def test_a_young_blob_is_left_alone(store: kit.Storage) -> None:
    sha256 = store.put(b"of an import that has not committed yet")
    assert upkeep.sweep(now() + timedelta(hours=23)).discarded == 0
    assert [found.sha256 for found in store.stored()] == [sha256]


def test_a_named_blob_stays_and_goes_when_its_row_is_gone(store: kit.Storage) -> None:
    job_id = name_in_a_row(store.put(b"named"))
    assert upkeep.sweep(now() + DAY).discarded == 0
    forget_row(job_id)
    assert upkeep.sweep(now() + DAY).discarded == 1


def test_a_blob_named_after_it_was_discarded_comes_back(store: kit.Storage) -> None:
    """An import found the blob in its place, the sweep took it, and only then the import committed."""
    sha256 = store.put(b"found in its place")
    upkeep.sweep(now() + DAY)
    name_in_a_row(sha256)
    assert upkeep.sweep(now() + DAY).restored == 1
    assert [found.sha256 for found in store.stored()] == [sha256]
    assert list(store.discarded()) == []


@pytest.mark.parametrize("read", ["get", "open", "size", "exists"])
def test_a_reader_takes_a_blob_out_of_the_bin(store: kit.Storage, read: str) -> None:
    sha256 = store.put(b"wanted")
    store.discard(sha256)
    found = getattr(store, read)(sha256)
    if read == "open":
        found.close()
    assert list(store.discarded()) == []
    assert store.get(sha256) == b"wanted"


def test_storing_again_what_lies_in_the_bin_does_not_depend_on_the_bin(store: kit.Storage) -> None:
    sha256 = store.put(b"again")
    store.discard(sha256)
    assert store.put(b"again") == sha256
    store.purge(sha256)
    assert store.get(sha256) == b"again"


def test_storing_again_makes_a_file_young(database: str) -> None:
    sha256 = kit.storage().put(b"old")
    path = kit.storage().local_path(sha256)
    assert path is not None
    os.utime(path, (0, 0))
    kit.storage().put(b"old")
    assert upkeep.sweep().discarded == 0


def test_every_blob_of_a_patient_is_named_and_those_of_a_deleted_one_go(arrived: Arrived) -> None:
    """A CT of six slices and the volume they make."""
    assert upkeep.sweep(now() + DAY).discarded == 0
    with session_scope() as session:
        session.delete(session.get_one(type(arrived.study), arrived.study.id))
    assert upkeep.sweep(now() + DAY).discarded == len(arrived.ct) + 1


def test_what_killed_uploads_and_jobs_left_is_removed(database: str) -> None:
    data = get_settings().data
    with session_scope() as session:
        over = enqueue(session, JobRequest("export", {}, None))
        over.state = "failed"
        waiting = enqueue(session, JobRequest("export", {}, None))
    scratch = data / "scratch"
    for name in (over.id, waiting.id, new_id()):
        (scratch / name / "1").mkdir(parents=True)
    kit.storage()
    upload, half_stored = scratch / new_id(), data / "blobs" / "incoming" / new_id()
    for path in (upload, half_stored):
        path.write_bytes(b"half")
    assert upkeep.sweep().leftovers == 2
    assert {path.name for path in scratch.iterdir()} == {waiting.id, upload.name}
    assert upkeep.sweep(now() + DAY).leftovers == 2
    assert [path.name for path in scratch.iterdir()] == [waiting.id]
    assert not half_stored.exists()


@pytest.fixture
def damaged(arrived: Arrived) -> Iterator[dict[str, str]]:
    """One slice is missing and the volume has another byte; gives what names them."""
    with session_scope(read_only=True) as session:
        slice_ = session.scalars(select(Instance).order_by(Instance.id).limit(1)).one()
        series = session.get_one(Series, arrived.series.id)
    store = kit.storage()
    store.delete(slice_.sha256)
    assert series.volume_sha256 is not None
    path = store.local_path(series.volume_sha256)
    assert path is not None
    path.write_bytes(b"\x01" + path.read_bytes()[1:])
    yield {f"instances/{slice_.id}": "missing", f"series/{series.id}": "altered"}


def test_damage_is_found_with_its_rows_and_kept_in_the_audit_trail(damaged: dict[str, str]) -> None:
    found = upkeep.verify()
    assert {damage.named_by[0]: damage.problem for damage in found} == damaged
    with session_scope(read_only=True) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "storage.blob.damaged")).all()
        assert {entry.changes["named_by"][0]: entry.changes["problem"] for entry in entries} == damaged
        assert {entry.object_id for entry in entries} == {damage.sha256 for damage in found}


def test_a_sound_store_has_no_damage(store: kit.Storage) -> None:
    name_in_a_row(store.put(b"sound"))
    assert upkeep.verify() == []


def test_a_missing_blob_of_a_bucket_or_folder_is_found(store: kit.Storage) -> None:
    job_id = name_in_a_row(NEVER_STORED)
    assert upkeep.verify() == [upkeep.Damage(NEVER_STORED, "missing", [f"jobs/{job_id}"])]


def test_thirty_days_look_at_every_image_and_each_day_at_every_mask(drawn_and_imported: set[str]) -> None:
    masks = drawn_and_imported
    read: list[set[str]] = []
    for day in range(upkeep.SHARES):
        looked = {damage.sha256 for damage in upkeep.verify(day)}
        assert masks <= looked
        read.append(looked - masks)
    every = {damage.sha256 for damage in upkeep.verify()}
    assert set.union(*read) | masks == every
    assert sum(len(share) for share in read) == len(every - masks)


@pytest.fixture
def drawn_and_imported(arrived: Arrived) -> set[str]:
    """Every blob is lost, so that a verification tells of each it looks at; gives those of masks."""
    with session_scope() as session:
        owner = labels.working_set(session, session.merge(arrived.series))
        structure = labels.ensure_structure(session, owner, labels.NewStructure("Larynx"))
        mask = np.zeros(arrived.grid.shape_kji, dtype=np.bool_)
        mask[2, 4:8, 4:8] = True
        labels.append_revision(session, structure, labels.NewRevision(mask, 0, tool="rule"))
    store = kit.storage()
    for found in list(store.stored()):
        store.delete(found.sha256)
    with session_scope(read_only=True) as session:
        return set(session.scalars(select(Revision.sha256)))


def test_the_command_sweeps(arrived: Arrived, capsys: pytest.CaptureFixture[str]) -> None:
    path = kit.storage().local_path(kit.storage().put(b"orphan"))
    assert path is not None
    os.utime(path, (0, 0))
    assert main(["storage", "sweep"]) == 0
    assert "\n1 blobs put into the bin, 0 taken out, 0 removed" in capsys.readouterr().out


def test_the_command_verifies(arrived: Arrived, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "verify"]) == 0
    assert capsys.readouterr().out == f"{len(arrived.ct) + 1} blobs read, 0 damaged\n"


def test_the_command_names_what_is_damaged(
    damaged: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["storage", "verify"]) == 1
    said = capsys.readouterr()
    assert said.out.endswith("2 damaged\n")
    for owner, problem in damaged.items():
        assert any(problem in line and owner in line for line in said.err.splitlines())


def test_the_relay_keeps_the_next_run_of_each_waiting(database: str) -> None:
    for _ in range(2):
        Relay().step()
    with session_scope(read_only=True) as session:
        waiting = session.scalars(select(Job)).all()
    assert sorted(job.kind for job in waiting) == sorted(upkeep.KINDS)
    assert all(job.available_at > now() + timedelta(hours=23) for job in waiting)
    with session_scope() as session:
        session.execute(update(Job).values(state="succeeded", finished_at=datetime.now(UTC)))
    Relay().step()
    with session_scope(read_only=True) as session:
        assert len(session.scalars(select(Job)).all()) == 2 * len(upkeep.KINDS)


def test_the_job_sweeps(database: str) -> None:
    path = kit.storage().local_path(kit.storage().put(b"orphan"))
    assert path is not None
    os.utime(path, (0, 0))
    assert run_job(queue("sweep-storage"))["discarded"] == 1


def test_the_job_fails_where_something_is_damaged(database: str) -> None:
    assert run_job(queue("verify-storage")) == {"damaged": 0}
    with session_scope() as session:  # one for each day, of which it is one's turn
        job = enqueue(session, JobRequest("export", {}, None))
        job.result = {"files": [f"{n:08x}" + "0" * 56 for n in range(upkeep.SHARES)]}
    wanted = queue("verify-storage")
    with pytest.raises(IntegrityFailure, match="1 stored blobs"):
        run_job(wanted)


def queue(kind: str) -> str:
    with session_scope() as session:
        return enqueue(session, JobRequest(kind, {}, None)).id
