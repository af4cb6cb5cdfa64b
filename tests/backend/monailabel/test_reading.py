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

from backend.accounts.actor import Actor
from backend.projects.tables import Project
from backend.studies.volumes import load_volume
from backend.training.tables import NetworkVersion
from rt.geometry import Grid
from rt.nifti_header import nifti_header
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.reviewing import review
from tests.factories.scenes import Scene, block

Login = Callable[..., dict[str, str]]


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


def test_a_client_may_ask_whether_its_copy_is_the_image(
    client: TestClient, address: Callable[..., str], scene: Scene
) -> None:
    url = f"{address('reader')}/datastore/image?image={scene.series.series_instance_uid}"
    data = client.get(url).content
    for algorithm in ("sha256", "md5"):
        digest = hashlib.new(algorithm, data).hexdigest()
        assert client.head(f"{url}&check_sum={algorithm.upper()}:{digest}").status_code == 200
    assert client.head(f"{url}&check_sum=SHA256:{'0' * 64}").status_code == 404
    assert client.head(f"{url}&check_sum=CRC:0").status_code == 422


def test_who_sees_the_pixels_by_dicomweb_sees_them_here(
    client: TestClient, address: Callable[..., str], drawn: Drawn
) -> None:
    uid = drawn.scene.series.series_instance_uid
    for role in ("annotator", "reader"):
        assert client.get(f"{address(role)}/datastore/image?image={uid}").status_code == 200
        assert client.get(f"{address(role)}/datastore/label?label={uid}&tag=original").status_code == 200


def test_a_label_says_who_drew_and_how_its_review_stands(
    client: TestClient, address: Callable[..., str], drawn: Drawn, save: Save, actor: Callable[..., Actor],
    login: Login,
) -> None:  # fmt: skip
    person, base, uid = actor("annotator"), address("reader"), drawn.scene.series.series_instance_uid
    url = f"{base}/datastore/label/info?label={uid}&tag="
    assert client.get(url + "original").json()["client_id"] == "", "a network has no name of a person"
    headers = login(person)
    save(drawn.structure_id, ~drawn.mask, 1, headers)
    told = client.get(url + "version_1").json()
    assert (told["client_id"], told["segmentationMeta"]["status"]) == (person.username, "segmented")
    review(client, drawn.set_id, "submit", headers)
    assert review(client, drawn.set_id, "approve", login("reviewer")).is_success
    meta = client.get(url + "final").json()["segmentationMeta"]
    assert (meta["status"], meta["approvedBy"] != "", meta["editTime"] > 0) == ("approved", True, True)
    assert client.get(url + "version_1").status_code == 404
    assert client.get(f"{base}/datastore/image/info?image={uid}").json()["name"] == f"{uid}.nii"
    assert client.get(f"{base}/datastore/?output=train").json() == [{"image": uid, "label": uid}]
    assert client.get(f"{base}/datastore/").json()["completed"] == 1


def test_what_was_rejected_is_no_label(
    client: TestClient, address: Callable[..., str], drawn: Drawn, login: Login
) -> None:
    path = f"/api/structures/{drawn.structure_id}/assessment"
    assert client.put(path, json={"assessment": "rejected"}, headers=login("annotator")).is_success
    assert client.get(f"{address()}/info/").json()["datastore"]["label_tags"] == {}
    assert client.post(f"{address()}/activelearning/first").json() == {}, "somebody has looked at it"
