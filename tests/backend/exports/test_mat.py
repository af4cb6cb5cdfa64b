"""A project as MAT-files: image, dose and masks on one grid, cropped to a region of structures and dose."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from scipy.io import loadmat
from sqlalchemy import select

from backend.cli import main
from backend.exports.errors import NothingToExport
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies.service import load_volume
from backend.studies.tables import Registration
from rt.dicom.uids import new_uid
from rt.masks import Mask
from rt.registration import RigidTransform
from tests.backend.dose.conftest import dose_of
from tests.backend.exports.conftest import approve_set, arrive, exported
from tests.backend.labels.conftest import draw
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send
from tests.factories.registration import make_reg, matrix_of
from tests.factories.scenes import block

Login = Callable[..., dict[str, str]]
LUNG_MINUS_GTV = {"structures": ["Lungs"], "without": ["GTV"], "isodose_gy": 21}


@pytest.fixture
def irradiated(
    project: Project, tmp_path: Path, client: TestClient, login: Login
) -> tuple[Arrived, Mask, Mask]:
    """Two approved patients with lungs and a target in them; the first has a dose, the second has none."""
    arrived, scene = arrive(project, tmp_path, "one")
    send(project, tmp_path / "rt", [dose_of(arrived.ct)])
    lungs = block(arrived.grid, slice(1, 5), slice(4, 16), slice(2, 18))
    target = block(arrived.grid, slice(2, 4), slice(8, 12), slice(10, 14))
    _, other = arrive(project, tmp_path, "two")
    for one in (scene, other):
        draw(one, "Lungs", lungs)
        approve_set(client, draw(one, "GTV", target), login)
    return arrived, lungs, target


def _opened(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """`cases.json`, and the MAT-files by case."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "README.txt" in archive.namelist()
        files = {
            name.removesuffix(".mat"): archive.read(name)
            for name in archive.namelist()
            if name[-4:] == ".mat"
        }
        return json.loads(archive.read("cases.json")), files


def _dose_kji(arrived: Arrived) -> np.ndarray:
    """10 Gy in the first of ten columns of 4 mm and 5 Gy more in each, on the CT's voxels."""
    x_mm = np.array([arrived.grid.to_lps([i, 0, 0])[0] for i in range(arrived.grid.shape_kji[2])])
    dataset = dose_of(arrived.ct)
    along = (x_mm - float(dataset.ImagePositionPatient[0])) / 4.0
    return np.broadcast_to(10 + 5 * along.clip(0, 9), arrived.grid.shape_kji)


