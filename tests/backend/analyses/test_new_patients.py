"""A patient whom an analysis has not seen: curves of a Cox model, features measured on the contour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.cohorts.service.engine import engine_version
from backend.cohorts.service.features import digest_of
from backend.cohorts.tables import Extraction, FeatureRow, FeatureSet
from backend.kit import db
from backend.projects.tables import Project
from rt.errors import RtError
from rt.radiomics import Settings
from tests.backend.analyses.conftest import Ask
from tests.backend.analyses.test_working import SURVIVAL
from tests.backend.cohorts.conftest import Door
from tests.backend.cohorts.test_features import approve, box, draw
from tests.factories.jobs import run_job, run_queued
from tests.factories.patients import send_ct

FEW = Settings(families=("stat", "shape"), filtered_families=()).to_json()
MEAN, RADIUS = "original_stat_mean", "original_shape_equivalent_radius"
CONFIG = {"endpoint": "relapse", "clinical": ["age"], "folds": 3, "inner_folds": 2, "groups": ["both"]}


def learnt(door: Door, engine: str) -> str:
    """A feature set of the 60 patients as the engine might have made it; its id."""
    rng = np.random.default_rng(1)
    with db.session_scope() as session:
        made = FeatureSet(
            cohort_id=door.id, name="gtv", structure="GTV", modality="CT", source="latest", settings=FEW,
            settings_digest=digest_of(FEW), perturbations=0, engine=engine, created_by="",
        )  # fmt: skip
        session.add(made)
        session.flush()
        for number in range(60):
            values = {MEAN: float(rng.normal(40 * (number % 2), 9)), RADIUS: float(rng.normal(9, 2))}
            extraction = Extraction(
                project_id=door.project.split("/")[3], key=f"{number}", values=values, undefined={}
            )
            session.add(extraction)
            session.flush()
            one = FeatureRow(
                feature_set_id=made.id, patient_id=f"P{number:03}", position=number, state="done"
            )
            one.extraction_id = extraction.id
            session.add(one)
        return made.id


def asked(door: Door, made: Any, patient: str, values: dict[str, Any]) -> Any:
    """What a prediction says, after its job."""
    path = f"/analyses/{made['id']}/predictions"
    answer = door.call("POST", path, json={"patient_id": patient, "values": values})
    assert answer.status_code == 202, answer.text
    run_job(answer.json()["job"]["id"])
    return door.get(path)["items"][0]


def test_features_that_are_not_given_are_measured_on_the_approved_contour(
    filled: Door, ask: Ask, project: Project, tmp_path: Path
) -> None:
    made = ask("outcome", CONFIG, feature_sets=[learnt(filled, engine_version())]).json()
    run_queued("analyse")
    arrived = send_ct(project, tmp_path, "new")
    with pytest.raises(RtError, match="no-such-structure") as refused:
        asked(filled, made, "ID-new", {"age": 60.0})
    assert refused.value.slug == "no-features"
    structure = draw(arrived, box(arrived))
    with pytest.raises(RtError, match="no-such-revision"):
        asked(filled, made, "ID-new", {"age": 60.0})
    approve(structure, 1)
    said = asked(filled, made, "ID-new", {"age": 60.0})
    assert 0 < said["value"]["probability"] < 1
    assert said["measured"].keys() == {MEAN, RADIUS}
    (contour,) = said["contours"]
    assert (contour["structure"], contour["structure_id"], contour["revision"]) == ("GTV", structure, 1)
    assert contour["structure_set_id"]
    given = {"age": 60.0} | said["measured"]
    again = asked(filled, made, "ID-new", given)
    assert (again["value"], again["measured"], again["contours"]) == (said["value"], {}, [])


def test_features_of_another_engine_are_not_mixed(filled: Door, ask: Ask) -> None:
    made = ask("outcome", CONFIG, feature_sets=[learnt(filled, "older")]).json()
    run_queued("analyse")
    with pytest.raises(RtError, match="another version") as refused:
        asked(filled, made, "New", {"age": 60.0})
    assert refused.value.slug == "no-features"


def test_a_cox_model_gives_a_new_patient_a_curve(filled: Door, ask: Ask) -> None:
    config = SURVIVAL | {"multivariable": ["age", "f0"], "times": [6.0, 12.0]}
    made = ask("survival", config).json()
    run_queued("analyse")
    done = filled.get(f"/analyses/{made['id']}")
    assert done["predicts"] is True and "model" not in done["results"]
    assert [one["name"] for one in done["inputs"]] == ["age", "f0"]
    low, high = (asked(filled, made, "New", {"age": 60.0, "f0": f})["value"] for f in (0.0, 4.0))
    assert (low["high"], high["high"], low["survival"]["time"]) == (False, True, [6.0, 12.0])
    assert 1 > low["survival"]["share"][1] > high["survival"]["share"][1] > 0
    assert low["applicability"]["inside"] is True
    sent = {"patient_id": "P001", "values": {}}
    refused = filled.call("POST", f"/analyses/{made['id']}/predictions", json=sent)
    assert refused.json()["type"] == "/problems/patient-learnt-from"
