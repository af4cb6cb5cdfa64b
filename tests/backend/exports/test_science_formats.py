"""A project in the formats of research: NRRD, folders as BIDS has them; same contours, same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from fastapi.testclient import TestClient

from backend.exports.archive import distinct_names
from backend.exports.bids import _word
from backend.projects.tables import Project
from rt.masks import Mask
from rt.resample import grid_of, read_nifti
from tests.backend.exports.conftest import exported
from tests.factories.patients import Arrived

Login = Callable[..., dict[str, str]]
Cases = tuple[Arrived, Mask, Mask]


def _unpacked(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


def test_nrrd_has_image_label_map_and_each_mask_in_place(
    project: Project, two_cases: Cases, client: TestClient, login: Login, tmp_path: Path
) -> None:
    arrived, large, small = two_cases
    result, data = exported(client, project, login("clinician"), format="nrrd")
    assert (result["cases"], result["structures"]) == (2, ["Brainstem", "Parotid_L"])
    root = _unpacked(data, tmp_path / "out")
    described = json.loads((root / "cases.json").read_text())
    assert described["labels"] == {"background": 0, "Brainstem": 1, "Parotid_L": 2}
    assert sorted(case["unknown"] for case in described["cases"].values()) == [[], ["Parotid_L"]]
    whole = next(case for case in described["cases"].values() if not case["unknown"])
    image = sitk.ReadImage(str(root / whole["image"]))
    assert grid_of(image).is_close(arrived.grid)
    assert (image.GetPixelIDTypeAsString(), whole["unit"]) == ("16-bit signed integer", "HU")
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(root / whole["labels"])))
    assert np.array_equal(labels, np.where(small, 2, np.where(large, 1, 0)))
    for name, mask in (("Brainstem", large), ("Parotid_L", small)):
        read = sitk.ReadImage(str(root / whole["masks"][name]))
        assert grid_of(read).is_close(arrived.grid)
        assert np.array_equal(sitk.GetArrayFromImage(read), mask)


def test_bids_has_subjects_sessions_and_contours_as_a_derivative(
    project: Project, two_cases: Cases, client: TestClient, login: Login, tmp_path: Path
) -> None:
    arrived, large, small = two_cases
    _, data = exported(client, project, login("clinician"), format="bids")
    root = _unpacked(data, tmp_path / "out")
    assert json.loads((root / "dataset_description.json").read_text())["DatasetType"] == "raw"
    made = root / "derivatives" / "rinkaku"
    assert json.loads((made / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    with (made / "dseg.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [(row["index"], row["name"]) for row in rows] == [("1", "Brainstem"), ("2", "Parotid_L")]
    images = sorted(root.glob("sub-*/ses-*/ct/*_ct.nii.gz"))
    subjects = (root / "participants.tsv").read_text().splitlines()
    assert subjects[0] == "participant_id"
    assert sorted({image.name.split("_")[0] for image in images}) == subjects[1:]
    assert len(images) == 2
    stems = [image.relative_to(root).as_posix().removesuffix("_ct.nii.gz") for image in images]
    said = {stem: json.loads((made / f"{stem}_dseg.json").read_text()) for stem in stems}
    assert sorted(one["unknown"] for one in said.values()) == [[], ["Parotid_L"]]
    whole = next(stem for stem in stems if not said[stem]["unknown"])
    labels, grid = read_nifti(made / f"{whole}_dseg.nii.gz")
    assert grid.is_close(arrived.grid)
    assert np.array_equal(labels, np.where(small, 2, np.where(large, 1, 0)))
    for row, mask in zip(rows, (large, small), strict=True):
        array, _ = read_nifti(made / f"{whole}_label-{row['label']}_mask.nii.gz")
        assert np.array_equal(array, mask)


@pytest.mark.parametrize("form", ["monai", "nnunet", "nrrd", "bids", "mat", "mat73"])
def test_the_same_contours_give_the_same_bytes(
    project: Project,
    two_cases: Cases,
    client: TestClient,
    login: Login,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = login("clinician")
    first, data = exported(client, project, headers, format=form)
    later = time.time() + 100_000_000
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: later)
        patched.setattr(time, "asctime", lambda: "another day")
        second, again = exported(client, project, headers, format=form)
    assert hashlib.sha256(data).hexdigest() == first["sha256"]
    assert hashlib.sha256(again).hexdigest() == second["sha256"] == first["sha256"]


def test_files_of_different_structures_have_different_names() -> None:
    names = distinct_names(["PTV/5", "PTV 5", "ptv_5", "GTV"])
    assert names == {"PTV/5": "PTV_5", "PTV 5": "PTV_5_2", "ptv_5": "ptv_5_3", "GTV": "GTV"}


def test_words_of_bids_are_distinct_whatever_names_look_like() -> None:
    for names in (["x2", "\u80ba", "\u809d"], ["PTV", "PTV1x4", "PTV1", "PTV_1"], ["a", "A", "ax2"]):
        words = distinct_names(names, _word, "x")
        assert len({word.casefold() for word in words.values()}) == len(names), words
        assert all(word.isalnum() and word.isascii() for word in words.values())
