"""Analyses are asked for, refused where a cohort cannot give what is named, listed, repeated, deleted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from backend.analyses.tables import Analysis
from backend.audit.tables import AuditEntry
from backend.jobs.tables import Job
from backend.kit import db
from backend.kit.storage import storage
from backend.studies.tables import Patient
from rt.cohort import CohortTable
from tests.backend.analyses.conftest import DICTIONARY, FEATURES, Ask, csv_of, rows_of
from tests.backend.cohorts.conftest import Door

SURVIVAL = {"endpoint": "survival", "groupings": [{"column": "stage"}]}


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"].rsplit("/")[-1])


def test_an_analysis_is_queued_on_the_cohort_as_it_is_frozen(filled: Door, ask: Ask) -> None:
    answer = ask("survival", SURVIVAL)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["job"]["kind"], made["job"]["state"], made["kind"]) == ("analyse", "queued", "survival")
    assert made["config"]["adjustment"] == "holm"
    table = CohortTable.from_json(storage().get(made["table_sha256"]).decode())
    assert (len(table.patients), table.digest()) == (60, made["table_sha256"])
    shown = filled.get(f"/analyses/{made['id']}")
    assert (shown["results"], shown["figures"], shown["stale"], shown["predicts"]) == (None, [], [], False)
    assert [one["id"] for one in filled.get("/analyses")["items"]] == [made["id"]]
    early = filled.call("GET", f"/analyses/{made['id']}/figures/overall")
    assert (early.status_code, slug_of(early)) == (409, "analysis-not-done")


@pytest.mark.parametrize(
    ("kind", "config", "slug", "said"),
    [
        ("survival", {}, "invalid-input", ""),
        ("survival", {"endpoint": "death"}, "no-such-column", "death"),
        ("survival", {"endpoint": "relapse"}, "wrong-endpoint", "relapse is a binary endpoint"),
        ("survival", SURVIVAL | {"univariable": ["age", "weight"]}, "no-such-column", "weight"),
        ("survival", SURVIVAL | {"penalty": "lasso"}, "invalid-input", ""),
        ("survival", SURVIVAL | {"colour": "red"}, "invalid-input", ""),
        ("subtypes", {"features": ["f0", "f9"]}, "no-such-column", "f9"),
        ("subtypes", {"k_maximum": 1}, "invalid-input", ""),
        ("subtypes", {"features": FEATURES, "group": "scanner"}, "no-such-column", "scanner"),
        ("magic", {}, "invalid-input", ""),
    ],
)
def test_what_the_cohort_cannot_give_is_refused_by_name(
    filled: Door, ask: Ask, kind: str, config: dict[str, Any], slug: str, said: str
) -> None:
    answer = ask(kind, config)
    assert (answer.status_code, slug_of(answer)) == (422, slug)
    assert said in answer.json()["detail"]
    assert filled.get("/analyses")["items"] == []


def test_an_empty_cohort_is_refused(door: Door, ask: Ask) -> None:
    answer = ask("subtypes")
    assert (answer.status_code, slug_of(answer)) == (409, "empty-cohort")


def test_done_again_it_is_another_analysis_of_the_cohort_as_it_is_now(filled: Door, ask: Ask) -> None:
    first = ask("survival", SURVIVAL).json()
    rows = rows_of(61)
    rows[3][5] = "99"
    assert filled.table(csv_of(rows), dictionary=DICTIONARY).status_code == 200
    stale = filled.get(f"/analyses/{first['id']}")["stale"]
    assert [(one["patient_id"], one["reason"]) for one in stale] == [
        ("P003", "values-changed"),
        ("P060", "joined"),
    ]
    again = filled.call("POST", f"/analyses/{first['id']}/rerun").json()
    assert (again["rerun_of"], again["config"]) == (first["id"], first["config"])
    assert again["table_sha256"] != first["table_sha256"]
    assert filled.get(f"/analyses/{again['id']}")["stale"] == []
    assert filled.get(f"/analyses/{first['id']}")["table_sha256"] == first["table_sha256"]


def test_a_split_that_is_fixed_later_is_told(filled: Door, ask: Ask) -> None:
    made = ask("survival", SURVIVAL).json()
    assert filled.get(f"/analyses/{made['id']}")["warnings"] == []
    assert filled.call("POST", "/split", json={"test_fraction": 0.25}).status_code == 200
    (warning,) = filled.get(f"/analyses/{made['id']}")["warnings"]
    testing = {p["patient_id"] for p in filled.get("/patients?limit=100")["items"] if p["role"] == "test"}
    assert (warning["slug"], set(warning["patients"])) == ("split-later", testing)
    after = filled.get(f"/analyses/{ask('survival', SURVIVAL).json()['id']}")
    assert (after["warnings"], after["stale"]) == ([], [])


def test_a_filter_by_the_outcome_is_told(filled: Door, ask: Ask) -> None:
    present = {"column": "relapse", "op": "present"}
    missing = {"column": "survival", "op": "missing"}
    for conditions, expected in (([present], []), ([missing], ["filter-uses-outcome"])):
        filled.call("PUT", "/filter", json={"conditions": conditions})
        if expected:  # somebody has to be left
            rows = rows_of(60)
            rows[0][1] = rows[0][2] = ""
            assert filled.table(csv_of(rows), dictionary=DICTIONARY).status_code == 200
        made = ask("survival", SURVIVAL)
        assert [one["slug"] for one in made.json()["warnings"]] == expected


def test_one_person_under_two_patient_ids_is_named(filled: Door, ask: Ask) -> None:
    with db.session_scope() as session:
        for patient_id, name, born in (
            ("P001", "Ito^Ken", "19500101"), ("P007", "Ito^Ken", "19500101"), ("P008", "Ito^Ken", "19610101"),
            ("P009", "", "19500101"), ("elsewhere", "Ito^Ken", "19500101"),
        ):  # fmt: skip
            session.add(
                Patient(project_id=project_of(filled), patient_id=patient_id, name=name, birth_date=born)
            )
    (warning,) = ask("survival", SURVIVAL).json()["warnings"]
    assert (warning["slug"], warning["patients"]) == ("same-person", ["P001", "P007"])


def project_of(door: Door) -> str:
    return door.project.split("/")[3]


def test_it_is_deleted_when_nothing_runs_any_more(filled: Door, ask: Ask) -> None:
    made = ask("survival", SURVIVAL).json()
    path = f"/analyses/{made['id']}"
    refused = filled.call("DELETE", path)
    assert (refused.status_code, slug_of(refused)) == (409, "analysis-under-way")
    with db.session_scope() as session:
        session.execute(update(Job).where(Job.id == made["job"]["id"]).values(state="cancelled"))
    assert filled.call("DELETE", path).status_code == 204
    assert filled.call("GET", path).status_code == 404
    with db.session_scope(read_only=True) as session:
        assert session.query(Analysis).count() == 0
        acts = [one.action for one in session.query(AuditEntry) if one.object_type == "analysis"]
    assert acts == ["analyses.analysis.started", "analyses.analysis.deleted"]


def test_another_cohorts_analysis_does_not_exist(filled: Door, ask: Ask) -> None:
    made = ask("survival", SURVIVAL).json()
    other = filled.client.post(filled.project, json={"name": "Other"}, headers=filled.headers).json()["id"]
    url = f"{filled.project}/{other}/analyses/{made['id']}"
    assert filled.client.get(url, headers=filled.headers).status_code == 404
    assert filled.client.delete(url, headers=filled.headers).status_code == 404


def test_pages_join_to_the_whole_list(filled: Door, ask: Ask) -> None:
    made = [ask("survival", SURVIVAL).json()["id"] for _ in range(3)]
    first = filled.get("/analyses?limit=2")
    rest = filled.get(f"/analyses?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
