"""A network of other people through the whole product: uploaded, drawn with, promoted, and ours taken out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.cli import main
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.training import commands, networks
from backend.training.tables import NetworkVersion
from models.foreign.errors import ForeignCode, ForeignUnreadable
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, send_ct
from tests.models.foreign import inference, metadata, unet, write_bundle
from tests.models.test_foreign_refused import Canary, zipped
from tests.workers.test_presegment import install, presegment
from workers.__main__ import main as workers_main

Login = Callable[..., dict[str, str]]
IMPORTS = "/api/networks/imports"


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    torch.set_num_threads(1)
    return send_ct(project, tmp_path / "ct")


def bundle(folder: Path, **changes: Any) -> Path:
    """A bundle whose network gives one class everywhere, as a zip."""
    module = unet()
    with torch.no_grad():
        for value in module.parameters():
            value.mul_(0.01)
        list(module.parameters())[-1].copy_(torch.tensor([-5.0, 5.0, -5.0]))
    return zipped(write_bundle(folder, module, **changes), folder / "upload.zip")


def sent(client: TestClient, headers: dict[str, str], path: Path, **query: Any) -> dict[str, Any]:
    """The job of an upload, done."""
    answer = client.post(
        IMPORTS, params={"file_name": "toy.zip", **query}, content=path.read_bytes(), headers=headers
    )
    assert answer.status_code == 202, answer.text
    return run_job(answer.json()["id"])


def versions(client: TestClient, headers: dict[str, str], name: str) -> list[dict[str, Any]]:
    families = client.get("/api/networks", headers=headers).json()["items"]
    return next((family["versions"] for family in families if family["name"] == name), [])


def test_an_uploaded_bundle_draws_and_says_where_it_comes_from(
    arrived: Arrived, client: TestClient, login: Login, tmp_path: Path
) -> None:
    admin = login("administrator")
    result = sent(client, admin, bundle(tmp_path))
    assert (result["network"], result["version"]) == ("toy-bundle", 1)
    (shown,) = versions(client, admin, "toy-bundle")
    assert (shown["origin"], shown["source"]["kind"]) == ("imported", "monai-bundle")
    assert shown["source"]["labels"] == {"Parotid_L": "parotid_left", "thing": "thing"}
    assert "not measured here" in shown["card_markdown"]
    drawn = presegment(arrived, network_version_id=shown["id"])
    assert "Parotid_L" in drawn["drawn"]
    assert [f["structure"] for f in drawn["findings"] if f["slug"] == "missing"] == ["thing"]
    again = sent(client, admin, tmp_path / "upload.zip")
    assert again["version_id"] == shown["id"], "the same network twice is one version"
    with session_scope(read_only=True) as session:
        kept = session.scalars(select(Job.parameters).where(Job.kind == "import-network")).all()
    assert ["sha256" in one for one in kept] == [False, False], "uploads are for the sweep then"


def test_an_imported_version_is_used_by_itself_only_after_it_was_promoted(
    project: Project, client: TestClient, login: Login, tmp_path: Path
) -> None:
    shipped, admin = install(1, 20.0), login("administrator")
    result = sent(client, admin, bundle(tmp_path), name="head-neck-oar")
    assert result["version"] == 2

    def in_use() -> str | None:
        with session_scope(read_only=True) as session:
            found = networks.version_in_use(session, project.id, "head-neck-oar")
            return found.id if found else None

    assert in_use() == shipped
    body = {"version_id": result["version_id"]}
    answer = client.post(f"/api/projects/{project.id}/deployments", json=body, headers=admin)
    assert answer.status_code == 201
    assert in_use() == result["version_id"]


def test_an_mr_network_asks_for_mr_images(
    arrived: Arrived, client: TestClient, login: Login, tmp_path: Path
) -> None:
    body, admin = metadata(), login("administrator")
    body["network_data_format"]["inputs"]["image"]["modality"] = "MRI"
    result = sent(client, admin, bundle(tmp_path, metadata=body))
    answer = client.post(
        f"/api/studies/{arrived.study.id}/presegment",
        json={"network_version_id": result["version_id"]},
        headers=admin,
    )
    assert answer.status_code == 409
    assert "MR" in answer.json()["detail"]


def test_a_hostile_upload_fails_its_job_and_leaves_no_version(
    database: str, client: TestClient, login: Login, tmp_path: Path
) -> None:
    admin, canary = login("administrator"), tmp_path / "canary"
    root = write_bundle(tmp_path)
    torch.save({"weights": Canary(canary)}, root / "models" / "model.pt")
    with pytest.raises(ForeignUnreadable):
        sent(client, admin, zipped(root, tmp_path / "bad.zip"))
    assert not canary.exists()
    mine = inference(network_def={"_target_": "scripts.net.Mine"})
    with pytest.raises(ForeignCode):
        sent(client, admin, bundle(tmp_path / "other", inference=mine))
    assert client.get("/api/networks", headers=admin).json()["items"] == []


def test_what_is_no_zip_is_refused_at_once(database: str, client: TestClient, login: Login) -> None:
    admin = login("administrator")
    answer = client.post(f"{IMPORTS}?file_name=x.zip", content=b"\x80\x04pickle", headers=admin)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (422, "invalid-input")
    allowed = client.post(f"{IMPORTS}?file_name=x&allow_code=yes", content=b"PK\x03\x04", headers=admin)
    assert allowed.status_code == 422


def test_without_totalsegmentator_the_job_says_how_to_install_it(
    database: str, client: TestClient, login: Login
) -> None:
    admin = login("administrator")
    body = {"library": "totalsegmentator", "task": "total"}
    job = client.post("/api/networks/libraries", json=body, headers=admin).json()
    with pytest.raises(Exception, match="pip install TotalSegmentator"):
        run_job(job["id"])


def test_a_version_is_written_for_other_software_and_comes_back(
    database: str, client: TestClient, login: Login, tmp_path: Path
) -> None:
    admin, version_id = login("administrator"), install(1, 20.0)
    path = f"/api/network-versions/{version_id}/exports"
    jobs = {
        form: client.post(path, json={"format": form}, headers=admin).json()["id"]
        for form in ("monai", "onnx")
    }
    early = client.get(f"/api/network-exports/{jobs['monai']}/file", headers=admin)
    assert (early.status_code, early.json()["type"].rsplit("/", 1)[-1]) == (409, "export-not-ready")
    for job in jobs.values():
        run_job(job)
    files = {
        form: client.get(f"/api/network-exports/{job}/file", headers=admin) for form, job in jobs.items()
    }
    assert 'filename="head-neck-oar-1.zip"' in files["monai"].headers["content-disposition"]
    assert files["onnx"].content[:1] == b"\x08"
    names = zipfile.ZipFile(io.BytesIO(files["monai"].content)).namelist()
    assert "head-neck-oar-1/scripts/unet3d.py" in names
    (tmp_path / "back.zip").write_bytes(files["monai"].content)
    assert sent(client, admin, tmp_path / "back.zip")["version"] == 2


def test_a_version_of_anothers_project_is_not_there(
    project: Project, client: TestClient, login: Login
) -> None:
    version_id = install(1, 20.0, project.id)
    outside = login(None, installation=True)
    path = f"/api/network-versions/{version_id}/exports"
    assert client.post(path, json={"format": "onnx"}, headers=outside).status_code == 404


def test_the_command_takes_in_and_writes_out(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handed: list[list[str]] = []

    def become(_: str, words: list[str]) -> None:
        handed.append(words)
        raise SystemExit

    monkeypatch.setattr(commands.os, "execv", become)

    def run(*words: str) -> int:
        with pytest.raises(SystemExit):
            main(["network", *words])
        return workers_main(handed[-1][3:])

    assert run("import", str(bundle(tmp_path)), "--name", "Toy") == 0
    assert capsys.readouterr().out == "toy v1: Parotid_L, thing\n"
    out = tmp_path / "toy.onnx"
    assert run("export", "toy", "1", "--format", "onnx", "--out", str(out)) == 0
    assert out.stat().st_size > 1000
    assert run("export", "toy", "1", "--format", "monai", "--out", str(tmp_path / "x.zip")) == 1
    assert "(foreign-unsupported)" in capsys.readouterr().err
    assert run("import", str(tmp_path / "none.zip")) == 1
    assert main(["network", "import"]) == 1
    with session_scope(read_only=True) as session:
        assert session.query(NetworkVersion).count() == 1
