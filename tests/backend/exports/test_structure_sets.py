"""A structure set leaves as it is and is published after each change."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.audit.tables import AuditEntry
from backend.exports import service as exports
from backend.exports.objects import OutgoingSet
from backend.jobs.tables import Job
from backend.kit import db, storage
from backend.kit.clock import now
from backend.labels import service
from backend.labels.tables import Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.tables import Instance, Patient, Series
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import fill_contours, read_rtstruct
from rt.dicom.seg import read_seg
from rt.masks import decode_mask
from rt.resample import read_nifti
from tests.backend.labels.conftest import NETWORK, Drawn, Save, draw, save  # noqa: F401 (fixture)
from tests.factories.dicom import make_ct_series, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived, send
from tests.factories.reviewing import review
from tests.factories.scenes import block

Login = Callable[..., dict[str, str]]
RING = [(4.25, 6.125), (12.5, 6.125), (12.5, 15.75), (4.25, 15.75)]


def _export(client: TestClient, set_id: str, form: str, headers: dict[str, str]) -> bytes:
    answer = client.get(f"/api/structure-sets/{set_id}/export?format={form}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return answer.content


def test_file_is_named_after_patient_and_set(drawn: Drawn, client: TestClient, login: Login) -> None:
    with db.session_scope() as session:
        session.get_one(StructureSet, drawn.set_id).label = '../頭頸部 "2'
        session.execute(update(Patient).values(patient_id="A/7\r\n"))
    answer = client.get(f"/api/structure-sets/{drawn.set_id}/export?format=seg", headers=login("clinician"))
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="A_7_________2_seg.dcm"; '
        "filename*=UTF-8''A_7____%E9%A0%AD%E9%A0%B8%E9%83%A8__2_seg.dcm"
    )


def test_rtstruct_read_back_is_the_same_mask(drawn: Drawn, client: TestClient, login: Login) -> None:
    data = _export(client, drawn.set_id, "rtstruct", login("clinician"))
    assert data[:128] == bytes(128)
    content = read_rtstruct(read_stored(data))
    rois = {roi.name: roi for roi in content.rois}
    assert set(rois) == {"Brainstem", "Parotid_L"}
    back = fill_contours(rois["Parotid_L"].contours, drawn.scene.grid).mask_kji
    assert np.array_equal(back, drawn.mask)


def test_seg_read_back_keeps_the_overlap(drawn: Drawn, client: TestClient, login: Login) -> None:
    data = _export(client, drawn.set_id, "seg", login("clinician"))
    segments = {s.label: s for s in read_seg(read_stored(data), drawn.scene.grid).segments}
    assert np.array_equal(segments["Parotid_L"].mask_kji, drawn.mask)
    assert (segments["Parotid_L"].mask_kji & segments["Brainstem"].mask_kji).any()


def test_nifti_read_back_is_the_same_mask(
    drawn: Drawn, client: TestClient, login: Login, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(_export(client, drawn.set_id, "nifti", login("clinician")))) as archive:
        listed = json.loads(archive.read("structures.json"))["structures"]
        entry = next(one for one in listed if one["name"] == "Parotid_L")
        archive.extract(entry["file"], tmp_path)
    array, grid = read_nifti(tmp_path / entry["file"])
    assert np.array_equal(array.astype(bool), drawn.mask)
    assert grid.is_close(drawn.scene.grid)


def test_what_leaves_is_in_the_audit_trail(drawn: Drawn, client: TestClient, login: Login) -> None:
    _export(client, drawn.set_id, "rtstruct", login("clinician"))
    with db.session_scope(read_only=True) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exports.set.exported")).one()
    assert (entry.object_id, entry.changes) == (
        drawn.set_id,
        {"format": "rtstruct", "profile": "generic"},
    )


def test_only_those_who_may_export_do(drawn: Drawn, client: TestClient, login: Login) -> None:
    url = f"/api/structure-sets/{drawn.set_id}/export?format=rtstruct"
    assert client.get(url, headers=login("annotator")).status_code == 403
    assert client.get(url, headers=login("reader")).status_code == 403
    assert client.get(url, headers=login(None)).status_code == 404
    assert client.get(url.replace("rtstruct", "docx"), headers=login("clinician")).status_code == 422


def test_untouched_slices_leave_with_the_very_same_points(
    project: Project,
    arrived: Arrived,
    tmp_path: Path,
    client: TestClient,
    login: Login,
    save: Save,  # noqa: F811
) -> None:
    sent = make_rtstruct(arrived.ct, {"Larynx": {1: RING, 2: RING, 3: RING}})
    send(project, tmp_path / "rs", [sent])
    run_queued("import-structures")
    with db.session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure)).one()
        mask = service.head_mask(session, structure, arrived.grid).copy()
    mask[2, 18:20, 4:8] = True
    assert save(structure.id, mask, 1, login("annotator")).status_code == 201
    data = _export(client, structure.structure_set_id, "rtstruct", login("clinician"))
    before, after = _contours_by_slice(sent), _contours_by_slice(read_stored(data))
    assert (after[1], after[3]) == (before[1], before[3])
    assert after[2] != before[2]
    roi = read_rtstruct(read_stored(data)).rois[0]
    assert np.array_equal(fill_contours(roi.contours, arrived.grid).mask_kji, mask)


def _contours_by_slice(dataset: Dataset) -> dict[int, list[str]]:
    """ContourData as text by the number of the slice, from the bottom."""
    found: dict[int, list[str]] = {}
    for item in dataset.ROIContourSequence[0].ContourSequence:
        texts = [str(getattr(v, "original_string", v)) for v in item.ContourData]
        found.setdefault(round((float(texts[2]) + 30.0) / 3.0), []).append("\\".join(texts))
    return found


def _published(drawn: Drawn) -> dict[str, Dataset]:
    """The published objects of the set by modality."""
    with db.session_scope(read_only=True) as session:
        rows = session.execute(
            select(Series.modality, Instance.sha256)
            .join(Instance, Instance.series_row_id == Series.id)
            .where(Series.structure_set_id == drawn.set_id)
        ).all()
    assert len(rows) == 2
    return {row[0]: read_stored(storage.storage().get(row[1])) for row in rows}


def test_published_set_follows_every_change(
    drawn: Drawn,
    client: TestClient,
    login: Login,
    save: Save,  # noqa: F811
) -> None:
    assert len(run_queued("publish")) == 1, "two organs drawn are one publication"
    first = _published(drawn)
    names = [roi.ROIName for roi in first["RTSTRUCT"].StructureSetROISequence]
    assert names == ["Brainstem", "Parotid_L"]
    assert first["RTSTRUCT"].ApprovalStatus == "UNAPPROVED"
    assert first["RTSTRUCT"].StructureSetLabel == "Rinkaku AI"
    changed = drawn.mask | block(drawn.scene.grid, slice(4, 5), slice(1, 4), slice(1, 4))
    save(drawn.structure_id, changed, 1, login("annotator"))
    run_queued("publish")
    second = _published(drawn)
    assert second["SEG"].SeriesInstanceUID == first["SEG"].SeriesInstanceUID
    assert second["SEG"].SOPInstanceUID != first["SEG"].SOPInstanceUID
    back = {s.label: s.mask_kji for s in read_seg(second["SEG"], drawn.scene.grid).segments}
    assert np.array_equal(back["Parotid_L"], changed)


def test_first_publication_waits_for_the_network(arrived: Arrived) -> None:
    """Who polls QIDO-RS for an RTSTRUCT gets the organs, not the regions that rules find sooner."""
    with db.session_scope() as session:
        owner = service.working_set(session, session.merge(arrived.series))
        external = service.ensure_structure(session, owner, service.NewStructure("External"))
        mask = block(arrived.grid, slice(1, 4), slice(2, 20), slice(2, 16))
        service.append_revision(session, external, service.NewRevision(mask, 0, tool="rule"))
    assert run_queued("publish") == [{"published": [], "reason": "awaits-network"}]
    with db.session_scope() as session:
        waiting = session.scalars(select(Job).where(Job.kind == "publish", Job.state == "queued")).one()
        assert waiting.available_at > now() + timedelta(seconds=30)
        structure = service.ensure_structure(session, owner, service.NewStructure("Brainstem"))
        service.append_revision(session, structure, service.NewRevision(mask, 0, tool="network"))
        assert waiting.available_at < now() + timedelta(seconds=10), "the network brings it forward"
    assert [len(result["published"]) for result in run_queued("publish")] == [2]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_publication_that_waits_is_one_job_and_outlives_a_network_that_does_not_draw(
    arrived: Arrived, end: str
) -> None:
    with db.session_scope() as session:
        owner = service.working_set(session, session.merge(arrived.series))
        external = service.ensure_structure(session, owner, service.NewStructure("External"))
        mask = block(arrived.grid, slice(1, 4), slice(2, 20), slice(2, 16))
        service.append_revision(session, external, service.NewRevision(mask, 0, tool="rule"))
    for _ in range(5):
        assert run_queued("publish") == [{"published": [], "reason": "awaits-network"}]
    with db.session_scope() as session:
        waiting = session.scalars(select(Job).where(Job.kind == "publish")).one()
        assert (waiting.state, waiting.max_attempts - waiting.attempt) == ("queued", 3)
        session.execute(update(Job).where(Job.kind == "presegment").values(state=end))
    assert [len(result["published"]) for result in run_queued("publish")] == [2]


def test_publication_asked_for_while_an_earlier_one_finds_that_it_must_wait_is_the_one_that_waits(
    arrived: Arrived, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.session_scope() as session:
        owner = service.working_set(session, session.merge(arrived.series))
        external = service.ensure_structure(session, owner, service.NewStructure("External"))
        mask = block(arrived.grid, slice(1, 4), slice(2, 20), slice(2, 16))
        service.append_revision(session, external, service.NewRevision(mask, 0, tool="rule"))
    looks = exports.awaits_network

    def asked_meanwhile(session: Session, outgoing: OutgoingSet) -> bool:
        with db.session_scope() as other:
            service.append_revision(other, other.merge(external), service.NewRevision(mask, 1, tool="rule"))
        return looks(session, outgoing)

    monkeypatch.setattr(exports, "awaits_network", asked_meanwhile)
    assert run_queued("publish") == [{"published": [], "reason": "awaits-network"}]
    with db.session_scope(read_only=True) as session:
        states = session.scalars(select(Job.state).where(Job.kind == "publish").order_by(Job.id)).all()
    assert states == ["succeeded", "queued"]


def test_software_draws_again_when_slices_come_late(project: Project, tmp_path: Path) -> None:
    ct = make_ct_series((8, 40, 40))
    send(project, tmp_path / "first", ct[:5])
    assert run_queued("regions") == [{"drawn": ["External", "Bones"]}]
    send(project, tmp_path / "rest", ct)
    assert run_queued("regions") == [{"drawn": ["External", "Bones"]}]
    with db.session_scope() as session:
        session.execute(update(Job).where(Job.kind == "presegment").values(state="cancelled"))
        structure = session.scalars(select(Structure).where(Structure.name == "External")).one()
        series = session.scalars(select(Series).where(Series.modality == "CT")).one()
        assert structure.head == 2
        head = service.get_revision(session, structure.id, 2)
        assert service.load_mask(head, service.grid_of(series)).shape == (8, 40, 40)
    assert [len(result["published"]) for result in run_queued("publish")] == [2]


def test_what_people_drew_keeps_its_images_when_slices_come_late(
    project: Project,
    tmp_path: Path,
    client: TestClient,
    login: Login,
    save: Save,  # noqa: F811
) -> None:
    ct = make_ct_series((8, 40, 40))
    send(project, tmp_path / "first", ct[:5])
    run_queued("regions")
    with db.session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure).where(Structure.name == "External")).one()
    mask = np.zeros((5, 40, 40), dtype=np.bool_)
    mask[2, 10:20, 10:20] = True
    assert save(structure.id, mask, 1, login("annotator")).status_code == 201
    study_id = send(project, tmp_path / "rest", ct)
    detail = client.get(f"/api/studies/{study_id}", headers=login("annotator")).json()
    (series,) = (s for s in detail["series"] if s["modality"] == "CT")
    assert [warning["slug"] for warning in series["warnings"]] == ["late-images"]
    assert series["volume"]["grid"]["shape_kji"] == [5, 40, 40]
    answer = client.get(f"/api/structures/{structure.id}/revisions/2/mask", headers=login("annotator"))
    assert np.array_equal(decode_mask(answer.content, (5, 40, 40)), mask)


def test_regions_are_published_when_no_network_comes(arrived: Arrived) -> None:
    with db.session_scope() as session:
        session.execute(update(Job).where(Job.kind == "presegment").values(state="cancelled"))
        owner = service.working_set(session, session.merge(arrived.series))
        external = service.ensure_structure(session, owner, service.NewStructure("External"))
        mask = block(arrived.grid, slice(1, 4), slice(2, 20), slice(2, 16))
        service.append_revision(session, external, service.NewRevision(mask, 0, tool="rule"))
    assert [len(result["published"]) for result in run_queued("publish")] == [2]


def test_published_set_says_who_approved(drawn: Drawn, client: TestClient, login: Login) -> None:
    url = f"/api/structure-sets/{drawn.set_id}"
    client.post(f"{url}/submit", json={}, headers=login("annotator"))
    review(client, drawn.set_id, "approve", login("reviewer"), structure_ids=[drawn.structure_id])
    run_queued("publish")
    assert _published(drawn)["RTSTRUCT"].ApprovalStatus == "UNAPPROVED", "one of two is not all"
    review(client, drawn.set_id, "approve", login("clinician"))
    run_queued("publish")
    published = _published(drawn)["RTSTRUCT"]
    assert published.ApprovalStatus == "APPROVED"
    assert str(published.ReviewerName).startswith("clinician")


def test_rejected_structure_does_not_leave(drawn: Drawn, client: TestClient, login: Login) -> None:
    url = f"/api/structures/{drawn.structure_id}/assessment"
    client.put(url, json={"assessment": "rejected"}, headers=login("annotator"))
    data = _export(client, drawn.set_id, "rtstruct", login("clinician"))
    assert [roi.name for roi in read_rtstruct(read_stored(data)).rois] == ["Brainstem"]
