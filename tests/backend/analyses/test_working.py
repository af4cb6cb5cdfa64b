"""Analyses of a cohort from a table alone: what is found, stored, predicted, and refused by name."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import pytest

from backend.kit.spreadsheets import csv_bytes
from models.statistics.tables import tables
from rt.errors import RtError
from tests.backend.analyses.conftest import (
    DICTIONARY,
    FEATURES,
    Ask,
    csv_of,
    rows_of,
)
from tests.backend.cohorts.conftest import Door
from tests.factories.jobs import Line, run_job, run_queued
from workers.cpu import analyse
from workers.runtime import JobCancelled

QUICK = {
    "features": FEATURES, "k_maximum": 3, "subsamples": 40, "simulations": 20, "bootstraps": 20,
    "noise_repeats": 2,
}  # fmt: skip
SURVIVAL = {
    "endpoint": "survival", "groupings": [{"column": "stage"}, {"column": "f0", "cut": "median"}],
    "univariable": ["age", "f0"],
}  # fmt: skip

OUTCOME = {"endpoint": "relapse", "clinical": ["stage", "age", "f0", "f1"], "folds": 3, "inner_folds": 2}


def read(filled: Door, made: Any, table: str) -> list[dict[str, str]]:
    answer = filled.call("GET", f"/analyses/{made['id']}/tables/{table}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_planted_subtypes_are_found_and_a_new_patient_is_given_one(filled: Door, ask: Ask) -> None:
    made = ask("subtypes", QUICK).json()
    assert run_queued("analyse") == [{"analysis_id": made["id"]}]
    done = filled.get(f"/analyses/{made['id']}")
    results = done["results"]
    assert (results["k"], results["clusters_found"], results["table"]) == (2, True, made["table_sha256"])
    assert ("model" in results, done["predicts"]) == (False, True)
    assert {"rinkaku", "scikit-learn"} <= done["versions"].keys()
    patients = read(filled, made, "patients")
    of = {one["patient"]: one["subtype"] for one in patients}
    assert of["P000"] != of["P001"]
    assert sum(of[f"P{i:03}"] == of["P000"] for i in range(0, 60, 2)) >= 29
    path = f"/analyses/{made['id']}/predictions"
    sent = {"patient_id": "New", "values": dict.fromkeys(FEATURES, 4.0)}
    asked = filled.call("POST", path, json=sent)
    assert asked.status_code == 202, asked.text
    run_job(asked.json()["job"]["id"])
    (said,) = filled.get(path)["items"]
    assert (str(said["value"]["subtype"]), said["patient_id"]) == (of["P001"], "New")
    assert said["values"] == sent["values"]


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        ({"patient_id": "P001", "values": {}}, 409, "patient-learnt-from"),
        ({"patient_id": "New", "values": {"f9": 1}}, 422, "no-such-column"),
        ({"patient_id": "New", "values": {"f0": "much"}}, 422, "wrong-value"),
        ({"patient_id": "New", "values": {"stage": 2}}, 422, "wrong-value"),
        ({"patient_id": "New", "values": {"f0": 1.0}}, 202, "missing-values"),
    ],
)
def test_predictions_are_refused_by_name(
    filled: Door,
    ask: Ask,
    sent: dict[str, Any],
    status: int,
    slug: str,
) -> None:
    made = ask("subtypes", QUICK).json()
    path = f"/analyses/{made['id']}/predictions"
    early = filled.call("POST", path, json=sent)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/analysis-not-done")
    run_queued("analyse")
    answer = filled.call("POST", path, json=sent)
    assert answer.status_code == status
    if status == 202:
        with pytest.raises(RtError) as refused:
            run_job(answer.json()["job"]["id"])
        assert refused.value.slug == slug
    else:
        assert answer.json()["type"] == f"/problems/{slug}"


def test_survival_is_described_with_its_tables(filled: Door, ask: Ask) -> None:
    made = ask("survival", SURVIVAL).json()
    run_queued("analyse")
    done = filled.get(f"/analyses/{made['id']}")
    by_stage, by_f0 = done["results"]["groupings"]
    assert by_f0["test"]["p"] < 0.001 < by_stage["test"]["p"]
    assert done["predicts"] is False
    assert {"kaplan-meier", "kaplan-meier-1"} <= set(done["figures"])
    n = f"n = {done['results']['cohort']['patients']}"
    assert n in done["methods"]["en"]
    assert done["methods"]["en"] != done["methods"]["ja"]
    for form, kind, start in (("svg", "image/svg+xml", b"<?xml"), ("pdf", "application/pdf", b"%PDF")):
        file = filled.call("GET", f"/analyses/{made['id']}/figures/kaplan-meier-1?format={form}")
        assert (file.status_code, file.content[:5].startswith(start[:4])) == (200, True)
        assert file.headers["content-type"].startswith(kind)
    terms = {one["column"]: one for one in read(filled, made, "univariable-terms")}
    assert float(terms["f0"]["low"]) > 1.0
    refused = filled.call(
        "POST", f"/analyses/{made['id']}/predictions", json={"patient_id": "N", "values": {}}
    )
    assert refused.json()["type"] == "/problems/nothing-to-predict"
    assert filled.call("GET", f"/analyses/{made['id']}/tables/nothing").status_code == 404
    again = filled.call("POST", f"/analyses/{made['id']}/rerun").json()
    run_queued("analyse")
    assert filled.get(f"/analyses/{again['id']}")["results"] == done["results"]


def relapses(rows: list[list[str]]) -> None:
    """Four in five of the second group, and one in five of the first."""
    for number, row in enumerate(rows):
        row[3] = "yes" if (number % 2 == 1) == (number % 10 > 1) else "no"


def test_a_relapse_is_learnt_and_predicted_for_a_new_patient(door: Door, ask: Ask) -> None:
    rows = rows_of(60)
    relapses(rows)
    assert door.table(csv_of(rows), dictionary=DICTIONARY).status_code == 200
    split = {"seed": 1, "test_fraction": 0.3, "stratify": "relapse"}
    assert door.call("POST", "/split", json=split).status_code == 200
    made = ask("outcome", OUTCOME).json()
    assert run_queued("analyse") == [{"analysis_id": made["id"]}]
    done = door.get(f"/analyses/{made['id']}")
    results = done["results"]
    assert ("model" in results or "final_model" in results, done["predicts"]) == (False, True)
    assert results["columns"]["groups"] == {"clinical": OUTCOME["clinical"]}
    assert (results["cohort"]["patients"], results["cohort"]["test_patients"]) == (42, 18)
    assert len(results["test"]["patients"]) == 18
    inputs = {one["name"]: one for one in done["inputs"]}
    assert inputs["f0"]["kind"] == "number" and inputs.keys() <= set(OUTCOME["clinical"])
    assert done["card"] is None
    (model,) = read(door, made, "models")
    (judged,) = results["models"]
    assert float(model["figures.auc.value"]) == judged["figures"]["auc"]["value"] > 0.6
    assert [one["patient_id"] for one in read(door, made, "out-of-fold")] == results["patients"]
    assert [one["patient_id"] for one in read(door, made, "test-predictions")] == results["test"]["patients"]
    assert {"roc", "test-roc"} <= set(done["figures"])
    assert "42 training patients" in done["methods"]["en"] and "42例" in done["methods"]["ja"]
    path = f"/analyses/{made['id']}/predictions"
    said = {}
    for patient, f in (("Low", 0.0), ("High", 4.0)):
        values = {"stage": "II", "age": 60.0, "f0": f, "f1": None if patient == "High" else f}
        asked = door.call("POST", path, json={"patient_id": patient, "values": values})
        assert asked.status_code == 202, asked.text
        run_job(asked.json()["job"]["id"])
        said[patient] = door.get(path)["items"][0]["value"]
    assert 0 < said["Low"]["probability"] < said["High"]["probability"] < 1
    assert (said["Low"]["positive"], said["High"]["imputed"]) == (False, ["f1"])
    assert said["Low"]["applicability"]["inside"] is True


def test_times_of_death_are_learnt_and_a_column_not_given_is_named(filled: Door, ask: Ask) -> None:
    made = ask("outcome", OUTCOME | {"endpoint": "survival", "times": [12.0]}).json()
    run_queued("analyse")
    results = filled.get(f"/analyses/{made['id']}")["results"]
    assert results["models"][0]["figures"]["harrell_c"]["value"] > 0.6
    assert results["test"] is None
    assert {"concordance", "risk-groups"} <= set(filled.get(f"/analyses/{made['id']}")["figures"])
    path = f"/analyses/{made['id']}/predictions"
    values = {"stage": "II", "age": 60.0, "f0": 4.0, "f1": 4.0}
    asked = filled.call("POST", path, json={"patient_id": "New", "values": values}).json()
    run_job(asked["job"]["id"])
    (said,) = filled.get(path)["items"]
    assert said["value"]["survival"]["time"] == [12.0]
    assert 0 < said["value"]["survival"]["share"][0] < 1
    del values["f0"]
    lacking = filled.call("POST", path, json={"patient_id": "New", "values": values}).json()
    with pytest.raises(RtError, match="f0") as refused:
        run_job(lacking["job"]["id"])
    assert refused.value.slug == "other-outcome-model"


def few_events(rows: list[list[str]]) -> None:
    for row in rows[3:]:
        row[2] = "no"


def no_event(rows: list[list[str]]) -> None:
    for row in rows:
        row[2] = "no"


def no_relapse(rows: list[list[str]]) -> None:
    for row in rows:
        row[3] = "no"


def separated(rows: list[list[str]]) -> None:
    for row in rows:
        row[4] = "II" if row[2] == "no" else "III"


def copied(rows: list[list[str]]) -> None:
    for row in rows:
        row[8] = row[7]


def nothing(_: list[list[str]]) -> None:
    pass


def too_few(rows: list[list[str]]) -> None:
    del rows[8:]


@pytest.mark.parametrize(
    ("kind", "config", "spoil", "slug"),
    [
        ("survival", {"endpoint": "survival", "multivariable": ["age", "f0"]}, few_events, "too-few-events"),
        ("survival", {"endpoint": "survival"}, no_event, "too-few-events"),
        ("survival", {"endpoint": "survival", "multivariable": ["stage", "age"]}, separated, "separation"),
        ("survival", {"endpoint": "survival", "multivariable": ["f0", "f1"]}, copied, "collinear-columns"),
        ("survival", {"endpoint": "survival", "multivariable": ["one", "f1"]}, nothing, "constant-column"),
        ("outcome", OUTCOME, no_relapse, "one-class"),
        ("outcome", OUTCOME | {"endpoint": "survival"}, few_events, "too-few-events"),
        ("outcome", OUTCOME | {"groups": ["radiomics"]}, nothing, "bad-analysis-config"),
        ("subtypes", QUICK, too_few, "too-few-patients"),
        ("subtypes", QUICK | {"features": ["one", "f0"]}, nothing, "no-features-left"),
        ("subtypes", QUICK | {"features": ["stage", "f0"]}, nothing, "feature-not-number"),
        ("subtypes", {}, nothing, "no-features-left"),
    ],
)
def test_what_cannot_be_analysed_fails_by_name(
    door: Door,
    ask: Ask,
    kind: str,
    config: dict[str, Any],
    spoil: Callable[[list[list[str]]], None],
    slug: str,
) -> None:
    rows = rows_of(60)
    spoil(rows)
    assert door.table(csv_of(rows), dictionary=DICTIONARY).status_code == 200
    made = ask(kind, config).json()
    with pytest.raises(RtError) as refused:
        run_job(made["job"]["id"])
    assert refused.value.slug == slug, refused.value
    assert door.get(f"/analyses/{made['id']}")["results"] is None


def test_a_cancelled_analysis_is_not_waited_for(
    filled: Door,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cancelling(Line):
        def poll(self) -> bool:
            return True

        def recv_bytes(self) -> bytes:
            return b'{"cancel": true}'

    made = ask("survival", SURVIVAL).json()
    monkeypatch.setattr(analyse, "KINDS", {"survival": analyse.Kind(lambda *_: time.sleep(60) or {})})
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        run_job(made["job"]["id"], line=Cancelling())
    assert time.monotonic() - started < 30


def test_every_list_of_records_is_a_table() -> None:
    result = {
        "config": {"steps": [{"a": 1}]},
        "by_group": [
            {"name": "x", "test": {"p": 0.1}, "rows": [{"n": 1}, {"n": 2}]}, {"name": "y", "more": 2},
        ],
        "cohort": {"left_out": [{"patient": "P1"}]}, "times": [1, 2],
    }  # fmt: skip
    assert tables(result) == {
        "by-group": (["name", "test.p", "more"], [["x", 0.1, None], ["y", None, 2]]),
        "by-group-rows": (["by_group.name", "n"], [["x", 1], ["x", 2]]),
        "cohort-left-out": (["patient"], [["P1"]]),
    }


def test_no_cell_is_a_formula() -> None:
    written = csv_bytes(["=1+1", "n"], [["@SUM(A1)", -1.5], ["-x", None], ["a,b", True]])
    assert written == b"'=1+1,n\r\n'@SUM(A1),-1.5\r\n'-x,\r\n\"a,b\",True\r\n"
