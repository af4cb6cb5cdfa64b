"""Analyses of a cohort's features: subtypes with their agreement by other contours, contours that changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backend.cohorts.tables import Extraction, FeatureRow, FeatureSet
from backend.kit import db
from rt.errors import RtError
from tests.backend.analyses.conftest import Ask
from tests.backend.analyses.test_working import QUICK, read
from tests.backend.cohorts.conftest import Door
from tests.backend.cohorts.test_features import arrived, box, computed, draw  # noqa: F401
from tests.factories.jobs import run_job, run_queued

SETTINGS = {name: value for name, value in QUICK.items() if name != "features"} | {"icc_minimum": None}


def measured(door: Door, name: str, seed: int, apart: float = 4.0) -> str:
    """A feature set with four features of all 60 patients, every other one `apart` from the rest; its id."""
    rng = np.random.default_rng(seed)
    with db.session_scope() as session:
        made = FeatureSet(
            cohort_id=door.id, name=name, structure="GTV", modality="CT", source="latest", settings={},
            settings_digest="", perturbations=0, engine="", created_by="",
        )  # fmt: skip
        session.add(made)
        session.flush()
        for number in range(60):
            values = {f"original_x_{i}": float(rng.normal(apart * (number % 2), 1)) for i in range(4)}
            extraction = Extraction(
                project_id=door.project.split("/")[3], key=f"{name}{number}", values=values, undefined={}
            )
            session.add(extraction)
            session.flush()
            session.add(
                FeatureRow(
                    feature_set_id=made.id, patient_id=f"P{number:03}", position=number, state="done",
                    extraction_id=extraction.id,
                )
            )  # fmt: skip
        return made.id


def test_subtypes_by_two_kinds_of_contours_agree_as_far_as_they_do(filled: Door, ask: Ask) -> None:
    human, network = measured(filled, "human", 1), measured(filled, "network", 2)
    made = ask("subtypes", SETTINGS | {"agreement_with": [network]}, feature_sets=[human])
    assert made.status_code == 202, made.text
    run_queued("analyse")
    done = filled.get(f"/analyses/{made.json()['id']}")
    assert (done["feature_sets"], done["config"]["agreement_with"]) == ([human], [network])
    agreement = done["results"]["agreement"]
    assert (done["results"]["k"], agreement["n"]) == (2, 60)
    assert agreement["kappa"] > 0.9
    assert len(read(filled, made.json(), "agreement-patients")) == 60
    values = {f"original_x_{i}": 4.0 for i in range(4)}
    sent = {"patient_id": "New", "values": values}
    asked = filled.call("POST", f"/analyses/{made.json()['id']}/predictions", json=sent).json()
    run_job(asked["job"]["id"])
    (said,) = filled.get(f"/analyses/{made.json()['id']}/predictions")["items"]
    group = {one["patient"]: one["subtype"] for one in done["results"]["patients"]}
    assert said["value"]["subtype"] == group["P001"]


def test_where_nothing_was_found_nothing_can_agree(filled: Door, ask: Ask) -> None:
    human, network = measured(filled, "human", 1, apart=0.0), measured(filled, "network", 2, apart=0.0)
    made = ask("subtypes", SETTINGS | {"agreement_with": [network]}, feature_sets=[human]).json()
    with pytest.raises(RtError) as refused:
        run_job(made["job"]["id"])
    assert refused.value.slug == "no-subtypes"
    alone = ask("subtypes", SETTINGS, feature_sets=[human]).json()
    run_queued("analyse")
    done = filled.get(f"/analyses/{alone['id']}")
    assert (done["results"]["clusters_found"], done["predicts"]) == (False, False)


def test_a_feature_set_of_another_cohort_is_not_there(filled: Door, ask: Ask) -> None:
    for body in ({"feature_sets": ["nothing"]}, {"config": {"agreement_with": ["nothing"]}}):
        assert ask("subtypes", **{"config": {}} | body).status_code == 404
    assert filled.get("/analyses")["items"] == []


def test_a_contour_that_changed_since_is_told(
    door: Door,
    ask: Ask,
    arrived: dict[str, Any],  # noqa: F811
) -> None:
    lines = "ID,months,dead,age\nID-a,5,1,50\nID-b,6,0,60\nID-c,7,1,70\n"
    dictionary = [
        {"column": "ID", "role": "patient"},
        {"column": "months", "role": "time", "endpoint": "survival", "unit": "month"},
        {"column": "dead", "role": "event", "endpoint": "survival"},
        {"column": "age", "role": "variable", "name": "age", "kind": "number"},
    ]
    assert door.table(lines, dictionary=dictionary).status_code == 200
    drawn = {name: draw(arrived[name], box(arrived[name])) for name in "abc"}
    features = computed(door)["id"]
    made = ask("survival", {"endpoint": "survival"}, feature_sets=[features]).json()
    assert door.get(f"/analyses/{made['id']}")["stale"] == []
    draw(arrived["b"], box(arrived["b"], 9))
    (changed,) = door.get(f"/analyses/{made['id']}")["stale"]
    assert len(changed.pop("structure_set_id")) == 36
    assert changed == {
        "patient_id": "ID-b", "reason": "contour-changed", "structure_id": drawn["b"],
        "revision": 1, "head": 2,
    }  # fmt: skip
    door.call("POST", f"/feature-sets/{features}/recompute")
    run_queued("radiomics")
    assert [one["reason"] for one in door.get(f"/analyses/{made['id']}")["stale"]] == ["values-changed"]
    again = door.call("POST", f"/analyses/{made['id']}/rerun").json()
    assert (again["feature_sets"], door.get(f"/analyses/{again['id']}")["stale"]) == ([features], [])
