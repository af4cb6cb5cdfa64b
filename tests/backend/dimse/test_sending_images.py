"""The images that a set is drawn on, sent with it: before it, once each, with a receipt of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom import Dataset
from pynetdicom import AE, evt
from sqlalchemy import select

from backend.config import get_settings
from backend.dimse.errors import ChangedMeanwhile, PeerRefused
from backend.kit import db
from backend.kit.errors import IntegrityFailure
from backend.studies.tables import Instance, Series, Study
from rt.dicom.kinds import CT, RTSTRUCT
from rt.geometry import Grid
from tests.backend.dimse.conftest import Orthanc, Ours, free_port, name_peer
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.dicom import make_ct_series
from tests.factories.jobs import run_job, run_queued
from tests.factories.patients import Arrived, send, send_ct
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block

EXPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
Login = Callable[..., dict[str, str]]


@pytest.fixture
def arrived(ours: Ours, tmp_path: Path) -> Arrived:
    return send_ct(ours.project, tmp_path / "ct")


@pytest.fixture
def approved(arrived: Arrived, client: TestClient, login: Login) -> Drawn:
    """An approved organ on a CT of six slices that came as DICOM."""
    with db.session_scope(read_only=True) as session:
        scene = Scene(session.merge(arrived.study), session.merge(arrived.series), arrived.grid)
    drawn = draw(scene, "Brainstem", block(arrived.grid, slice(1, 4), slice(5, 12), slice(4, 9)))
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        assert review(client, drawn.set_id, act, login(role)).status_code == 200
    return drawn


@contextmanager
def tps(port: int, answer: Callable[[Any], Any], *syntaxes: str) -> Iterator[None]:
    """A peer that takes images in these syntaxes and contours, and answers so."""
    entity = AE(ae_title="TPS")
    entity.add_supported_context(CT, list(syntaxes) or [EXPLICIT])
    entity.add_supported_context(RTSTRUCT)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, answer)])
    yield
    server.shutdown()


def ask(client: TestClient, drawn: Drawn, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    """The delivery, with images, that was asked for."""
    path = f"/api/structure-sets/{drawn.set_id}/send"
    answer = client.post(path, json={"peer": "TPS", "images": True} | body, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def read(client: TestClient, delivery: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return client.get(f"/api/dicom-deliveries/{delivery['id']}", headers=headers).json()


def uids(arrived: Arrived) -> set[str]:
    return {str(one.SOPInstanceUID) for one in arrived.ct}


def test_images_and_contours_reach_orthanc_with_a_receipt_of_each(
    ours: Ours, arrived: Arrived, approved: Drawn, client: TestClient, login: Login, orthanc: Orthanc
) -> None:
    name_peer(ours.project, "ORTHANC", orthanc.dicom_port, commitment=True)
    headers = login("clinician")
    asked = ask(client, approved, headers, peer="ORTHANC")
    assert (asked["images"], asked["images_stored"]) == (6, 0)
    run_queued("send")
    receipt = read(client, asked, headers)
    assert (receipt["state"], receipt["images_stored"]) == ("sent", 6)
    assert [one["modality"] for one in receipt["instances"]] == ["CT"] * 6 + ["RTSTRUCT"]
    assert all(one["status"] == 0 and one["at"] for one in receipt["instances"])
    assert orthanc.instances() == uids(arrived) | {receipt["instances"][-1]["sop_instance_uid"]}
    (listed,) = client.get(f"/api/structure-sets/{approved.set_id}/deliveries", headers=headers).json()[
        "items"
    ]
    assert (listed["images"], listed["images_stored"]) == (6, 6)
    assert [one["modality"] for one in listed["instances"]] == ["RTSTRUCT"]


def test_what_was_taken_before_the_peer_broke_off_is_not_sent_again(
    ours: Ours, arrived: Arrived, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers, got = free_port(), login("clinician"), list[str]()
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)

    def answer(event: Any) -> int:
        if len(got) == 3:
            got.append("broke off")
            event.assoc.abort()
            return 0xC000
        got.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    with tps(port, answer):
        run_job(asked["job_id"])
        seen = read(client, asked, headers)
        assert (seen["state"], seen["images_stored"]) == ("waiting", 3)
        assert "broke off" in seen["problem"]
        run_job(asked["job_id"])
    contours = seen["instances"][-1]["sop_instance_uid"]
    assert len(got) == len(set(got)) == 8
    assert got[-1] == contours
    assert set(got) == uids(arrived) | {contours, "broke off"}
    assert read(client, asked, headers)["state"] == "sent"


def test_an_image_that_the_peer_refuses_is_named_and_ends_it(
    ours: Ours, arrived: Arrived, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers = free_port(), login("clinician")
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    bad = str(arrived.ct[2].SOPInstanceUID)

    def answer(event: Any) -> int:
        return 0xC123 if event.request.AffectedSOPInstanceUID == bad else 0x0000

    with tps(port, answer), pytest.raises(PeerRefused):
        run_job(asked["job_id"])
    (listed,) = client.get(f"/api/structure-sets/{approved.set_id}/deliveries", headers=headers).json()[
        "items"
    ]
    assert (listed["images_stored"], listed["problem"]) == (5, "the peer answered C123")
    assert [one["sop_instance_uid"] for one in listed["instances"] if one["modality"] == "CT"] == [bad]


def test_a_peer_that_takes_no_images_is_said_to(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers = free_port(), login("clinician")
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    with tps(port, lambda _: 0, "1.2.840.10008.1.2.4.57"), pytest.raises(PeerRefused):
        run_job(asked["job_id"])
    seen = read(client, asked, headers)
    assert [one["status"] for one in seen["instances"]] == [0x0122] * 6 + [0]


def stored(arrived: Arrived, number: int) -> Instance:
    """The row of an image."""
    wanted = select(Instance).where(Instance.sop_instance_uid == str(arrived.ct[number].SOPInstanceUID))
    with db.session_scope(read_only=True) as session:
        return session.scalars(wanted).one()


def test_a_damaged_image_ends_the_job_and_what_was_taken_stays_noted(
    ours: Ours, arrived: Arrived, approved: Drawn, client: TestClient, login: Login
) -> None:
    port, headers, got = free_port(), login("clinician"), list[str]()
    name_peer(ours.project, "TPS", port)
    asked = ask(client, approved, headers)
    next(get_settings().data.rglob(stored(arrived, 5).sha256)).unlink()
    with tps(port, lambda event: got.append("one") or 0), pytest.raises(IntegrityFailure):
        run_job(asked["job_id"])
    assert (len(got), read(client, asked, headers)["images_stored"]) == (5, 5)


def test_images_that_are_gone_meanwhile_are_not_sent(
    ours: Ours, arrived: Arrived, approved: Drawn, client: TestClient, login: Login
) -> None:
    name_peer(ours.project, "TPS", free_port())
    asked = ask(client, approved, login("clinician"))
    with db.session_scope() as session:
        session.delete(session.get_one(Instance, stored(arrived, 5).id))
    with pytest.raises(ChangedMeanwhile):
        run_job(asked["job_id"])


@pytest.mark.parametrize("syntaxes", [(RLE, EXPLICIT), (EXPLICIT,)])
def test_compressed_images_are_sent_as_the_peer_takes_them(
    ours: Ours, client: TestClient, login: Login, tmp_path: Path, syntaxes: tuple[str, ...]
) -> None:
    images = make_ct_series((6, 40, 40))
    pixels = {one.InstanceNumber: one.pixel_array.copy() for one in images}
    study_id = send(ours.project, tmp_path / "images", images, syntax=RLE)
    with db.session_scope(read_only=True) as session:
        study = session.get_one(Study, study_id)
        series = session.scalars(select(Series).where(Series.study_row_id == study_id)).one()
        scene = Scene(study, series, Grid.from_json(series.volume["grid"]))
    drawn = draw(scene, "Brainstem", block(scene.grid, slice(1, 4), slice(5, 12), slice(4, 9)))
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        assert review(client, drawn.set_id, act, login(role)).status_code == 200
    port, got = free_port(), list[Dataset]()
    name_peer(ours.project, "TPS", port)
    asked = ask(client, drawn, login("clinician"))

    def keep(event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        got.append(dataset)
        return 0

    with tps(port, keep, *syntaxes):
        run_job(asked["job_id"])
    assert len(got) == 7
    for one in got[:6]:
        assert one.file_meta.TransferSyntaxUID == syntaxes[0]
        assert np.array_equal(one.pixel_array, pixels[one.InstanceNumber])


def test_a_project_that_deidentifies_at_export_sends_no_images_either(
    ours: Ours, approved: Drawn, client: TestClient, login: Login
) -> None:
    name_peer(ours.project, "TPS", free_port())
    headers = login("administrator")
    body = {"mode": "export", "options": []}
    assert client.put(
        f"/api/projects/{ours.project.id}/deidentification", json=body, headers=headers
    ).is_success
    path = f"/api/structure-sets/{approved.set_id}/send"
    refused = client.post(path, json={"peer": "TPS", "images": True}, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/leaves-unnamed")
