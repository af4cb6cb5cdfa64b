"""Files through the browser's door: what goes in, what is refused and why, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from backend.config import get_settings
from backend.jobs.tables import Job
from backend.kit import storage as storage_module
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import StorageFull
from backend.kit.storage import LocalStorage
from backend.projects.tables import Project
from backend.studies import service
from backend.studies.imports import take_file, target_of
from backend.studies.schemas import Outcome
from backend.studies.settling import FORGOTTEN, settle
from backend.studies.tables import Instance, Patient, Series, Study
from tests.backend.studies.sending import begin, complete, put, send, zipped
from tests.factories.dicom import (
    cylinder,
    deflated_bomb,
    encode,
    make_ct_series,
    make_rtdose,
    make_rtstruct,
    nested_sequences,
    rle_lie,
    truncated,
)

Login = Callable[..., dict[str, str]]
SQUARE = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
MZ_PREAMBLE = b"MZ" + b"\x90" * 126
"""What makes a DICOM file a Windows program as well (CVE-2019-11687)."""


def counts() -> tuple[int, int, int, int]:
    """Patients, studies, series, instances in the database."""
    with session_scope(read_only=True) as session:
        numbers = [
            session.scalar(select(func.count()).select_from(t)) for t in (Patient, Study, Series, Instance)
        ]
    return numbers[0] or 0, numbers[1] or 0, numbers[2] or 0, numbers[3] or 0


def only_series() -> Series:
    with session_scope(read_only=True) as session:
        return session.scalars(select(Series)).one()


def scratch_is_empty() -> bool:
    return not any((get_settings().data / "scratch").iterdir())


def test_a_series_becomes_a_volume_of_its_own_values(
    client: TestClient, login: Login, project: Project
) -> None:
    hu = cylinder((6, 16, 20))
    series = make_ct_series((6, 16, 20), hu_kji=hu)
    summary = send(client, login("clinician"), project, series[::-1])
    assert (summary["stored"], summary["duplicate"], summary["refused"]) == (6, 0, 0)
    assert counts() == (1, 1, 1, 6)
    voxels, grid = service.load_volume(only_series())
    assert np.array_equal(voxels, hu)
    assert grid.shape_kji == (6, 16, 20)
    assert scratch_is_empty()


def test_a_ct_asks_for_contours_and_regions_once(client: TestClient, login: Login, project: Project) -> None:
    series, headers = make_ct_series((4, 16, 16)), login("clinician")
    send(client, headers, project, series)
    send(client, headers, project, series)
    with session_scope(read_only=True) as session:
        kinds = sorted(session.scalars(select(Job.kind)))
    assert kinds == ["presegment", "regions"]


def test_a_structure_set_waits_for_the_job_that_reads_it(
    client: TestClient, login: Login, project: Project
) -> None:
    series = make_ct_series((4, 16, 16))
    send(client, login("clinician"), project, [*series, make_rtstruct(series, {"PTV": {1: SQUARE}})])
    with session_scope(read_only=True) as session:
        (job,) = session.scalars(select(Job).where(Job.kind == "import-structures"))
        stored = session.get_one(Instance, job.parameters["instance_id"])
    assert stored.sop_class_uid == "1.2.840.10008.5.1.4.1.1.481.3"


def test_a_dose_becomes_a_volume_in_gray(client: TestClient, login: Login, project: Project) -> None:
    series = make_ct_series((4, 16, 16))
    dose = make_rtdose(series, np.linspace(0, 70, 3 * 5 * 4).reshape(3, 5, 4), (4.0, 4.0, 3.0))
    send(client, login("clinician"), project, [*series, dose])
    with session_scope(read_only=True) as session:
        stored = session.scalars(select(Series).where(Series.modality == "RTDOSE")).one()
    gray, grid = service.load_volume(stored)
    assert grid.shape_kji == dose.pixel_array.shape
    assert (stored.volume or {})["unit"] == "Gy"
    assert np.allclose(np.sort(gray, axis=None), np.sort(dose.pixel_array * dose.DoseGridScaling, axis=None))


def test_slices_that_come_one_by_one_are_left_to_a_job(
    client: TestClient, login: Login, project: Project
) -> None:
    series, headers = make_ct_series((8, 16, 16)), login("clinician")
    send(client, headers, project, series[:6])
    for slice_ in series[6:]:
        body = b"--b\r\n\r\n" + encode(slice_) + b"\r\n--b--\r\n"
        kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        assert client.post("/dicomweb/studies", content=body, headers=headers | kind).status_code == 200
    with session_scope(read_only=True) as session:
        (job,) = session.scalars(select(Job).where(Job.kind == "assemble"))
    assert only_series().volume is None
    assert service.assemble_series(job.parameters["series_id"])
    assert service.load_volume(only_series())[1].shape_kji == (8, 16, 16)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"hello", "not-dicom"),
        (b"", "empty-file"),
        (truncated(), "dicom-truncated"),
        (nested_sequences(300), "dicom-too-deep"),
        (nested_sequences(5000), "dicom-too-deep"),
        (rle_lie(), "dicom-too-large"),
        (deflated_bomb(300 * 2**20), "dicom-too-large"),
        (b"PK\x03\x04garbage", "bad-archive"),
    ],
    ids=["text", "empty", "truncated", "deep", "deeper", "rle", "bomb", "zip"],
)
def test_hostile_files_are_refused_by_name(
    client: TestClient, login: Login, project: Project, data: bytes, slug: str
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    (outcome,) = put(client, headers, batch, "folder/bad.dcm", data)
    assert (outcome["name"], outcome["outcome"], outcome["slug"]) == ("folder/bad.dcm", "refused", slug)
    assert outcome["detail"]
    assert counts() == (0, 0, 0, 0)
    assert scratch_is_empty()


def test_a_hostile_member_does_not_stop_the_rest(client: TestClient, login: Login, project: Project) -> None:
    series, headers = make_ct_series((2, 16, 16)), login("annotator")
    files = {
        "a.dcm": encode(series[0]),
        "../b.dcm": encode(series[1]),
        "c.txt": b"text",
        "d.dcm": MZ_PREAMBLE + encode(series[1])[128:],
    }
    batch = begin(client, headers, project)
    outcomes = {o["name"]: o for o in put(client, headers, batch, "x.zip", zipped(files))}
    assert outcomes["x.zip/a.dcm"]["outcome"] == "stored"
    assert outcomes["x.zip/../b.dcm"]["slug"] == "bad-archive"
    assert outcomes["x.zip/c.txt"]["slug"] == "not-dicom"
    assert outcomes["x.zip/d.dcm"]["outcome"] == "stored"
    summary = complete(client, headers, batch)
    assert (summary["stored"], summary["refused"]) == (2, 2)
    with session_scope(read_only=True) as session:
        blobs = [storage_module.storage().get(sha) for sha in session.scalars(select(Instance.sha256))]
    assert all(blob[:128] == b"\0" * 128 for blob in blobs)


def test_the_same_instance_with_other_content_is_refused(
    client: TestClient, login: Login, project: Project
) -> None:
    series, headers = make_ct_series((2, 16, 16)), login("clinician")
    batch = begin(client, headers, project)
    put(client, headers, batch, "1", encode(series[0]))
    assert put(client, headers, batch, "2", encode(series[0]))[0]["outcome"] == "duplicate"
    series[0].RescaleIntercept = -1000
    (outcome,) = put(client, headers, batch, "3", encode(series[0]))
    assert (outcome["outcome"], outcome["slug"]) == ("refused", "conflicting-instance")
    assert outcome["sop_instance_uid"] == series[0].SOPInstanceUID


def test_the_same_data_set_in_another_transfer_syntax_is_the_same_instance(
    client: TestClient, login: Login, project: Project
) -> None:
    series, headers = make_ct_series((1, 16, 16)), login("clinician")
    batch = begin(client, headers, project)
    put(client, headers, batch, "1", encode(series[0]))
    (outcome,) = put(client, headers, batch, "2", encode(series[0], "1.2.840.10008.1.2"))
    assert outcome["outcome"] == "duplicate"


def test_patients_without_an_id_are_not_thrown_together(
    client: TestClient, login: Login, project: Project
) -> None:
    for seed in ("a", "b"):
        series = make_ct_series((2, 16, 16), seed=seed)
        for slice_ in series:
            slice_.PatientID = ""
        send(client, login("clinician"), project, series)
    assert counts() == (2, 2, 2, 4)


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"missing": [3]}, "missing-slices"),
        ({"gantry_tilt_degrees": 10.0}, "gantry-tilt"),
        ({"duplicated": [1, 2, 3, 4]}, "repeated-positions"),
    ],
)
def test_a_bad_geometry_is_shown_in_the_worklist(
    client: TestClient, login: Login, project: Project, options: dict[str, object], slug: str
) -> None:
    headers = login("clinician")
    summary = send(client, headers, project, make_ct_series((8, 16, 16), **options))  # type: ignore[arg-type]
    rows = client.get(f"/api/projects/{project.id}/studies", params={"warning": slug}, headers=headers).json()
    assert [row["id"] for row in rows["items"]] == summary["studies"]
    assert [(w["slug"], w["severity"]) for w in rows["items"][0]["warnings"]] == [(slug, "refusal")]
    (series,) = client.get(f"/api/studies/{summary['studies'][0]}", headers=headers).json()["series"]
    assert series["volume"] is None
    volume = client.get(f"/api/series/{series['id']}/volume", headers=headers)
    assert (volume.status_code, volume.json()["type"]) == (409, "/problems/no-volume")


def test_a_missing_slice_that_comes_later_heals_the_series(
    client: TestClient, login: Login, project: Project
) -> None:
    series, headers = make_ct_series((6, 16, 16)), login("clinician")
    send(client, headers, project, [s for k, s in enumerate(series) if k != 3])
    assert only_series().volume is None
    send(client, headers, project, series)
    assert only_series().warnings == []
    assert service.load_volume(only_series())[1].shape_kji == (6, 16, 16)


def test_twenty_clients_sending_the_same_study_make_one(
    database: str, project: Project, tmp_path: Path
) -> None:
    series = make_ct_series((3, 8, 8))
    paths = [tmp_path / f"{k}.dcm" for k in range(3)]
    for path, slice_ in zip(paths, series, strict=True):
        path.write_bytes(encode(slice_))
    target = target_of(project, None)

    def client_sends(_: int) -> list[Outcome]:
        arrivals = [take_file(target, path.name, path)[0] for path in paths]
        settle([a.study_row_id for a in arrivals if a.study_row_id])
        return [a.outcome for a in arrivals]

    with ThreadPoolExecutor(20) as pool:
        outcomes = [o for answer in pool.map(client_sends, range(20)) for o in answer]
    assert outcomes.count(Outcome.STORED) == 3
    assert outcomes.count(Outcome.DUPLICATE) == 57
    assert counts() == (1, 1, 1, 3)
    assert service.load_volume(only_series())[1].shape_kji == (3, 8, 8)


class FullStorage(LocalStorage):
    """A store on a disk without room."""

    def put_all(self, several: Sequence[bytes | memoryview]) -> list[str]:
        raise StorageFull("no room left")


def test_a_full_disk_stores_nothing_half(
    client: TestClient, login: Login, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    monkeypatch.setattr("backend.studies.intake.storage", lambda: FullStorage(get_settings().data / "full"))
    content = encode(make_ct_series((1, 8, 8))[0])
    answer = client.put(f"/api/imports/{batch}/files", params={"name": "a"}, content=content, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
    assert counts() == (0, 0, 0, 0)
    assert scratch_is_empty()


def test_a_scan_whose_sender_is_gone_is_asked_for_once_it_is_quiet(
    client: TestClient, login: Login, project: Project
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    for slice_ in make_ct_series((4, 8, 8)):
        put(client, headers, batch, "a\0b.dcm", encode(slice_))  # and then the tab is closed
    with session_scope() as session:
        assert service.settle_forgotten(session) == 0
        session.execute(update(Study).values(updated_at=now() - 2 * FORGOTTEN))
    with session_scope() as session:
        assert service.settle_forgotten(session) == 1
        assert service.settle_forgotten(session) == 0
        assert session.scalars(select(Job.kind)).all() == ["assemble"]


def test_a_full_disk_in_the_middle_of_a_stow_leaves_what_came_before_in_order(
    client: TestClient, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = make_ct_series((4, 8, 8))
    store = storage_module.storage()
    taken = iter((store, store, store))
    full = FullStorage(get_settings().data / "full")
    monkeypatch.setattr("backend.studies.intake.storage", lambda: next(taken, full))
    monkeypatch.setattr("backend.dicomweb.store.TOGETHER", 1)
    parts = b"".join(b"--x\r\nContent-Type: application/dicom\r\n\r\n" + encode(s) + b"\r\n" for s in series)
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    headers = login("clinician") | {"Content-Type": kind}
    answer = client.post("/dicomweb/studies", content=parts + b"--x--", headers=headers)
    assert answer.status_code == 507
    stored = counts()[3]
    assert 0 < stored < 4
    with session_scope(read_only=True) as session:
        asked = session.scalars(select(Job.kind)).all()
    assert only_series().volume is not None or "assemble" in asked


def test_a_patient_id_of_somebody_else_is_refused(client: TestClient, login: Login, project: Project) -> None:
    headers = login("clinician")
    send(client, headers, project, make_ct_series((2, 8, 8), seed="one"))
    other, married = (make_ct_series((2, 8, 8), seed=seed) for seed in ("other", "married"))
    for slice_ in (*other, *married):
        slice_.PatientName = "Someone^Else"
    for slice_ in other:
        slice_.PatientBirthDate = "19991231"
    refused = send(client, headers, project, other)
    assert (refused["stored"], refused["refused"]) == (0, 2)
    assert counts()[:2] == (1, 1)
    assert send(client, headers, project, married)["stored"] == 2


def test_more_than_the_limit_is_refused_without_a_trace(
    client: TestClient, login: Login, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    monkeypatch.setattr(get_settings(), "upload_bytes", 1000)
    where = f"/api/imports/{batch}/files"
    declared = client.put(where, params={"name": "a"}, content=b"x" * 1001, headers=headers)
    chunked = client.put(where, params={"name": "a"}, content=iter([b"x" * 600, b"x" * 600]), headers=headers)
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert scratch_is_empty()


def test_an_import_belongs_to_who_began_it(client: TestClient, login: Login, project: Project) -> None:
    batch = begin(client, login("clinician"), project)
    for headers, status in ((login("clinician"), 404), (login(None), 404), (login("reader"), 404)):
        answer = client.put(
            f"/api/imports/{batch}/files", params={"name": "a"}, content=b"x", headers=headers
        )
        assert answer.status_code == status
    assert client.post(f"/api/projects/{project.id}/imports", headers=login("reader")).status_code == 403
    assert client.post(f"/api/projects/{project.id}/imports", headers=login(None)).status_code == 404


def test_completing_twice_says_the_same_and_ends_the_import(
    client: TestClient, login: Login, project: Project
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    put(client, headers, batch, "a", encode(make_ct_series((1, 8, 8))[0]))
    assert complete(client, headers, batch) == complete(client, headers, batch)
    answer = client.put(f"/api/imports/{batch}/files", params={"name": "b"}, content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/import-complete")


def test_study_is_arriving_until_all_is_there_or_the_sender_falls_silent(
    client: TestClient, project: Project, login: Login
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)

    def arriving() -> bool:
        rows = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
        return bool(rows[0]["arriving"])

    for number, dataset in enumerate(make_ct_series((4, 8, 8))):
        put(client, headers, batch, f"{number}.dcm", encode(dataset))
    assert arriving()
    with session_scope() as session:
        session.execute(update(Study).values(updated_at=now() - timedelta(minutes=3)))
    assert not arriving()
    with session_scope() as session:
        session.execute(update(Study).values(updated_at=now()))
    complete(client, headers, batch)
    assert not arriving()
