"""Approved structure sets sent to peers, with receipts; storage commitment in both directions."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from fastapi.testclient import TestClient
from pynetdicom import AE, evt
from sqlalchemy import delete, select, update

from backend.audit.tables import AuditEntry
from backend.config import get_settings
from backend.dimse.errors import ChangedMeanwhile, LeavesUnnamed, NotApproved, PeerRefused
from backend.dimse.service import Call, admit
from backend.jobs.tables import Job
from backend.kit import db
from backend.labels.tables import StructureSet
from backend.studies.tables import Instance
from tests.backend.dimse.conftest import CALLER, TITLE, Orthanc, Ours, free_port, name_peer, wait_until
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.dicom import encode, make_ct_series
from tests.factories.jobs import run_job, run_queued
from tests.factories.patients import send_ct
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
Login = Callable[..., dict[str, str]]


@pytest.fixture
def drawn(ours: Ours, tmp_path: Path) -> Drawn:
    """An organ that the network drew on a CT that came as DICOM."""
    arrived = send_ct(ours.project, tmp_path / "ct")
    with db.session_scope(read_only=True) as session:
        scene = Scene(session.merge(arrived.study), session.merge(arrived.series), arrived.grid)
    return draw(scene, "Brainstem", block(arrived.grid, slice(1, 4), slice(5, 12), slice(4, 9)))


@pytest.fixture
def approved(drawn: Drawn, client: TestClient, login: Login) -> Drawn:
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        assert review(client, drawn.set_id, act, login(role)).status_code == 200
    return drawn


@contextmanager
def peer(port: int, answer: Callable[[Any], Any], *sop_classes: str) -> Iterator[None]:
    """A peer that answers each C-STORE so."""
    entity = AE(ae_title="TPS")
    for sop_class in sop_classes or (RTSTRUCT, SEG):
        entity.add_supported_context(sop_class)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, answer)])
    yield
    server.shutdown()


def ask(client: TestClient, drawn: Drawn, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    """The delivery that was asked for."""
    path = f"/api/structure-sets/{drawn.set_id}/send"
    answer = client.post(path, json={"peer": "TPS"} | body, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def read(client: TestClient, delivery: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return client.get(f"/api/dicom-deliveries/{delivery['id']}", headers=headers).json()


def test_an_approved_set_reaches_orthanc_with_a_receipt(
    ours: Ours, approved: Drawn, client: TestClient, login: Login, orthanc: Orthanc
) -> None:
    headers = login("clinician")
    asked = ask(client, approved, headers, peer="ORTHANC", modalities=["RTSTRUCT", "SEG"])
    assert (asked["state"], asked["sent_at"]) == ("waiting", None)
    run_queued("send")
    receipt = read(client, asked, headers)
    assert (receipt["state"], receipt["tries"], receipt["problem"]) == ("sent", 1, "")
    assert [(one["modality"], one["status"]) for one in receipt["instances"]] == [("RTSTRUCT", 0), ("SEG", 0)]
    assert all(one["at"] for one in receipt["instances"])
    assert orthanc.instances() == {one["sop_instance_uid"] for one in receipt["instances"]}
    listed = client.get(f"/api/structure-sets/{approved.set_id}/deliveries", headers=headers).json()
    assert listed == {"items": [receipt], "next_cursor": None}
    contents = [
        orthanc.http.get(f"/instances/{one}/file").content for one in orthanc.http.get("/instances").json()
    ]
    names = [
        roi.ROIName
        for dataset in (pydicom.dcmread(io.BytesIO(content)) for content in contents)
        for roi in dataset.get("StructureSetROISequence", [])
    ]
    assert names == ["Brainstem"]
    with db.session_scope(read_only=True) as session:
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("dimse.delivery.%"))
        ).all()
    assert acts == ["dimse.delivery.requested", "dimse.delivery.sent"]


def test_only_what_is_approved_is_sent(ours: Ours, drawn: Drawn, client: TestClient, login: Login) -> None:
    name_peer(ours.project, "TPS", free_port())
    path = f"/api/structure-sets/{drawn.set_id}/send"
    refused = client.post(path, json={"peer": "TPS"}, headers=login("clinician"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-approved")


def test_a_project_that_deidentifies_at_export_sends_and_answers_nothing(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    name_peer(ours.project, "TPS", free_port())
    headers = login("administrator")
    delivery = ask(client, approved, headers)
    body = {"mode": "export", "options": []}
    answer = client.put(f"/api/projects/{ours.project.id}/deidentification", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    path = f"/api/structure-sets/{approved.set_id}/send"
    refused = client.post(path, json={"peer": "TPS"}, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/leaves-unnamed")
    with pytest.raises(LeavesUnnamed):
        run_queued("send")
    assert read(client, delivery, headers)["sent_at"] is None
    call = Call(TITLE, CALLER, "127.0.0.1")
    with db.session_scope(read_only=True) as session:
        assert not admit(session, call).allow_query


def test_nothing_is_sent_to_who_is_no_peer(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    path = f"/api/structure-sets/{approved.set_id}/send"
    assert client.post(path, json={"peer": "NOBODY"}, headers=login("clinician")).status_code == 404


def test_a_set_that_changed_meanwhile_is_not_sent(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    name_peer(ours.project, "TPS", free_port())
    ask(client, approved, login("clinician"))
    with db.session_scope() as session:
        session.execute(update(StructureSet).values(label="renamed"))
    with pytest.raises(ChangedMeanwhile):
        run_queued("send")
    with db.session_scope() as session:
        session.execute(update(StructureSet).values(label="again"))
        session.execute(delete(Job).where(Job.kind == "send"))
    ask(client, approved, login("clinician"))
    path = f"/api/structures/{approved.structure_id}"
    revision = client.post(f"{path}/revisions/1/restore", headers=login("annotator") | {"If-Match": '"1"'})
    assert revision.status_code in (200, 201), revision.text
    with pytest.raises(NotApproved):
        run_queued("send")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_peer_that_is_away_is_tried_again_later(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    """pynetdicom leaves it to the garbage collector to close a socket that was never connected."""
    port, headers = free_port(), login("clinician")
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    for tries in (1, 2):
        run_job(asked["job_id"])
        seen = read(client, asked, headers)
        assert (seen["state"], seen["tries"], seen["problem"]) == ("waiting", tries, "TPS does not answer")
    with db.session_scope(read_only=True) as session:
        job = session.get_one(Job, asked["job_id"])
        waits = (job.available_at - job.started_at).total_seconds()
    assert (job.state, 55 < waits < 120) == ("queued", True)
    with peer(port, lambda _: 0x0000):
        run_job(asked["job_id"])
    seen = read(client, asked, headers)
    assert (seen["state"], seen["tries"], seen["problem"]) == ("sent", 3, "")


def test_who_may_not_export_neither_sends_nor_tries_again(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    name_peer(ours.project, "TPS", free_port())
    job = f"/api/jobs/{ask(client, approved, login('clinician'))['job_id']}"
    for act in ("cancel", "retry"):
        assert client.post(f"{job}/{act}", headers=login("annotator")).status_code == 403
        assert client.post(f"{job}/{act}", headers=login("clinician")).status_code == 200


def test_a_peer_without_room_is_tried_again_with_what_it_lacks(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers, got = free_port(), login("clinician"), list[str]()
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers, modalities=["RTSTRUCT", "SEG"])

    def answer(event: Any) -> int:
        got.append(event.request.AffectedSOPClassUID)
        return 0xA700 if got == [RTSTRUCT, SEG] else 0x0000

    with peer(port, answer):
        run_job(asked["job_id"])
        seen = read(client, asked, headers)
        assert [one["status"] for one in seen["instances"]] == [0, 0xA700]
        assert (seen["state"], seen["problem"]) == ("waiting", "the peer answered A700")
        run_job(asked["job_id"])
    assert got == [RTSTRUCT, SEG, SEG]
    assert read(client, asked, headers)["state"] == "sent"


def test_what_a_peer_keeps_with_a_doubt_is_sent(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers = free_port(), login("clinician")
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    with peer(port, lambda _: 0xB001):
        run_job(asked["job_id"])
    receipt = read(client, asked, headers)
    assert (receipt["state"], receipt["instances"][0]["status"]) == ("sent", 0xB001)


@pytest.mark.parametrize(("classes", "status"), [((RTSTRUCT,), 0xC123), ((SEG,), 0x0122)])
def test_a_refusal_is_final_and_said(
    ours: Ours, approved: Drawn, client: TestClient, login: Login, classes: tuple[str, ...], status: int
) -> None:
    port, headers = free_port(), login("clinician")
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    with peer(port, lambda _: 0xC123, *classes), pytest.raises(PeerRefused):
        run_job(asked["job_id"])
    seen = read(client, asked, headers)
    assert seen["instances"][0]["status"] == status
    assert f"{status:04X}" in seen["problem"]


def test_orthanc_commits_itself_to_what_it_was_sent(
    ours: Ours, approved: Drawn, client: TestClient, login: Login, orthanc: Orthanc
) -> None:
    name_peer(ours.project, "ORTHANC", orthanc.dicom_port, commitment=True)
    headers = login("clinician")
    asked = ask(client, approved, headers, peer="ORTHANC")
    run_queued("send")
    wait_until(lambda: read(client, asked, headers)["instances"][0]["committed"] is True)


def test_we_commit_ourselves_to_what_is_here_and_not_to_what_is_not(
    ours: Ours, tmp_path: Path, orthanc: Orthanc
) -> None:
    images = make_ct_series((3, 16, 16))
    ids = [orthanc.http.post("/instances", content=encode(one)).json()["ID"] for one in images]
    orthanc.ask("/modalities/rinkaku/store", {"Resources": ids[:2]})
    with db.session_scope(read_only=True) as session:
        damaged = session.scalars(
            select(Instance).where(Instance.sop_instance_uid == images[1].SOPInstanceUID)
        ).one()
    next(get_settings().data.rglob(damaged.sha256)).unlink()
    asked = orthanc.ask("/modalities/rinkaku/storage-commitment", {"Resources": ids})
    assert run_queued("report-commitment") == [{"kept": 1, "not_kept": 2}]
    report = orthanc.http.get(f"/storage-commitment/{asked['ID']}").json()
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Success"]] == [images[0].SOPInstanceUID]
    reasons = {one["SOPInstanceUID"]: one["FailureReason"] for one in report["Failures"]}
    assert reasons == {one.SOPInstanceUID: 0x0112 for one in images[1:]}


def test_a_stranger_to_the_project_gets_no_promise(ours: Ours) -> None:
    entity = AE(ae_title="PACS")  # may call, but nobody knows where it is called back
    entity.add_requested_context("1.2.840.10008.1.20.1")
    association = entity.associate("127.0.0.1", ours.port, ae_title="CONTOURS")
    wanted = pydicom.Dataset()
    wanted.TransactionUID = "1.2.3"
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = RTSTRUCT, "1.2.3.4"
    wanted.ReferencedSOPSequence = [item]
    answer, _ = association.send_n_action(wanted, 1, "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1")
    association.release()
    assert answer.Status == 0x0124
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(Job.id).where(Job.kind == "report-commitment")) is None
