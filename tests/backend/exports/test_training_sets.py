"""A project as a training set: layouts, overlap, completeness, and nothing of the patient in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from backend.exports.errors import NothingToExport
from backend.exports.training_set import label_map
from backend.projects.tables import Project
from rt.masks import Mask
from rt.resample import read_nifti
from tests.backend.exports.conftest import arrive, exported
from tests.backend.labels.conftest import draw
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived
from tests.factories.scenes import block

Login = Callable[..., dict[str, str]]


def test_nnunet_layout(
    project: Project,
    two_cases: tuple[Arrived, Mask, Mask],
    client: TestClient,
    login: Login,
    tmp_path: Path,
) -> None:
    arrived, large, small = two_cases
    headers = login("clinician")
    names = ["Brainstem", "Parotid_L"]
    result, data = exported(client, project, headers, format="nnunet", structures=names)
    assert (result["cases"], result["left_out"]) == (1, 1), (
        "one patient has no Parotid_L: it is unknown there"
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    root = tmp_path / "Dataset001_Rinkaku"
    described = json.loads((root / "dataset.json").read_text())
    assert described["labels"] == {"background": 0, "Brainstem": 1, "Parotid_L": 2}
    assert (described["channel_names"], described["numTraining"]) == ({"0": "CT"}, 1)
    case = next(iter(described["cases"]))
    labels, grid = read_nifti(root / "labelsTr" / f"{case}{described['file_ending']}")
    image, image_grid = read_nifti(root / "imagesTr" / f"{case}_0000{described['file_ending']}")
    assert grid.is_close(arrived.grid) and image_grid.is_close(arrived.grid)
    assert np.array_equal(labels == 2, small), "the smaller organ wins where both are"
    assert np.array_equal(labels == 1, large & ~small)
    assert image.dtype == np.int16 and image.min() == -1000


def test_nnunet_says_which_structures_it_cannot_hold(
    project: Project, two_cases: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    result, data = exported(client, project, login("clinician"), format="nnunet")
    assert (result["structures"], result["structures_left_out"]) == (["Brainstem"], ["Parotid_L"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        described = json.loads(archive.read("Dataset001_Rinkaku/dataset.json"))
    assert described["structures_left_out"] == ["Parotid_L"]


def test_monai_datalist(
    project: Project, two_cases: tuple[Arrived, Mask, Mask], client: TestClient, login: Login, tmp_path: Path
) -> None:
    _, large, small = two_cases
    result, data = exported(client, project, login("clinician"), format="monai")
    assert (result["cases"], result["structures"]) == (2, ["Brainstem", "Parotid_L"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    described = json.loads((tmp_path / "datalist.json").read_text())
    entries = described["training"]
    assert described["labels"] == {"0": "background", "1": "Brainstem", "2": "Parotid_L"}
    assert sorted(entry["unknown"] for entry in entries) == [[], ["Parotid_L"]]
    assert len({entry["patient"] for entry in entries}) == 2
    whole = next(entry for entry in entries if not entry["unknown"])
    for name, mask in (("Brainstem", large), ("Parotid_L", small)):
        array, _ = read_nifti(tmp_path / whole["masks"][name])
        assert np.array_equal(array.astype(bool), mask), "each mask leaves whole, with the overlap"
    for entry in entries:
        assert (tmp_path / entry["image"]).is_file() and (tmp_path / entry["label"]).is_file()


@pytest.mark.parametrize("form", ["monai", "nnunet", "nrrd", "bids", "mat", "mat73"])
def test_nothing_of_the_patient_leaves(
    project: Project, two_cases: tuple[Arrived, Mask, Mask], client: TestClient, login: Login, form: str
) -> None:
    arrived, _, _ = two_cases
    _, data = exported(client, project, login("clinician"), format=form)
    uids = [arrived.study.study_instance_uid, arrived.series.series_instance_uid]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    for secret in ("Secret", "ID-one", "ID-two", *uids):
        assert secret.encode() not in contents


def test_only_approved_revisions_leave_unless_asked(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> None:
    arrived, scene = arrive(project, tmp_path, "one")
    draw(scene, "Brainstem", block(arrived.grid, slice(1, 3), slice(4, 9), slice(4, 9)))
    headers = login("clinician")
    body = {"format": "monai"}
    job = client.post(f"/api/projects/{project.id}/exports", json=body, headers=headers).json()
    with pytest.raises(NothingToExport):
        run_job(job["id"])
    result, _ = exported(client, project, headers, format="monai", only_approved=False)
    assert result["cases"] == 1


def test_who_may_ask_and_download(
    project: Project, two_cases: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    url = f"/api/projects/{project.id}/exports"
    body = {"format": "monai"}
    assert client.post(url, json=body, headers=login("annotator")).status_code == 403
    assert client.post(url, json=body, headers=login(None)).status_code == 404
    job = client.post(url, json=body, headers=login("clinician")).json()
    run_job(job["id"])
    file = f"/api/exports/{job['id']}/file"
    assert client.get(file, headers=login("reader")).status_code == 403
    assert client.get(file, headers=login(None)).status_code == 404
    assert client.get("/api/exports/nothing/file", headers=login("clinician")).status_code == 404


def test_of_equal_organs_the_first_by_name_keeps_the_overlap(two_cases: tuple[Arrived, Mask, Mask]) -> None:
    grid = two_cases[0].grid
    one = block(grid, slice(1, 2), slice(1, 5), slice(1, 5))
    other = block(grid, slice(1, 2), slice(3, 7), slice(1, 5))
    labels = label_map({"B": other, "A": one}, ("A", "B"), grid)
    assert np.array_equal(labels == 1, one)
