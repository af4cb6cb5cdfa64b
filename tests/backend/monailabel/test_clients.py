"""The real client of MONAI Label, and what Slicer, OHIF and the Reviewer send, over real HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus, urljoin, urlsplit

import numpy as np
import pytest
import SimpleITK as sitk
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.kit import db
from backend.labels.tables import Revision
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from rt.geometry import Grid
from rt.resample import write_nifti
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived
from tests.factories.reviewing import review
from tests.factories.scenes import block, make_scene
from tests.workers.test_presegment import STRUCTURES, install

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # connections left open
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
Address = Callable[..., str]
Login = Callable[..., dict[str, str]]


def test_client_reads(
    real: ModuleType,
    live_server: str,
    address: Address,
    drawn: Drawn,
    network: NetworkVersion,
    tmp_path: Path,
) -> None:
    client = real.MONAILabelClient(live_server + address("reader"), tmpdir=str(tmp_path))
    uid = drawn.scene.series.series_instance_uid
    assert client.auth_enabled() is False
    client.update_auth(client.auth_token("somebody", "password"))
    assert client.auth_valid_token()
    assert "head-neck-oar" in client.info()["models"]
    assert client.next_sample("first", {})["id"] == uid
    assert uid in client.datastore()["objects"], "after a body its headers go on to speak of one"
    path = client.download_label(uid, "original")
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(path)), drawn.mask * 1)


def test_client_infers(
    real: ModuleType, live_server: str, address: Address, arrived: Arrived, tmp_path: Path
) -> None:
    install(1, 20.0)
    run_queued("presegment")
    client = real.MONAILabelClient(
        live_server + address("annotator"), tmpdir=str(tmp_path), client_id="user-1"
    )
    uid, params = arrived.series.series_instance_uid, {"result_extension": ".nrrd", "result_dtype": "uint8"}
    path, told = client.infer("head-neck-oar", uid, params)
    assert Path(path).suffixes == [".nrrd"]
    assert told["label_names"] == {name: index for index, name in enumerate(STRUCTURES, 1)}
    image = sitk.ReadImage(path)
    assert sitk.GetArrayFromImage(image).shape == arrived.grid.shape_kji
    assert sitk.GetArrayFromImage(image).any()
    with pytest.raises(real.MONAILabelClientException) as refused:
        client.infer("deepedit", uid, {})
    assert "there is no network of this name" in refused.value.msg


def test_client_saves_with_author_and_provenance(
    real: ModuleType, live_server: str, address: Address, drawn: Drawn, tmp_path: Path
) -> None:
    folder = tmp_path / "Slicer-uX 1.2"
    folder.mkdir()
    mask = np.zeros(drawn.scene.grid.shape_kji, np.uint8)
    mask[3, 4:9, 4:9] = 1
    write_nifti(folder / "tmp.1.2.3.nii.gz", mask, drawn.scene.grid)
    client = real.MONAILabelClient(
        live_server + address("annotator"), tmpdir=str(tmp_path), client_id="user-1"
    )
    uid = drawn.scene.series.series_instance_uid
    params = {"label_info": [{"name": "Parotid_L", "idx": 1}], "model": "head-neck-oar"}
    told = client.save_label(uid, str(folder / "tmp.1.2.3.nii.gz"), "final", params)
    assert (told["image"], told["saved"]) == (uid, ["Parotid_L"])
    with db.session_scope(read_only=True) as session:
        row = session.scalars(select(Revision).where(Revision.number == 2)).one()
    assert (row.tool, row.reason) == ("monailabel", "MONAI Label: user-1 head-neck-oar")
    assert row.author_id is not None
    assert row.network_name == "head-neck-oar", "whose contour it corrects"


def test_client_trains_and_stops(
    real: ModuleType, live_server: str, address: Address, project: Project, network: NetworkVersion,
    client: TestClient, login: Login,
) -> None:  # fmt: skip
    with db.session_scope() as session:
        scenes = [make_scene(session, project, patient_id=patient) for patient in ("P1", "P2")]
    author, reviewer = login("annotator"), login("reviewer")
    for scene in scenes:
        drawn = draw(scene, "Parotid_L", block(scene.grid, slice(2, 5), slice(6, 14), slice(5, 12)))
        for who, act in ((author, "submit"), (reviewer, "approve")):
            assert review(client, drawn.set_id, act, who).is_success
    trainer = real.MONAILabelClient(live_server + address("administrator"), client_id="user-1")
    assert trainer.train_status(check_if_running=True) is False
    assert trainer.train_start("head-neck-oar", {"iterations": 20})["status"] == "SUBMITTED"
    assert trainer.train_status(check_if_running=True) is True
    assert trainer.train_status()["request"]["iterations"] == 20
    assert trainer.train_stop()["details"][-1] == "STOPPED"
    assert trainer.train_start(None, {})["head-neck-oar"]["result"] == "SUBMITTED"
    with pytest.raises(real.MONAILabelClientException):
        trainer.train_start("head-neck-oar", {})


def test_client_uploads_and_has_no_sessions(
    real: ModuleType, live_server: str, address: Address, project: Project, tmp_path: Path
) -> None:
    with db.session_scope() as session:
        session.get_one(Project, project.id).allow_nifti = True
    hu = np.random.default_rng(1).integers(-1000, 2000, (5, 6, 7)).astype(np.int16)
    write_nifti(tmp_path / "ct.nii.gz", hu, Grid.of(hu.shape, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), np.eye(3)))
    client = real.MONAILabelClient(live_server + address("annotator"), tmpdir=str(tmp_path))
    uid = client.upload_image(str(tmp_path / "ct.nii.gz"), "spleen_7")["image"]
    assert client.next_sample("first", {})["id"] == uid
    with pytest.raises(TypeError):
        client.upload_image(str(tmp_path / "ct.nii.gz"))  # fails at home, before anything is sent
    with pytest.raises(real.MONAILabelClientException):
        client.create_session(str(tmp_path / "ct.nii.gz"))
    assert client.get_session("expired") == {}, "Slicer would fail where this is 404"
    assert client.remove_session("expired") == {}


def spoken(
    server: str, method: str, path: str, body: bytes = b"", **headers: str
) -> http.client.HTTPResponse:
    """One request by http.client, which follows nothing and adds little."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


