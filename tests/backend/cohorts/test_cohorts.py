"""Cohorts: tables taken whole or refused whole, filters, the split that is fixed once, what analyses get."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.audit.tables import AuditEntry
from backend.cohorts import service
from backend.cohorts.errors import EmptyCohort
from backend.cohorts.service.splitting import choose_test
from backend.cohorts.tables import CohortColumn
from backend.kit import db
from backend.projects.tables import Deidentification, Project
from backend.studies.tables import Patient, Study
from tests.backend.cohorts.conftest import Door

Login = Callable[..., dict[str, str]]
CSV = "ID,age,sex,OS_months,OS_event\n" + "".join(
    f"P{n},{50 + n if n else ''},{'MF'[n % 2]},{n + 1},{int(n % 3 == 0)}\n" for n in range(12)
)


def slug_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]


def test_a_table_becomes_columns_and_endpoints_with_their_provenance(door: Door) -> None:
    seen = door.table(CSV, preview=True).json()
    assert (seen["rows"], seen["issues"], seen["encoding"], seen["separator"]) == (12, [], "utf-8", ",")
    assert seen["sample"][0] == ["ID", "age", "sex", "OS_months", "OS_event"]
    assert door.get()["patients"] == 0
    assert door.table(CSV, dictionary=seen["dictionary"]).status_code == 200
    cohort = door.get()
    assert (cohort["patients"], cohort["included"], cohort["in_store"]) == (12, 12, 0)
    age, sex = cohort["columns"]
    assert (age["name"], age["kind"], age["missing"]) == ("age", "number", 1)
    assert (sex["kind"], sex["missing"]) == ("category", 0)
    source = age["source"]
    assert (source["file_name"], source["columns"]) == ("clinic.csv", ["age"])
    assert source["sha256"] == hashlib.sha256(CSV.encode()).hexdigest()
    assert source["imported_by"].startswith("annotator")
    (endpoint,) = cohort["endpoints"]
    assert (endpoint["name"], endpoint["kind"], endpoint["events"], endpoint["known"]) == (
        "OS",
        "survival",
        4,
        12,
    )


def test_a_table_with_issues_is_refused_whole(door: Door) -> None:
    door.table(CSV)
    before = door.get()
    answer = door.table(CSV.replace("P3,53", "P3,young").replace("P7", "P6"))
    assert slug_of(answer) == (422, "table-refused")
    found = {(one["row"], one["column"], one["slug"]) for one in answer.json()["issues"]}
    assert found >= {(9, "ID", "patient-twice")}
    assert door.get() == before


def test_another_file_adds_and_the_same_file_replaces(door: Door) -> None:
    door.table(CSV)
    door.table("ID,stage\nP3,II\nX1,III\n", file_name="stage.csv")
    cohort = door.get()
    assert [one["name"] for one in cohort["columns"]] == ["age", "sex", "stage"]
    assert cohort["patients"] == 13
    taken = door.table("ID,age\nP3,1\n", file_name="more.csv")
    assert slug_of(taken) == (422, "table-refused")
    assert taken.json()["issues"][0]["slug"] == "column-taken"
    door.table("ID,grade\nP3,2\n", file_name="stage.csv")
    cohort = door.get()
    assert [one["name"] for one in cohort["columns"]] == ["age", "sex", "grade"]
    assert cohort["patients"] == 12


def test_patients_come_in_pages_with_what_is_here_of_them(door: Door, project: Project) -> None:
    with db.session_scope() as session:
        patient = Patient(project_id=project.id, patient_id="P1")
        session.add(patient)
        session.flush()
        session.add(Study(project_id=project.id, patient_row_id=patient.id, study_instance_uid="1.2.3"))
    door.table(CSV)
    first = door.get("/patients?limit=5")
    rest = door.get(f"/patients?limit=200&cursor={first['next_cursor']}")
    items = first["items"] + rest["items"]
    assert [one["patient_id"] for one in items] == [f"P{n}" for n in range(12)]
    assert rest["next_cursor"] is None
    assert [one["in_store"] for one in items[:3]] == [False, True, False]
    assert [one["study_instance_uid"] for one in items[1]["studies"]] == ["1.2.3"]
    assert items[0]["values"] == {"age": None, "sex": "M"}
    assert items[1]["endpoints"] == {"OS": {"event": 0, "time": 2.0}}
    assert door.get()["in_store"] == 1
    assert [one["patient_id"] for one in door.get("/patients?patient_id=P7")["items"]] == ["P7"]
    assert door.get("/patients?patient_id=P")["items"] == []


def test_a_filter_names_whom_it_leaves_out_and_why(door: Door) -> None:
    door.table(CSV)
    conditions = [
        {"column": "age", "op": ">=", "value": 53},
        {"column": "age", "op": "<", "value": 60},
        {"column": "sex", "op": "in", "value": ["M"]},
    ]
    answer = door.call("PUT", "/filter", json={"conditions": conditions})
    cohort = answer.json()
    assert cohort["included"] == 3
    assert [(one["left_out"], one["missing"]) for one in cohort["filter"]] == [(2, 1), (2, 0), (4, 0)]
    items = door.get("/patients")["items"]
    assert items[0]["left_out"] == {"column": "age", "reason": "missing"}
    assert items[3]["left_out"] == {"column": "sex", "reason": "value"}
    assert items[4]["left_out"] is None
    with db.session_scope(read_only=True) as session:
        assert service.frozen(session, door.id).patients == ("P4", "P6", "P8")


@pytest.mark.parametrize(
    "condition",
    [
        {"column": "weight", "op": ">", "value": 1},
        {"column": "sex", "op": ">", "value": "F"},
        {"column": "age", "op": "=", "value": "fifty"},
        {"column": "OS", "op": "=", "value": 1},
    ],
)
def test_a_filter_that_cannot_be_is_refused(door: Door, condition: dict[str, Any]) -> None:
    door.table(CSV)
    assert slug_of(door.call("PUT", "/filter", json={"conditions": [condition]})) == (422, "no-such-column")


def test_a_filter_may_ask_who_is_known(door: Door) -> None:
    door.table(CSV + "Z,70,M,,\n")
    for op, left in (("present", 12), ("missing", 1)):
        body = {"conditions": [{"column": "OS", "op": op}]}
        assert door.call("PUT", "/filter", json=body).json()["included"] == left
    assert (
        door.call("PUT", "/filter", json={"conditions": [{"column": "age", "op": "in"}]}).status_code == 422
    )


def test_the_split_is_fixed_once_and_is_the_same_from_its_seed(door: Door) -> None:
    assert slug_of(door.call("POST", "/split", json={})) == (409, "too-few-to-split")
    door.table(CSV)
    body = {"seed": 7, "test_fraction": 0.25, "stratify": "OS"}
    answer = door.call("POST", "/split", json=body)
    split = answer.json()["split"]
    assert (split["train"], split["test"], split["seed"], split["stratify"]) == (9, 3, 7, "OS")
    items = door.get("/patients")["items"]
    tested = {one["patient_id"] for one in items if one["role"] == "test"}
    assert sum(one["endpoints"]["OS"]["event"] for one in items if one["role"] == "test") == 1
    assert slug_of(door.call("POST", "/split", json=body)) == (409, "split-fixed")
    ids, strata = [f"P{n}" for n in range(12)], {f"P{n}": int(n % 3 == 0) for n in range(12)}
    assert choose_test(ids[::-1], strata, 0.25, 7) == tested


def test_after_the_split_nobody_joins_leaves_or_moves(door: Door) -> None:
    door.table(CSV)
    door.call("POST", "/split", json={"seed": 1})
    roles = {one["patient_id"]: one["role"] for one in door.get("/patients")["items"]}
    refused = door.table(CSV + "NEW,50,M,5,1\n")
    assert slug_of(refused) == (422, "table-refused")
    (issue,) = refused.json()["issues"]
    assert (issue["row"], issue["value"], issue["slug"]) == (14, "NEW", "patient-after-split")
    fewer = door.table(CSV.replace("P5,55,F,6,0\n", ""))
    assert (fewer.status_code, fewer.json()["absent"]) == (200, ["P5"])
    door.call("PUT", "/filter", json={"conditions": [{"column": "sex", "op": "=", "value": "M"}]})
    items = door.get("/patients")["items"]
    assert {one["patient_id"]: one["role"] for one in items} == roles
    assert items[5]["values"] == {"age": None, "sex": None}


@pytest.mark.parametrize("seed", range(20))
def test_each_part_has_its_share_of_each_stratum(seed: int) -> None:
    ids = [f"P{n}" for n in range(50)]
    strata = {one: n % 5 for n, one in enumerate(ids[:40])}
    tested = choose_test(ids, strata, 0.2, seed)
    assert len(tested) == 10
    counts = Counter(strata.get(one) for one in tested)
    assert all(counts[event] in (1, 2) for event in range(5)) and counts[None] == 2
    assert 0 < len(choose_test(ids[:2], {}, 0.99, seed)) < 2


def test_analyses_get_the_table_with_roles_and_sources(door: Door) -> None:
    with db.session_scope(read_only=True) as session, pytest.raises(EmptyCohort):
        service.frozen(session, door.id)
    door.table(CSV)
    with db.session_scope(read_only=True) as session:
        table = service.frozen(session, door.id)
    assert set(table.roles) == {"train"}
    assert table.column("age").values[:2] == (None, 51.0)
    assert table.column("age").source["file_name"] == "clinic.csv"
    assert table.endpoint("OS").times[:2] == (1.0, 2.0)
    assert table.endpoint("OS").unit == "month"
    door.call("POST", "/split", json={"seed": 1})
    with db.session_scope(read_only=True) as session:
        assert Counter(service.frozen(session, door.id).roles) == {"train": 9, "test": 3}


def test_formulas_stay_texts(door: Door) -> None:
    door.table("ID,note\nA,=HYPERLINK(1)\nB,@x\n")
    assert [one["values"]["note"] for one in door.get("/patients")["items"]] == ["=HYPERLINK(1)", "@x"]


def test_names_are_unique_and_can_be_changed(door: Door, client: TestClient) -> None:
    again = client.post(door.project, json={"name": "Sarcoma"}, headers=door.headers)
    assert slug_of(again) == (409, "cohort-name-taken")
    changed = door.call("PATCH", json={"description": "ten"}).json()
    assert (changed["name"], changed["description"]) == ("Sarcoma", "ten")
    listed = client.get(door.project, headers=door.headers).json()["items"]
    assert [one["id"] for one in listed] == [door.id]


def test_who_deletes_administers_and_nothing_is_left(door: Door, client: TestClient, login: Login) -> None:
    door.table(CSV)
    assert door.call("DELETE").status_code == 403
    url = f"{door.project}/{door.id}"
    assert client.delete(url, headers=login("administrator")).status_code == 204
    assert client.get(url, headers=door.headers).status_code == 404
    with db.session_scope(read_only=True) as session:
        assert session.query(CohortColumn).count() == 0
        acts = {one.action for one in session.query(AuditEntry) if one.action.startswith("cohorts.")}
    assert acts == {"cohorts.cohort.created", "cohorts.table.imported", "cohorts.cohort.deleted"}


def test_a_project_that_keeps_no_names_keeps_none_of_a_table(door: Door, project: Project) -> None:
    with db.session_scope() as session:
        session.add(Deidentification(project_id=project.id, mode="import", options=[], key=b"k" * 32))
        session.add(Patient(project_id=project.id, patient_id="P1"))
    door.table(CSV)
    ids = [one["patient_id"] for one in door.get("/patients")["items"]]
    assert len(set(ids)) == 12 and not set(ids) & {f"P{n}" for n in range(12)}
    with db.session_scope() as session:
        session.add(
            Study(
                project_id=project.id,
                patient_row_id=session.query(Patient.id).scalar(),
                study_instance_uid="1.2",
            )
        )
    door.table(CSV)
    assert door.get("/patients")["items"][1]["patient_id"] == "P1"


def test_the_clinical_table_comes_back_as_a_file(door: Door) -> None:
    lines = "ID,months,dead,age,site\nP1,5,1,50,=cmd\nP2,6,0,,tongue\n"
    dictionary = [
        {"column": "ID", "role": "patient"},
        {"column": "months", "role": "time", "endpoint": "survival", "unit": "month"},
        {"column": "dead", "role": "event", "endpoint": "survival"},
        {"column": "age", "role": "variable", "name": "age", "kind": "number", "unit": "a"},
        {"column": "site", "role": "variable", "name": "site", "kind": "category"},
    ]
    assert door.table(lines, dictionary=dictionary).status_code == 200
    condition = {"column": "age", "op": "present", "value": None}
    assert door.call("PUT", "/filter", json={"conditions": [condition]}).status_code == 200
    answer = door.call("GET", "/table")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.splitlines() == [
        "patient_id,role,left_out_by,age (a),site,survival,survival: time (month)",
        "P1,,,50.0,'=cmd,1,5.0",
        "P2,,age,,tongue,0,6.0",
    ]
