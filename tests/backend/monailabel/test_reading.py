"""What MONAI Label's own client, Slicer and OHIF read: networks, samples, images, labels, trainings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from fastapi.testclient import TestClient

from backend.kit import db
from backend.projects.tables import Project
from backend.studies.volumes import load_volume
from backend.training.tables import NetworkVersion
from rt.geometry import Grid
from rt.nifti_header import nifti_header
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


@pytest.fixture
def address(login: Login, project: Project) -> Callable[..., str]:
    """`address("annotator")` is the server's address with that person's token."""

    def of(role: str | None = "clinician", slug: str = "") -> str:
        token = login(role)["Authorization"].removeprefix("Bearer ")
        return f"/monailabel/{token}" + (f"/{slug}" if slug else "")

    return of


@pytest.fixture
def network(project: Project) -> NetworkVersion:
    with db.session_scope() as session:
        made = NetworkVersion(
            name="head-neck-oar", version=1, title="Organs", origin="shipped", manifest={},
            structures=["Brainstem", "Parotid_L"], weights_sha256="", card="",
        )  # fmt: skip
        session.add(made)
        return made


def test_info_lists_networks_as_slicer_and_ohif_need_them(
    client: TestClient,
    address: Callable[..., str],
    network: NetworkVersion,
    drawn: Drawn,
) -> None:
    told = client.get(f"{address()}/info/").json()
    assert "config" not in told, "Slicer takes it for an old server"
    assert told["labels"] == ["Brainstem", "Parotid_L"], "OHIF pushes to it: an array"
    assert told["models"]["head-neck-oar"]["labels"] == {"Brainstem": 1, "Parotid_L": 2}
    assert told["models"]["head-neck-oar"]["type"] == "segmentation"
    assert set(told["strategies"]) == {"first", "random"}
    assert told["datastore"] == {"total": 1, "completed": 0, "label_tags": {"original": 1}}


@pytest.mark.parametrize("slug", ["", "default"])
@pytest.mark.parametrize("path", ["/", "/auth/", "/info/", "/datastore/", "/session/unknown"])
def test_paths_answer_without_redirect(
    client: TestClient, address: Callable[..., str], path: str, slug: str
) -> None:
    answer = client.get(address("reader", slug) + path, follow_redirects=False)
    assert answer.status_code == 200


def test_wrong_token_and_foreign_project_are_refused(
    client: TestClient, address: Callable[..., str], project: Project
) -> None:
    assert client.get("/monailabel/rnk_wrong/info/").status_code == 401
    assert client.get(f"{address(None)}/info/").status_code == 404
    assert client.get(f"{address(None, project.slug)}/info/").status_code == 404
    assert client.get(f"{address('reader', 'unknown')}/info/").status_code == 404


def test_token_is_in_no_log_and_in_no_problem(
    client: TestClient, address: Callable[..., str], capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    base = address()
    token = base.rsplit("/", 1)[-1]
    client.get(f"{base}/info/")
    refused = client.get(f"{base}/datastore/image", params={"image": "1.2.3"})
    assert refused.status_code == 404
    assert token not in refused.text
    out, err = capfd.readouterr()
    assert "http.request" in out + err + caplog.text
    assert token not in out + err + caplog.text.replace(f"GET http://testserver{base}", "")


@pytest.mark.parametrize("strategy", ["first", "random"])
def test_next_sample_is_one_that_nobody_corrected(
    client: TestClient,
    address: Callable[..., str],
    drawn: Drawn,
    save: Save,
    login: Login,
    strategy: str,
) -> None:
    url, uid = f"{address()}/activelearning/{strategy}", drawn.scene.series.series_instance_uid
    sample = client.post(url, json={}).json()
    assert (sample["id"], sample["SeriesInstanceUID"], sample["PatientID"]) == (uid, uid, "P1")
    image = client.get(f"{address()}/datastore/image", params={"image": uid}).content
    assert sample["checksum"] == f"SHA256:{hashlib.sha256(image).hexdigest()}"
    assert save(drawn.structure_id, ~drawn.mask, 1, login("annotator")).status_code == 201
    assert client.post(url, json={"client_id": "x"}).json() == {}
    assert client.post(f"{address()}/activelearning/tta", json={}).status_code == 404


def test_image_is_nifti_of_known_length_on_the_same_grid(
    client: TestClient,
    address: Callable[..., str],
    scene: Scene,
    tmp_path: Path,
) -> None:
    url = f"{address()}/datastore/image?image={scene.series.series_instance_uid}"
    answer = client.get(url)
    assert answer.headers["content-length"] == str(len(answer.content)), "clients cannot read chunks"
    assert client.head(url).headers["content-length"] == str(len(answer.content))
    _same(tmp_path, answer.content, load_volume(scene.series)[0], scene.grid)


def test_label_is_a_map_in_the_order_of_numbers(
    client: TestClient,
    address: Callable[..., str],
    drawn: Drawn,
    tmp_path: Path,
) -> None:
    other = block(drawn.scene.grid, slice(6, 7), slice(1, 3), slice(1, 3))
    draw(drawn.scene, "Brainstem", other)
    uid = drawn.scene.series.series_instance_uid
    objects = client.get(f"{address()}/datastore/?output=all").json()["objects"]
    listed = objects[uid]["labels"]["original"]["info"]["label_info"]
    assert listed == [{"name": "Parotid_L", "idx": 1}, {"name": "Brainstem", "idx": 2}]
    answer = client.get(f"{address()}/datastore/label", params={"label": uid, "tag": "original"})
    assert f'filename="{uid}.nii"' in answer.headers["content-disposition"]
    _same(tmp_path, answer.content, drawn.mask + 2 * other.astype(np.uint8), drawn.scene.grid)
    final = client.get(f"{address()}/datastore/label", params={"label": uid, "tag": "final"})
    assert final.status_code == 404, "nothing is approved"


def _same(folder: Path, nifti: bytes, array_kji: np.ndarray, grid: Grid) -> None:
    (folder / "x.nii").write_bytes(nifti)
    image = sitk.ReadImage(str(folder / "x.nii"))
    assert np.array_equal(sitk.GetArrayFromImage(image), array_kji)
    assert np.allclose(image.GetOrigin(), grid.origin_lps_mm)
    assert np.allclose(image.GetSpacing(), grid.spacing_ijk_mm)
    assert np.allclose(np.reshape(image.GetDirection(), (3, 3)), grid.matrix)


def test_header_keeps_an_oblique_grid_and_the_slope(tmp_path: Path) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    oblique = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    grid = Grid.of((2, 3, 4), (1.0, 2.0, 3.5), (10.0, -20.0, 30.0), oblique)
    stored = np.arange(24, dtype="<i2").reshape(grid.shape_kji)
    _same(tmp_path, nifti_header(grid, "int16", 0.5) + stored.tobytes(), stored * 0.5, grid)


def test_sessions_are_refused_and_unknown_ones_empty(client: TestClient, address: Callable[..., str]) -> None:
    refused = client.put(f"{address()}/session/", files={"files": ("x.nii", b"x")})
    assert (refused.status_code, refused.json()["type"]) == (406, "/problems/no-sessions")


def test_stale_headers_on_a_get_are_harmless(client: TestClient, address: Callable[..., str]) -> None:
    stale = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.get(f"{address()}/train/", headers=stale).status_code == 404, "nothing was trained"


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # it leaves its connections open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_real_client_reads(
    live_server: str,
    address: Callable[..., str],
    drawn: Drawn,
    network: NetworkVersion,
    tmp_path: Path,
) -> None:
    real = pytest.importorskip("monailabel.client.client", reason="the package monailabel is not installed")
    client = real.MONAILabelClient(live_server + address(), tmpdir=str(tmp_path))
    uid = drawn.scene.series.series_instance_uid
    assert "head-neck-oar" in client.info()["models"]
    assert client.next_sample("first", {})["id"] == uid
    assert uid in client.datastore()["objects"]
    path = client.download_label(uid, "original")
    _same(Path(path).parent, Path(path).read_bytes(), drawn.mask.astype(np.uint8), drawn.scene.grid)
    with pytest.raises(real.MONAILabelClientException):
        client.create_session(path)
