"""What a network draws for a client that waits, in every form that clients read."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import func, select, update

from backend.jobs.service import JobRequest, enqueue
from backend.jobs.tables import Job
from backend.kit import db
from backend.labels import service as labels
from backend.monailabel import acting
from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.seg import read_seg
from rt.masks import Mask
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived
from tests.workers.test_presegment import STRUCTURES, install

Address = Callable[..., str]
SLICER = {"result_extension": ".nrrd", "result_dtype": "uint8", "client_id": "user-xyz"}
OHIF = {
    "result_extension": ".nrrd", "result_dtype": "uint8", "result_compress": False,
    "restore_label_idx": False,
}  # fmt: skip


def ask(
    client: TestClient, base: str, image: str, params: dict[str, Any] | None = None, **query: str
) -> Response:
    """POST /infer as a multipart form, as clients send it."""
    query |= {"image": image}
    form = {"params": (None, json.dumps(params or {}))}
    return client.post(f"{base}/infer/head-neck-oar", params=query, files=form)


@contextmanager
def a_worker_draws() -> Iterator[None]:
    """Do the jobs that requests in this block wait for."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.05):
            run_queued("presegment")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that hangs shall not hang for nine minutes."""
    monkeypatch.setattr(acting, "WAIT_S", 60.0)


def jobs() -> int:
    with db.session_scope(read_only=True) as session:
        return session.scalar(select(func.count()).where(Job.kind == "presegment")) or 0


def drawn_mask(arrived: Arrived) -> Mask:
    """Where the toy network draws: every structure in the same place."""
    with db.session_scope() as session:
        owner = labels.working_set(session, arrived.series)
        structure = labels.find_structure(session, owner, STRUCTURES[0])
        assert structure is not None
        return labels.load_mask(labels.get_revision(session, structure.id, 1), arrived.grid)


def draw(arrived: Arrived) -> Mask:
    """Let the toy network draw as if its rule had asked for it."""
    install(1, 20.0)
    run_queued("presegment")
    return drawn_mask(arrived)


@pytest.fixture
def drawing(arrived: Arrived) -> Mask:
    """What the network drew before anybody asked."""
    return draw(arrived)


def parts_of(answer: Response) -> dict[str, Message]:
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    found = message_from_bytes(head + answer.content).get_payload()
    assert isinstance(found, list)
    return {str(part.get_param("name", header="content-disposition")): part for part in found}  # type: ignore[union-attr,misc]


def opened(folder: Path, name: str, data: bytes) -> sitk.Image:
    (folder / name).write_bytes(data)
    return sitk.ReadImage(str(folder / name))


def test_a_request_waits_for_the_job_and_gets_what_it_drew(
    client: TestClient, address: Address, arrived: Arrived, tmp_path: Path
) -> None:
    install(1, 20.0)
    with db.session_scope() as session:
        session.execute(update(Job).where(Job.kind == "presegment").values(state="cancelled"))
    before = jobs()
    with a_worker_draws():
        answer = ask(client, address("annotator"), arrived.series.series_instance_uid, SLICER)
    assert answer.status_code == 200, answer.text
    assert jobs() == before + 1
    assert answer.headers["content-length"] == str(len(answer.content)), "clients cannot read chunks"
    parts = parts_of(answer)
    told = json.loads(parts["params"].get_payload(decode=True))  # type: ignore[arg-type]
    assert told["label_names"] == {name: index for index, name in enumerate(STRUCTURES, 1)}
    assert (told["network"], told["drawn"]) == ("head-neck-oar v1", list(STRUCTURES))
    name = parts["image"].get_filename()
    assert name is not None
    assert name.count(".") == 1, "what follows the first dot is taken for the extension"
    image = opened(tmp_path, name, parts["image"].get_payload(decode=True))  # type: ignore[arg-type]
    mask = drawn_mask(arrived)
    assert mask.any()
    assert np.array_equal(sitk.GetArrayFromImage(image), mask * 1), (
        "of equal structures the first has the voxel"
    )
    assert np.allclose(image.GetOrigin(), arrived.grid.origin_lps_mm)
    assert np.allclose(image.GetSpacing(), arrived.grid.spacing_ijk_mm)
    assert np.allclose(np.reshape(image.GetDirection(), (3, 3)), arrived.grid.matrix)


def test_what_is_drawn_already_is_sent_at_once_also_after_a_correction(
    client: TestClient,
    address: Address,
    arrived: Arrived,
    drawing: Mask,
    login: Callable[..., dict[str, str]],
) -> None:
    before, base, uid = jobs(), address("annotator"), arrived.series.series_instance_uid
    first = ask(client, base, uid, SLICER, output="image").content
    labels_sent = np.zeros(arrived.grid.shape_kji, np.uint8)
    labels_sent[1:3, 2:9, 2:9] = 2
    info = [{"name": STRUCTURES[1], "idx": 2}]
    saved = client.put(
        f"{base}/datastore/label?image={uid}",
        data={"params": json.dumps({"label_info": info})},
        files={"label": ("/tmp/x/label.bin", labels_sent.tobytes())},
    )
    assert saved.json()["saved"] == [STRUCTURES[1]]
    assert ask(client, base, uid, SLICER, output="image").content == first
    assert jobs() == before


def test_a_job_that_draws_by_rule_is_waited_for_not_doubled(
    client: TestClient, address: Address, arrived: Arrived
) -> None:
    install(1, 20.0)
    assert jobs() == 1, "the import asked for it"
    with a_worker_draws():
        assert ask(client, address("annotator"), arrived.series.series_instance_uid).status_code == 200
    assert jobs() == 1


def test_ohif_gets_raw_bytes_in_the_order_of_its_volume(
    client: TestClient, address: Address, arrived: Arrived, drawing: Mask
) -> None:
    uid = arrived.series.series_instance_uid
    answer = ask(client, address("annotator"), uid, OHIF, output="image")
    head, _, voxels = answer.content.partition(b"\n\n")
    assert b"type: uint8" in head
    assert b"encoding: raw" in head, "what is packed is read as 16 bits"
    k, j, i = arrived.grid.shape_kji
    assert f"sizes: {i} {j} {k}".encode() in head
    assert voxels == (drawing * np.uint8(1)).tobytes()
    assert ".nrrd" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("extension", "packed"), [(None, True), (".nii.gz", True), (".nii", False)])
def test_nifti_is_another_form(
    client: TestClient, address: Address, arrived: Arrived, drawing: Mask, tmp_path: Path,
    extension: str | None, packed: bool,
) -> None:  # fmt: skip
    params = {} if extension is None else {"result_extension": extension}
    uid = arrived.series.series_instance_uid
    answer = ask(client, address("annotator"), uid, params, output="image")
    data = gzip.decompress(answer.content) if packed else answer.content
    assert np.array_equal(sitk.GetArrayFromImage(opened(tmp_path, "x.nii", data)), drawing * 1)


def test_json_and_dicom_seg_are_forms_too(
    client: TestClient, address: Address, arrived: Arrived, drawing: Mask
) -> None:
    base, uid = address("annotator"), arrived.series.series_instance_uid
    assert ask(client, base, uid, output="json").json()["label_names"][STRUCTURES[2]] == 3
    answer = ask(client, base, uid, output="dicom_seg")
    assert answer.headers["content-type"] == "application/dicom"
    content = read_seg(read_stored(parse_instance(answer.content).data), arrived.grid)
    assert [segment.label for segment in content.segments] == list(STRUCTURES)
    assert all(np.array_equal(segment.mask_kji, drawing) for segment in content.segments)
    assert content.referenced_series_uid == uid


def test_what_cannot_be_drawn_is_said(
    client: TestClient, address: Address, arrived: Arrived, drawing: Mask
) -> None:
    base, uid = address("annotator"), arrived.series.series_instance_uid
    unknown = client.post(f"{base}/infer/deepedit?image={uid}")
    assert (unknown.status_code, "head-neck-oar" in unknown.json()["detail"]) == (404, True)
    assert ask(client, base, "1.2.3").json()["detail"] == "there is no such image"
    assert ask(client, address("reader"), uid).status_code == 403
    assert ask(client, base, uid, output="tiff").status_code == 422
    assert ask(client, base, uid, {"result_extension": ".mha"}).status_code == 422
    assert ask(client, base, uid, session_id="x").json()["type"] == "/problems/no-sessions"
    scribbles = {"label": ("/tmp/scribbles.nii.gz", b"x"), "params": (None, "{}")}
    refused = client.post(f"{base}/infer/head-neck-oar?image={uid}", files=scribbles)
    assert (refused.status_code, refused.json()["field"]) == (422, "label")
    for params in ("[]", "{", "[" * 5000):
        form = {"params": (None, params)}
        assert client.post(f"{base}/infer/head-neck-oar?image={uid}", files=form).status_code == 422


def test_a_job_of_another_version_is_not_waited_for(
    client: TestClient, address: Address, arrived: Arrived
) -> None:
    older = install(1, -20.0)
    with db.session_scope() as session:
        session.execute(update(Job).where(Job.kind == "presegment").values(state="cancelled"))
        wanted = {"series_id": arrived.series.id, "network_version_id": older}
        enqueue(session, JobRequest("presegment", wanted, arrived.study.project_id, arrived.study.id))
    install(2, 20.0)
    with a_worker_draws():
        answer = ask(client, address("annotator"), arrived.series.series_instance_uid, SLICER)
    assert answer.status_code == 200, answer.text


def test_an_image_without_the_region_is_told_apart_from_an_empty_one(
    client: TestClient, address: Address, arrived: Arrived
) -> None:
    install(1, -20.0)
    with a_worker_draws():
        answer = ask(client, address("annotator"), arrived.series.series_instance_uid)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-drawn")
    assert answer.json()["reason"] == "region-not-found"


def test_a_job_that_fails_is_an_answer(client: TestClient, address: Address, arrived: Arrived) -> None:
    install(1, 20.0)
    base = address("annotator")

    done = threading.Event()

    def fail() -> None:
        while not done.wait(0.2):  # whichever job the request waits for
            with db.session_scope() as session:
                failed = {"state": "failed", "error_slug": "no-network", "error_detail": "gone"}
                session.execute(update(Job).where(Job.kind == "presegment").values(**failed))

    worker = threading.Thread(target=fail)
    worker.start()
    answer = ask(client, base, arrived.series.series_instance_uid)
    done.set()
    worker.join()
    assert (answer.status_code, answer.json()["reason"]) == (409, "no-network")


def test_a_request_waits_no_longer_than_the_proxy_in_front(
    client: TestClient, address: Address, arrived: Arrived, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(1, 20.0)
    monkeypatch.setattr(acting, "WAIT_S", 0.0)
    answer = ask(client, address("annotator"), arrived.series.series_instance_uid)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/still-drawing")
    assert answer.headers["retry-after"] == "5"


def test_the_form_of_infer_is_not_read_of_who_may_not_draw(
    client: TestClient, address: Address, arrived: Arrived
) -> None:
    broken = {"Content-Type": "multipart/form-data"}
    url = f"/infer/head-neck-oar?image={arrived.series.series_instance_uid}"
    assert client.post(address("reader") + url, content=b"x", headers=broken).status_code == 403
    assert client.post(address("annotator") + url, content=b"x", headers=broken).status_code == 400