def test_lung_outside_the_target_with_21_gy_is_cropped_to(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    arrived, lungs, target = irradiated
    result, data = exported(client, project, login("clinician"), format="mat", crop=LUNG_MINUS_GTV)
    described, files = _opened(data)
    assert (result["cases"], result["left_out"]) == (1, 1)
    assert set(described["left_out_by_crop"].values()) == {"there is no dose"}
    case, content = next(iter(files.items()))
    assert described["cases"][case]["has_dose"] is True
    read = loadmat(io.BytesIO(content))
    region = lungs & ~target & (_dose_kji(arrived) >= 21)
    k, j, i = (slice(hits.min(), hits.max() + 1) for hits in np.nonzero(region))
    assert (read["crop_first"] - 1).tolist() == [[j.start, i.start, k.start]]
    assert read["crop_last"].tolist() == [[j.stop, i.stop, k.stop]]
    assert read["full_size"].tolist() == [[24, 20, 6]]
    inside = (k, j, i)
    in_matlab = lambda array_kji: array_kji[inside].transpose(1, 2, 0)  # noqa: E731
    assert np.array_equal(read["image"], in_matlab(load_volume(arrived.series)[0]))
    assert read["image"].dtype == np.int16
    assert np.array_equal(read["region"], in_matlab(region))
    assert np.array_equal(read["masks"]["Lungs"][0, 0], in_matlab(lungs))
    assert np.array_equal(read["masks"]["GTV"][0, 0], in_matlab(target))
    assert np.allclose(read["dose"], in_matlab(_dose_kji(arrived)), atol=1e-3, equal_nan=True)
    units = [str(read[name][0]) for name in ("image_unit", "dose_unit", "spacing_unit", "axes")]
    assert units == ["HU", "Gy", "mm", "row, column, slice"]


def test_a_voxel_lies_where_the_formula_says(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    arrived, _, target = irradiated
    _, data = exported(client, project, login("clinician"), format="mat", crop={"structures": ["GTV"]})
    read = loadmat(io.BytesIO(next(iter(_opened(data)[1].values()))))
    k, j, i = (int(hits.max()) for hits in np.nonzero(target))
    last = np.array(read["image"].shape)[:, np.newaxis]
    place = read["origin_lps_mm"] + read["direction_lps"] @ np.diag(read["spacing_mm"][0]) @ (last - 1)
    assert np.allclose(place[:, 0], arrived.grid.to_lps([i, j, k]))


def test_without_a_crop_the_whole_image_leaves_with_what_is_unknown(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    body = {"format": "mat", "structures": ["GTV", "Heart"]}
    result, data = exported(client, project, login("clinician"), **body)
    described, files = _opened(data)
    assert (result["cases"], described["crop"]) == (2, None)
    doses = {}
    for case, content in files.items():
        read = loadmat(io.BytesIO(content))
        assert read["image"].shape == (24, 20, 6) and read["region"].all()
        assert [str(one[0]) for one in read["unknown"][0]] == ["Heart"]
        assert [str(one[0]) for one in read["structure_names"][0]] == ["GTV"]
        doses[described["cases"][case]["has_dose"]] = read["dose"].shape
    assert doses == {True: (24, 20, 6), False: (0, 0)}


def test_version_73_holds_the_same(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    headers = login("clinician")
    _, plain = exported(client, project, headers, format="mat", crop=LUNG_MINUS_GTV)
    _, large = exported(client, project, headers, format="mat73", crop=LUNG_MINUS_GTV)
    case, content = next(iter(_opened(large)[1].items()))
    read = loadmat(io.BytesIO(_opened(plain)[1][case]))
    with h5py.File(io.BytesIO(content)) as file:
        for name in ("image", "dose", "region", "origin_lps_mm", "direction_lps", "crop_first"):
            assert np.array_equal(file[name][()].T, read[name], equal_nan=name == "dose"), name
        assert np.array_equal(file["masks/GTV"][()].T, read["masks"]["GTV"][0, 0])


def test_of_two_doses_of_a_treatment_none_is_guessed(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login, tmp_path: Path
) -> None:
    send(project, tmp_path / "second", [dose_of(irradiated[0].ct, seed="second")])
    job = client.post(
        f"/api/projects/{project.id}/exports",
        json={"format": "mat", "crop": LUNG_MINUS_GTV},
        headers=login("clinician"),
    ).json()
    with pytest.raises(NothingToExport, match="there is no dose"):
        run_job(job["id"])
    _, data = exported(client, project, login("clinician"), format="mat")
    assert sorted(one["doses_found"] for one in _opened(data)[0]["cases"].values()) == [0, 2]


def test_a_sum_of_plans_is_taken_before_its_parts(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login, tmp_path: Path
) -> None:
    total = dose_of(irradiated[0].ct, seed="sum")
    total.DoseSummationType, total.DoseGridScaling = "MULTI_PLAN", 2 * float(total.DoseGridScaling)
    send(project, tmp_path / "sum", [total])
    _, data = exported(client, project, login("clinician"), format="mat")
    described, files = _opened(data)
    case = next(case for case, said in described["cases"].items() if said["has_dose"])
    dose = loadmat(io.BytesIO(files[case]))["dose"]
    assert np.allclose(dose, 2 * _dose_kji(irradiated[0]).transpose(1, 2, 0), atol=1e-2)


def test_what_cannot_be_cropped_to_is_refused_at_once(
    project: Project, client: TestClient, login: Login
) -> None:
    headers, url = login("clinician"), f"/api/projects/{project.id}/exports"
    for body in (
        {"format": "nrrd", "crop": {"structures": ["Lungs"]}},
        {"format": "mat", "crop": {"without": ["GTV"]}},
        {"format": "mat", "crop": {"isodose_gy": 0}},
        {"format": "mat", "crop": {"structures": ["Lungs"], "margin_mm": -1}},
    ):
        assert client.post(url, json=body, headers=headers).status_code == 422


def test_the_command_writes_the_bytes_that_the_page_gives(
    project: Project,
    irradiated: tuple[Arrived, Mask, Mask],
    client: TestClient,
    login: Login,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    crop = LUNG_MINUS_GTV | {"margin_mm": 3}
    result, _ = exported(client, project, login("clinician"), format="mat73", structures=["Lungs"], crop=crop)
    capsys.readouterr()
    out = tmp_path / "out.zip"
    command = ["export", project.slug, str(out), "--format", "mat73", "--structures", "Lungs"]
    command += ["--crop", "Lungs", "--without", "GTV", "--isodose-gy", "21", "--margin-mm", "3"]
    assert main(command) == 0
    assert capsys.readouterr().out == (
        f"1 cases, 1 structures, 1 cases left out\n{result['sha256']}  {out}\n"
    )
    assert hashlib.sha256(out.read_bytes()).hexdigest() == result["sha256"]
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".zip"] == ["out.zip"]


def test_the_command_refuses_a_region_of_nothing(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", project.slug, str(tmp_path / "out.zip"), "--format", "mat", "--without", "GTV"]
    assert main(command) == 2
    assert "a region is of structures" in capsys.readouterr().err


SHIFT = matrix_of((0.0, 0.0, 0.0), (20.0, -15.0, 9.0))


def moved_away(arrived: Arrived, seed: str = "moved") -> tuple[Dataset, str]:
    """The dose as it lies in a frame of its own, from which SHIFT brings it back."""
    dose, frame = dose_of(arrived.ct, seed=seed), new_uid()
    back = RigidTransform.from_matrix(SHIFT).inverse()
    dose.FrameOfReferenceUID = frame
    dose.ImagePositionPatient = [
        f"{v:.6f}" for v in back.apply([float(v) for v in dose.ImagePositionPatient])
    ]
    return dose, frame


def _cases(client: TestClient, project: Project, login: Login) -> dict[bool, Any]:
    """The cases by whether they have a dose: what is said of them, and their file."""
    _, data = exported(client, project, login("clinician"), format="mat")
    described, files = _opened(data)
    return {
        said["has_dose"]: (said, loadmat(io.BytesIO(files[case])))
        for case, said in described["cases"].items()
    }


def test_a_dose_that_a_registration_moved_leaves_on_the_image(
    project: Project, client: TestClient, login: Login, tmp_path: Path
) -> None:
    arrived, scene = arrive(project, tmp_path, "one")
    approve_set(
        client, draw(scene, "GTV", block(arrived.grid, slice(2, 4), slice(8, 12), slice(10, 14))), login
    )
    dose, frame = moved_away(arrived)
    send(project, tmp_path / "rd", [dose])
    assert list(_cases(client, project, login)) == [False]
    own = str(arrived.ct[0].FrameOfReferenceUID)
    send(project, tmp_path / "reg", [make_reg(own, [(frame, SHIFT)], like=arrived.ct[0])])
    said, read = _cases(client, project, login)[True]
    assert np.allclose(read["dose"], _dose_kji(arrived).transpose(1, 2, 0), atol=1e-3)
    assert np.allclose(read["dose_moved"], SHIFT)
    with session_scope(read_only=True) as session:
        registration = session.scalars(select(Registration)).one()
    assert said["dose_moved_by"]["registrations"] == [registration.id]
    assert np.allclose(np.reshape(said["dose_moved_by"]["matrix"], (4, 4)), SHIFT)


def test_a_dose_of_the_images_own_frame_is_taken_before_one_that_is_moved(
    project: Project, irradiated: tuple[Arrived, Mask, Mask], client: TestClient, login: Login, tmp_path: Path
) -> None:
    arrived, _, _ = irradiated
    dose, frame = moved_away(arrived)
    dose.DoseSummationType = "MULTI_PLAN"
    own = str(arrived.ct[0].FrameOfReferenceUID)
    send(project, tmp_path / "reg", [dose, make_reg(own, [(frame, SHIFT)], like=arrived.ct[0])])
    said, read = _cases(client, project, login)[True]
    assert (said["doses_found"], said["dose_moved_by"]) == (1, None)
    assert read["dose_moved"].shape == (0, 0)


def test_of_two_moved_doses_none_is_guessed(
    project: Project, client: TestClient, login: Login, tmp_path: Path
) -> None:
    arrived, scene = arrive(project, tmp_path, "one")
    approve_set(
        client, draw(scene, "GTV", block(arrived.grid, slice(2, 4), slice(8, 12), slice(10, 14))), login
    )
    own = str(arrived.ct[0].FrameOfReferenceUID)
    for seed in ("first", "second"):
        dose, frame = moved_away(arrived, seed)
        send(project, tmp_path / seed, [dose, make_reg(own, [(frame, SHIFT)], like=arrived.ct[0])])
    said, _ = _cases(client, project, login)[False]
    assert (said["doses_found"], said["dose_moved_by"]) == (2, None)