@pytest.mark.parametrize("path", ["/info/", "/train/?check_if_running=true", "/datastore/?output=all"])
def test_a_get_that_speaks_of_a_body_it_has_not_is_answered(
    live_server: str, address: Address, network: NetworkVersion, path: str
) -> None:
    stale = {"Content-Type": "multipart/form-data; boundary=----------lImIt", "Content-Length": "50350"}
    assert spoken(live_server, "GET", address() + path, **stale).status in (200, 404)


def test_nothing_is_redirected_and_nothing_comes_in_chunks(
    live_server: str, address: Address, drawn: Drawn, network: NetworkVersion
) -> None:
    base, uid = address(), drawn.scene.series.series_instance_uid
    paths = ("/", "/info/", "/datastore/?output=all", "/session/x", f"/datastore/image?image={uid}",
             f"/datastore/label?label={uid}&tag=original", "/logs/?lines=100")  # fmt: skip
    for path in paths:
        answer = spoken(live_server, "GET", base + path, **{"Accept-Encoding": "gzip"})
        assert answer.status == 200, path
        assert answer.getheader("content-length") == str(len(answer.body)), path  # type: ignore[attr-defined]
        assert answer.getheader("transfer-encoding") is None
        assert answer.getheader("content-encoding") is None


def test_slicer_downloads_and_ohif_loads_without_a_header(
    live_server: str, address: Address, drawn: Drawn, network: NetworkVersion
) -> None:
    base = live_server + address("annotator") + "/"
    uid = quote_plus(drawn.scene.series.series_instance_uid)
    assert uid == drawn.scene.series.series_instance_uid, "ids survive quoting"
    ohif = urlsplit(urljoin(base, "info/"))
    assert spoken(live_server, "GET", ohif.path).status == 200
    slicer = f"{base.rstrip('/')}/datastore/image?image={uid}"
    assert spoken(live_server, "GET", urlsplit(slicer).path + "?" + urlsplit(slicer).query).status == 200


def multipart(
    fields: dict[str, Any], file: tuple[str, str, bytes] | None = None
) -> tuple[bytes, dict[str, str]]:
    """A form as the client in Slicer writes it, with the whole temporary path as file name."""
    limit, lines = b"----------lImIt_of_THE_fIle_eW_$", []
    for key, value in fields.items():
        lines += [
            b"--" + limit,
            f'Content-Disposition: form-data; name="{key}"'.encode(),
            b"",
            value.encode(),
        ]
    if file is not None:
        key, path, data = file
        named = f'Content-Disposition: form-data; name="{key}"; filename="{path}"'
        lines += [b"--" + limit, named.encode(), b"Content-Type: application/octet-stream", b"", data]
    body = b"\r\n".join([*lines, b"--" + limit + b"--", b"", b""])
    return body, {"Content-Type": "multipart/form-data; boundary=" + limit.decode()}


def test_slicer_saves_what_it_exports(
    live_server: str, address: Address, drawn: Drawn, tmp_path: Path
) -> None:
    """`idx` counts the segments that it left out (background, scribbles), the map is numbered anew."""
    labels = np.zeros(drawn.scene.grid.shape_kji, np.uint8)
    labels[2, 3:6, 3:6], labels[5, 2:4, 2:4] = 1, 2
    write_nifti(tmp_path / "x.nii.gz", labels, drawn.scene.grid)
    info = [{"name": "Larynx", "idx": 2}, {"name": "Esophagus", "idx": 5}]
    params = json.dumps({"label_info": info, "model": "head-neck-oar", "client_id": "user-xyz"})
    file = ("label", "/tmp/Slicer-u/T1.2.3.nii.gz", (tmp_path / "x.nii.gz").read_bytes())
    body, headers = multipart({"params": params}, file)
    path = f"{address('annotator')}/datastore/label?image={drawn.scene.series.series_instance_uid}"
    answer = spoken(live_server, "PUT", path, body, **headers)
    told = json.loads(answer.body)  # type: ignore[attr-defined]
    assert told["saved"] == ["Larynx", "Esophagus"]


def test_ohif_three_asks_for_a_sample_an_image_and_a_training(
    client: TestClient, address: Address, drawn: Drawn, network: NetworkVersion
) -> None:
    base, uid = address("administrator"), drawn.scene.series.series_instance_uid
    sample = client.post(f"{base}/activelearning/random", json={}).json()
    shown = {"Modality", "StudyDate", "StudyTime", "PatientID", "StudyInstanceUID", "SeriesInstanceUID"}
    assert shown <= sample.keys()
    told = client.get(f"{base}/info/").json()
    assert isinstance(told["labels"], list)
    for model in told["models"].values():
        assert model["type"] == "segmentation", "other types are hidden"
        assert model["description"]
        assert model["labels"]
    assert all(
        isinstance(v, bool | int | float | str) for v in told["trainers"]["head-neck-oar"]["config"].values()
    )
    train = client.post(f"{base}/train/", json={"head-neck-oar": {"iterations": 30}})
    assert train.json()["type"] == "/problems/too-few-patients", uid
