"""A frozen dataset leaves as it was frozen: the same one gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.kit import db
from backend.labels.tables import Structure
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from rt.masks import Mask
from rt.resample import read_nifti
from tests.backend.exports.conftest import exported
from tests.backend.labels.conftest import Save
from tests.factories.patients import Arrived

Login = Callable[..., dict[str, str]]


def freeze(client: TestClient, project: Project, headers: dict[str, str]) -> str:
    with db.session_scope() as session:
        learner = NetworkVersion(
            name="head-neck-oar", version=1, title="", origin="shipped", manifest={},
            structures=["Parotid_L", "Brainstem"], weights_sha256="", card="",
        )  # fmt: skip
        session.add(learner)
    wanted = {"name": "first", "test_fraction": 0.5, "validation_fraction": 0.0}
    answer = client.post(f"/api/projects/{project.id}/snapshots", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def parotid() -> Structure:
    with db.session_scope(read_only=True) as session:
        return session.scalars(select(Structure).filter_by(name="Parotid_L")).one()


@pytest.mark.parametrize("form", ["monai", "nnunet", "mat"])
def test_a_snapshot_gives_the_same_bytes_whatever_was_drawn_since(
    project: Project,
    two_cases: tuple[Arrived, Mask, Mask],
    client: TestClient,
    login: Login,
    save: Save,
    form: str,
) -> None:
    snapshot_id = freeze(client, project, login("administrator"))
    headers = login("clinician")
    result, before = exported(client, project, headers, format=form, snapshot_id=snapshot_id)
    assert result["cases"] == 2
    changed = np.roll(two_cases[2], 1, axis=2)
    assert save(parotid().id, changed, 1, login("annotator")).status_code == 201
    _, now = exported(client, project, headers, format=form)
    assert now != before, "the changed contour is not approved any more"
    _, again = exported(client, project, headers, format=form, snapshot_id=snapshot_id)
    assert again == before


def test_the_masks_of_a_snapshot_are_those_that_were_frozen(
    project: Project,
    two_cases: tuple[Arrived, Mask, Mask],
    client: TestClient,
    login: Login,
    save: Save,
    tmp_path: Path,
) -> None:
    arrived, _, small = two_cases
    snapshot_id = freeze(client, project, login("administrator"))
    assert save(parotid().id, np.roll(small, 2, axis=1), 1, login("annotator")).status_code == 201
    _, data = exported(client, project, login("clinician"), format="monai", snapshot_id=snapshot_id)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    entries = json.loads((tmp_path / "datalist.json").read_text())["training"]
    (entry,) = [one for one in entries if "Parotid_L" not in one["unknown"]]
    mask, grid = read_nifti(tmp_path / entry["masks"]["Parotid_L"])
    assert grid.is_close(arrived.grid)
    assert np.array_equal(mask > 0, small)


def test_what_is_not_whole_or_not_of_the_project_is_refused(
    project: Project, two_cases: tuple[Arrived, Mask, Mask], client: TestClient, login: Login
) -> None:
    snapshot_id = freeze(client, project, login("administrator"))
    url, headers = f"/api/projects/{project.id}/exports", login("clinician")
    body = {"format": "monai", "snapshot_id": "nobody-has-this"}
    assert client.post(url, json=body, headers=headers).status_code == 404
    study = f"/api/studies/{two_cases[0].study.id}"
    assert client.delete(study, headers=login("administrator")).status_code == 204
    answer = client.post(url, json=body | {"snapshot_id": snapshot_id}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/dataset-incomplete")
