"""A network of outcome on a cohort's images, from the request to the map over a new patient's image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.projects.tables import Project
from rt.errors import RtError
from tests.backend.analyses.conftest import Ask
from tests.backend.analyses.test_working import read
from tests.backend.cohorts.conftest import Door
from tests.factories.jobs import run_job
from tests.factories.patients import Arrived, draw, send_ct

CONFIG = {
    "endpoint": "relapse", "source": "latest", "clinical": ["age"], "folds": 2, "members": 2, "epochs": 1,
    "channels": [4], "crop": {"region": {"structures": ["GTV"]}, "size": 8, "spacing_mm": 10},
}  # fmt: skip
DICTIONARY = [
    {"column": "ID", "role": "patient"},
    {"column": "Relapse", "role": "event", "endpoint": "relapse"},
    {"column": "Age", "role": "variable", "name": "age", "kind": "number"},
]


@pytest.fixture
def imaged(door: Door, project: Project, tmp_path: Path) -> dict[str, Arrived]:
    """27 patients with images; the last is not in the cohort, nothing is drawn in the one before."""
    arrived = {f"ID-{n}": send_ct(project, tmp_path, str(n)) for n in range(27)}
    for name in [*list(arrived)[:25], "ID-26"]:
        draw(arrived[name], "GTV")
    rng = np.random.default_rng(1)
    lines = [f"ID-{n},{n % 2},{rng.normal(60, 8):.1f}" for n in range(26)]
    answer = door.table("\n".join(["ID,Relapse,Age", *lines]), dictionary=DICTIONARY)
    assert answer.status_code == 200, answer.text
    return arrived


def test_from_the_request_to_the_map_of_a_new_patient(
    door: Door, ask: Ask, imaged: dict[str, Arrived]
) -> None:
    asked = ask("outcome-network", CONFIG)
    assert asked.status_code == 202, asked.text
    made = asked.json()
    assert (made["job"]["kind"], made["job"]["queue"]) == ("train-outcome", "training")
    run_job(made["job"]["id"])
    done = door.get(f"/analyses/{made['id']}")
    results = done["results"]
    assert results["patients"]["train"] == 25
    assert {"network", "clinical", "combined"} <= results["models"].keys()
    assert [one["patient"] for one in results["left_out"]] == ["ID-25"]
    assert len(read(door, made, "predictions")) == 25
    assert {"roc", "calibration", "decision-curve"} <= set(done["figures"])
    assert [one["model"] for one in read(door, made, "models")] == list(results["models"])
    assert "25 patients" in done["methods"]["en"] and "25例" in done["methods"]["ja"]
    assert done["predicts"] and "torch" in done["versions"]
    assert done["inputs"] == [] and "Not for clinical use" in done["card"]
    seen = {one["patient_id"]: one for one in door.get(f"/analyses/{made['id']}/maps")["items"]}
    assert (len(seen), seen["ID-3"]["kind"]) == (25, "grad-cam")
    assert seen["ID-3"]["series_id"] == imaged["ID-3"].series.id
    assert [one["structure"] for one in seen["ID-3"]["revisions"]] == ["GTV"]

    path = f"/analyses/{made['id']}/predictions"
    sent = {"patient_id": "ID-26", "values": {"age": 55}}
    new = door.call("POST", path, json=sent)
    assert new.status_code == 202, new.text
    run_job(new.json()["job"]["id"])
    (said,) = door.get(path)["items"]
    assert 0 <= said["value"]["value"] <= 1
    assert (said["value"]["imputed"], said["value"]["unseen"]) == ([], [])
    assert 0 <= said["applicability"]["distance"] <= 1
    assert {one["kind"] for one in said["maps"]} == {"grad-cam", "occlusion"}
    for kind in ("grad-cam", "occlusion"):
        answer = door.call("GET", f"/analyses/{made['id']}/maps/ID-26?kind={kind}")
        grid = imaged["ID-26"].grid
        voxels = np.frombuffer(answer.content, "<f4").reshape(grid.shape_kji)
        assert np.isfinite(voxels).all()
        known = {"If-None-Match": answer.headers["etag"]} | door.headers
        url = f"{door.project}/{door.id}/analyses/{made['id']}/maps/ID-26?kind={kind}"
        assert door.client.get(url, headers=known).status_code == 304
    assert door.call("GET", f"/analyses/{made['id']}/maps/ID-25").status_code == 404
    for patient, kinds in (("ID-3", {"grad-cam"}), ("ID-26", {"grad-cam", "occlusion"}), ("ID-25", set())):
        url = f"/api/studies/{imaged[patient].study.id}/maps"
        found = door.client.get(url, headers=door.headers).json()["items"]
        assert {one["kind"] for one in found} == kinds
        assert {one["analysis_id"] for one in found} <= {made["id"]}


def test_who_cannot_be_predicted_is_refused_by_name(door: Door, ask: Ask, imaged: dict[str, Arrived]) -> None:
    config = CONFIG | {"clinical_in_network": True}
    made = ask("outcome-network", config).json()
    run_job(made["job"]["id"])
    for patient, values, slug in (
        ("ID-3", {"age": 50}, "patient-learnt-from"),
        ("Nobody", {"age": 50}, "no-region"),
        ("ID-26", {}, "missing-values"),
    ):
        sent = {"patient_id": patient, "values": values}
        asked = door.call("POST", f"/analyses/{made['id']}/predictions", json=sent)
        if asked.status_code != 202:
            assert asked.json()["type"] == f"/problems/{slug}"
            continue
        with pytest.raises(RtError) as refused:
            run_job(asked.json()["job"]["id"])
        assert refused.value.slug == slug


def test_too_few_of_the_rarer_outcome_fail_by_name(door: Door, ask: Ask, imaged: dict[str, Arrived]) -> None:
    made = ask("outcome-network", CONFIG | {"folds": 8}).json()
    with pytest.raises(RtError) as refused:
        run_job(made["job"]["id"])
    assert refused.value.slug == "too-few-events"
    unknown = ask("outcome-network", CONFIG | {"clinical": ["weight"]})
    assert unknown.json()["type"] == "/problems/no-such-column"
    none = ask("outcome-network", CONFIG | {"crop": {"region": {"structures": ["PTV"]}}}).json()
    with pytest.raises(RtError) as refused:
        run_job(none["job"]["id"])
    assert refused.value.slug == "one-class"
