"""Corrections make a better network, on real patients, through the whole platform.

The project begins with a network that hardly draws parotids: the shipped one with their output bias lowered.
Some patients' parotids are corrected to the clinical contours and approved, a run learns from them, and the
locked patients' parotids get better by a measured amount.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from safetensors.torch import load_file, save_file
from sqlalchemy import select

from backend.config import get_settings
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.kit.storage import file_sha256
from backend.training.networks import register_shipped
from rt.dicom.outgoing import write_bytes
from rt.masks import Mask, encode_mask
from tests.conftest import POSTGRES
from tests.factories.openkbp import CtOptions, openkbp_ct
from tests.factories.reviewing import looked_at
from workers.supervisor import Supervisor, Timing

PATIENTS = ("pt_202", "pt_204", "pt_206", "pt_208", "pt_209", "pt_210", "pt_219")
"""The order of their keys puts the last three into the locked test set."""
SHIPPED = Path(__file__).parents[2] / "models" / "weights" / "head-neck-oar" / "1"
PAROTIDS = ("Parotid_R", "Parotid_L")
ITERATIONS = 80


@dataclass
class Clinic:
    """The platform as its people use it."""

    client: TestClient
    project: str
    annotator: dict[str, str]
    reviewer: dict[str, str]
    administrator: dict[str, str]
    supervisor: Supervisor

    def call(self, method: str, path: str, who: dict[str, str], **options: Any) -> Any:
        headers = who | options.pop("headers", {})
        answer = self.client.request(method, f"/api{path}", headers=headers, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def work(self) -> None:
        """Do all queued jobs."""
        while True:
            with session_scope(read_only=True) as session:
                job_id = session.scalars(select(Job.id).filter_by(state="queued").order_by(Job.id)).first()
            if job_id is None:
                return
            self.supervisor.run(job_id)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped network after forgetting the parotids, as the installation's only version."""
    folder = tmp_path / "weights" / SHIPPED.parent.name / SHIPPED.name
    shutil.copytree(SHIPPED, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    tensors = load_file(folder / "weights.safetensors")
    for bias in (tensor for name, tensor in tensors.items() if name.endswith("head.bias")):
        for index in (manifest["structures"].index(name) for name in PAROTIDS):
            bias.view(len(manifest["structures"]), -1)[index] -= 12.0
    save_file(tensors, folder / "weights.safetensors")
    manifest["weights_sha256"] = file_sha256(folder / "weights.safetensors")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("RINKAKU_WEIGHTS", str(tmp_path / "weights"))
    get_settings.cache_clear()
    return folder


@pytest.fixture
def clinic(database: str, weights: Path, client: TestClient, login: Callable[..., dict[str, str]]) -> Clinic:
    """One server forks the job processes of all tests: it has to know the handlers of the others, too."""
    if POSTGRES and database == "sqlite":
        pytest.skip("runs once, on Postgres where there is one")
    with session_scope() as session:
        register_shipped(session)
    modules = ["tests.workers.handlers", "workers.gpu.presegment", "workers.training.train"]
    people = [login("annotator"), login("reviewer"), login("administrator")]
    project = client.get("/api/projects", headers=people[2]).json()["items"][0]["id"]
    return Clinic(client, project, *people, Supervisor(Timing(lease_s=60.0), modules))


def _send(clinic: Clinic, patient: str) -> tuple[str, dict[str, Mask]]:
    """Import one real patient; its study and the clinical contours."""
    ct = openkbp_ct(patient, CtOptions(pixels=128, couch=True))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, dataset in enumerate(ct.series):
            archive.writestr(f"{number}.dcm", write_bytes(dataset))
    who = clinic.annotator
    batch = clinic.call("POST", f"/projects/{clinic.project}/imports", who)["id"]
    sent = clinic.call(
        "PUT", f"/imports/{batch}/files", who, params={"name": "ct.zip"}, content=packed.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert {row["outcome"] for row in sent["files"]} == {"stored"}
    return clinic.call("POST", f"/imports/{batch}/complete", who)["studies"][0], ct.organs


def _ai_set(clinic: Clinic, study: str) -> dict[str, Any]:
    rows = clinic.call("GET", f"/studies/{study}", clinic.annotator)["structure_sets"]
    drawn = next(row for row in rows if row["origin"] == "ai")
    found: dict[str, Any] = clinic.call("GET", f"/structure-sets/{drawn['id']}", clinic.annotator)
    return found


def _correct_and_approve(clinic: Clinic, study: str, truth: dict[str, Mask]) -> None:
    """Bring the parotids to the clinical contours; a colleague approves them."""
    drawn = _ai_set(clinic, study)
    ids = []
    for structure in drawn["structures"]:
        if structure["name"] in PAROTIDS and structure["name"] in truth:
            mask = base64.b64encode(encode_mask(truth[structure["name"]])).decode()
            clinic.call(
                "POST", f"/structures/{structure['id']}/revisions", clinic.annotator,
                json={"mask": mask, "reason": "clinical contour", "tool": "brush", "seconds": 60},
                headers={"If-Match": f'"{structure["head"]["number"]}"'},
            )  # fmt: skip
            ids.append(structure["id"])
    clinic.call(
        "POST", f"/structure-sets/{drawn['id']}/submit", clinic.annotator, json={"structure_ids": ids}
    )
    seen = looked_at(_ai_set(clinic, study), ids)
    clinic.call("POST", f"/structure-sets/{drawn['id']}/approve", clinic.reviewer, json=seen)


@pytest.mark.shared_data
@pytest.mark.timeout(2400)
def test_locked_patients_get_better_from_other_patients_corrections(clinic: Clinic) -> None:
    studies = dict(_send(clinic, patient) for patient in PATIENTS)
    clinic.work()
    for study, truth in studies.items():
        _correct_and_approve(clinic, study, truth)
    clinic.work()

    boss, project = clinic.administrator, clinic.project
    snapshot = clinic.call(
        "POST", f"/projects/{project}/snapshots", boss,
        json={"name": "parotids", "test_fraction": 0.43, "validation_fraction": 0.0},
    )  # fmt: skip
    assert snapshot["cases"] == {"train": 4, "validation": 0, "test": 3}
    base = clinic.call("GET", "/networks", boss)["items"][0]["versions"][0]
    wanted = {"snapshot_id": snapshot["id"], "base_version_id": base["id"], "iterations": ITERATIONS}
    run = clinic.call("POST", f"/projects/{project}/runs", boss, json=wanted | {"learning_rate": 1e-3})
    clinic.work()
    run = clinic.call("GET", f"/runs/{run['id']}", boss)
    assert run["state"] == "succeeded", run["job"]["error"]
    assert run["curves"][-1]["iteration"] == ITERATIONS
    rows = {row["structure"]: row for row in run["evaluation"]}
    for name in PAROTIDS:
        assert rows[name]["n"] == 3
        assert rows[name]["new_dice"] > rows[name]["base_dice"] + 0.1
        assert rows[name]["verdict"] == "better"

    promoted = clinic.call(
        "POST", f"/projects/{project}/deployments", boss, json={"version_id": run["version"]["id"]}
    )
    assert promoted["version"]["version"] == base["version"] + 1
    rolled = clinic.call(
        "POST", f"/projects/{project}/deployments/rollback", boss, json={"network": base["name"]}
    )
    assert rolled["version"]["id"] == base["id"]
    effort = clinic.call("GET", f"/projects/{project}/effort", boss)["items"]
    assert {row["structure"] for row in effort} == set(PAROTIDS)
    assert all(row["added_path_length_mm"] > 0 and row["seconds"] == 60 for row in effort)
