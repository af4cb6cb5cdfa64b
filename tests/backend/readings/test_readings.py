"""Reader studies: designed, read blindly and in time, nothing lost; who looks behind the curtain is named."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.detections.tables import Detection
from backend.jobs import service as jobs
from backend.kit import db
from backend.kit.storage import storage
from backend.projects.tables import Member, Role
from backend.readings.ordering import plan
from backend.studies.tables import Series
from backend.training.tables import NetworkVersion
from tests.backend.readings.conftest import CASES, Clock, Ward
from tests.factories.jobs import run_queued
from workers.cpu import analyse_readings  # noqa: F401  the worker knows the job


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"].rsplit("/")[-1])


def read_next(
    ward: Ward, reader: int, time: Clock, truth: dict[str, bool], seconds: float = 40.0
) -> dict[str, Any]:
    """Open the next case, read it, finish it; surer with AI."""
    upcoming = ward.reads(reader, "GET", "/mine")["next"]
    path = f"/readings/{upcoming['id']}"
    opened = ward.reads(reader, "POST", f"{path}/open")
    time.forward(seconds=seconds - (10 if opened["ai"] else 0))
    sick = truth[opened["case"]]
    sure = 20.0 + 5 * reader + (45 if sick else 0) + (10 if sick and opened["ai"] else 0)
    marks = [{"position_mm": [10.0, 21.0, 30.0], "confidence": sure}] if sick else []
    done: dict[str, Any] = ward.reads(
        reader, "POST", f"{path}/finish", json={"confidence": sure, "marks": marks}
    )
    return done


def truth_of(ward: Ward) -> dict[str, bool]:
    return {one["code"]: one["positive"] for one in ward.owns("GET", "/design")["case_list"]}


@pytest.mark.parametrize("conditions", [2, 3])
def test_the_order_is_a_latin_square_that_a_seed_gives_again(conditions: int) -> None:
    positive = [i % 3 == 0 for i in range(24)]
    made = plan(conditions * 2, positive, conditions, 11)
    assert made == plan(conditions * 2, positive, conditions, 11)
    assert made != plan(conditions * 2, positive, conditions, 12)
    assert set(Counter((one.reader, one.case, one.condition) for one in made).values()) == {1}
    assert set(Counter((one.reader, one.case, one.session) for one in made).values()) == {1}
    per_case = Counter((one.case, one.session, one.condition) for one in made)
    assert set(per_case.values()) == {2}, "every case is read equally often in each condition of a session"
    sick = Counter((one.reader, one.session, one.condition) for one in made if positive[one.case])
    assert max(sick.values()) - min(sick.values()) <= 1


def test_a_design_is_refused_what_it_cannot_be(ward: Ward) -> None:
    def refused(path: str, body: Any, method: str = "PUT") -> tuple[int, str, str]:
        answer = ward.call(ward.owner, method, path, json=body)
        return answer.status_code, slug_of(answer), answer.json()["detail"]

    twice = ward.cases()[:1] * 2
    assert refused("/cases", {"cases": twice})[:2] == (422, "wrong-design")
    foreign = [ward.cases()[0] | {"study_id": "nowhere"}]
    assert refused("/cases", {"cases": foreign}) == (422, "wrong-design", "the project has no such study")
    no_lesion = [ward.cases()[0] | {"lesions": []}]
    assert "lesions" in refused("/cases", {"cases": no_lesion})[2]
    stranger = ward.body | {"readers": [{"user_id": "x", "level": None}]}
    assert "member" in refused("", stranger)[2]
    for text, said in (("a,b\n", "line 1"), ("study_id,x_mm,y_mm,z_mm,confidence\nx,1,2,3,4\n", "line 2")):
        assert said in refused("/candidates", {"csv": text})[2]
    wrong = f"study_id,x_mm,y_mm,z_mm,confidence\n{ward.studies[0]},1,2,3,400\n"
    assert "confidence" in refused("/candidates", {"csv": wrong})[2]
    ward.owns("PUT", "/cases", json={"cases": ward.cases()[:2]})
    assert refused("/open", None, "POST")[:2] == (409, "design-incomplete")


def test_who_administers_sees_the_truth_and_cannot_read(ward: Ward, actor: Any) -> None:
    other = actor("administrator", installation=False)
    body = ward.body | {"readers": [{"user_id": other.user_id, "level": None}]}
    answer = ward.call(ward.owner, "PUT", "", json=body)
    assert (answer.status_code, slug_of(answer)) == (422, "wrong-design")


def test_candidates_come_from_a_table(ward: Ward) -> None:
    rows = f"{ward.studies[0]},1,2,3,90\n{ward.studies[0]},4,5,6,20\n"
    done = ward.owns("PUT", "/candidates", json={"csv": "study_id,x_mm,y_mm,z_mm,confidence\n" + rows})
    assert [one["candidates"] for one in done["case_list"]] == [2, 0, 0, 0, 0, 0]
    unmarked = [{key: one[key] for key in ("study_id", "positive", "lesions")} for one in ward.cases()]
    again = ward.owns("PUT", "/cases", json={"cases": unmarked})
    assert [one["candidates"] for one in again["case_list"]] == [2, 0, 0, 0, 0, 0], "they stay"


def test_an_open_design_is_fixed(opened: Ward) -> None:
    for path, body in (("", opened.body), ("/cases", {"cases": opened.cases()})):
        answer = opened.call(opened.owner, "PUT", path, json=body)
        assert (answer.status_code, slug_of(answer)) == (409, "design-fixed")


def test_what_a_reader_is_sent_holds_no_truth(opened: Ward) -> None:
    upcoming = opened.reads(0, "GET", "/mine")["next"]
    shown = opened.reads(0, "POST", f"/readings/{upcoming['id']}/open")
    listed = opened.reads(0, "GET", "")
    for sent in (upcoming, shown, listed):
        text = str(sent)
        assert not {"positive", "lesions", "radius_mm", "candidates"} & set(sent)
        assert "88.0" not in text


def test_time_is_the_servers_and_pauses_do_not_count(opened: Ward, time: Clock) -> None:
    upcoming = opened.reads(0, "GET", "/mine")["next"]
    path = f"/readings/{upcoming['id']}"
    opened.reads(0, "POST", f"{path}/open")
    time.forward(seconds=20)
    assert opened.reads(0, "POST", f"{path}/pause")["paused"]
    time.forward(hours=3)
    assert opened.reads(0, "GET", path)["seconds"] == 20
    assert not opened.reads(0, "POST", f"{path}/open")["paused"]
    time.forward(seconds=15)
    opened.reads(0, "PUT", path, json={"marks": []})
    time.forward(hours=1)  # the browser died
    assert opened.reads(0, "POST", f"{path}/open")["seconds"] == 35
    time.forward(seconds=5)
    done = opened.reads(0, "POST", f"{path}/finish", json={"confidence": 10})
    assert (done["seconds"], done["state"]) == (40, "finished")


def test_what_was_marked_is_there_again_and_a_finished_reading_never_changes(opened: Ward) -> None:
    upcoming = opened.reads(0, "GET", "/mine")["next"]
    path = f"/readings/{upcoming['id']}"
    early = opened.call(opened.readers[0][1], "PUT", path, json={})
    assert (early.status_code, slug_of(early)) == (409, "reading-not-open")
    opened.reads(0, "POST", f"{path}/open")
    mark = {"position_mm": [1.0, 2.0, 3.0], "confidence": 70.0}
    opened.reads(0, "PUT", path, json={"confidence": 66, "marks": [mark]})
    again = opened.reads(0, "GET", "/mine")["open"]
    assert (again["confidence"], again["marks"]) == (66, [mark])
    beyond = opened.call(opened.readers[0][1], "PUT", path, json={"confidence": 101})
    assert beyond.status_code == 422
    assert opened.call(opened.readers[0][1], "POST", f"{path}/finish", json={}).status_code == 422
    opened.reads(0, "POST", f"{path}/finish", json={"confidence": 66, "marks": [mark]})
    late = opened.call(opened.readers[0][1], "PUT", path, json={"confidence": 1})
    assert (late.status_code, slug_of(late)) == (409, "reading-not-open")


def attempts(ward: Ward) -> list[str]:
    return [one["kind"] for one in ward.owns("GET", "/design")["incidents"]]


def test_attempts_to_break_the_blinding_are_refused_and_kept(opened: Ward, time: Clock) -> None:
    truth = truth_of(opened)
    me, other = opened.readers[0][1], opened.readers[1][1]
    for path in ("/design", "/analyses"):
        answer = opened.call(me, "GET", path)
        assert (answer.status_code, slug_of(answer)) == (403, "reader-blinded")
    upcoming = opened.reads(0, "GET", "/mine")["next"]
    answer = opened.call(other, "POST", f"/readings/{upcoming['id']}/open")
    assert (answer.status_code, answer.json()["kind"]) == (403, "other-reader")
    first = read_next(opened, 0, time, truth)
    again = opened.call(me, "POST", f"/readings/{first['id']}/open")
    assert (again.status_code, again.json()["kind"]) == (403, "order")
    while opened.reads(0, "GET", "/mine")["session"] == 1:
        read_next(opened, 0, time, truth)
    now = opened.reads(0, "GET", "/mine")
    assert now["opens_at"] is not None
    answer = opened.call(me, "POST", f"/readings/{now['next']['id']}/open")
    assert (answer.status_code, answer.json()["kind"]) == (403, "washout")
    time.forward(days=28.01)
    assert opened.reads(0, "POST", f"/readings/{now['next']['id']}/open")["state"] == "open"
    assert attempts(opened) == ["truth", "truth", "other-reader", "order", "washout"]
    with db.session_scope(read_only=True) as session:
        acts = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "readings.study.unblinding_refused")
        ).all()
    assert [one.changes["kind"] for one in acts] == attempts(opened)


def test_the_ai_is_shown_in_its_arm_only(opened: Ward, time: Clock) -> None:
    truth, shown = truth_of(opened), {}
    for _ in range(CASES):
        upcoming = opened.reads(2, "GET", "/mine")["next"]
        opened.reads(2, "POST", f"/readings/{upcoming['id']}/open")
        answer = opened.call(opened.readers[2][1], "GET", f"/readings/{upcoming['id']}/candidates")
        if upcoming["ai"]:
            shown[upcoming["case"]] = len(answer.json()["items"])
        else:
            assert (answer.status_code, answer.json()["kind"]) == (403, "ai")
        opened.reads(2, "POST", f"/readings/{upcoming['id']}/finish", json={"confidence": 5})
    assert shown == {case: int(truth[case]) for case in shown}
    assert len(shown) == CASES // 2
    assert attempts(opened) == ["ai"] * (CASES - CASES // 2)


def test_a_detector_s_suspicions_are_kept_from_readers_while_the_study_is_open(ward: Ward) -> None:
    me, study_id = ward.readers[0][1], ward.studies[0]
    suspected(ward, study_id)

    def look(who: dict[str, str], study: str = study_id) -> Any:
        return ward.client.get(f"/api/studies/{study}/detections", headers=who)

    assert len(look(me).json()["items"]) == 1, "a draft blinds nobody"
    ward.owns("POST", "/open")
    assert (look(me).status_code, slug_of(look(me))) == (403, "reader-blinded")
    assert look(me, ward.studies[1]).status_code == 200, "there is nothing to see"
    assert look(ward.owner).status_code == 200
    assert attempts(ward) == ["ai", "ai"]
    ward.owns("POST", "/close")
    assert look(me).status_code == 200


def suspected(ward: Ward, study_id: str) -> None:
    """A detection of the study."""
    with db.session_scope() as session:
        version = NetworkVersion(
            name="toy", version=1, title="Toy", origin="shipped", manifest={}, structures=[],
            weights_sha256=storage().put(b"weights"), card="",
        )  # fmt: skip
        session.add(version)
        job = jobs.enqueue(session, jobs.JobRequest("detect", {}, ward.project_id, study_id))
        session.flush()
        series = session.scalars(select(Series.id).where(Series.study_row_id == study_id)).one()
        session.add(
            Detection(
                project_id=ward.project_id, study_row_id=study_id, series_row_id=series,
                network_version_id=version.id, job_id=job.id, created_by="",
            )
        )  # fmt: skip


def promote(ward: Ward, reader: int) -> dict[str, str]:
    who, headers = ward.readers[reader]
    with db.session_scope() as session:
        member = session.get_one(Member, (ward.project_id, who.user_id))
        member.role = Role.ADMINISTRATOR
    return headers


def test_a_reader_promoted_before_the_opening_cannot_read(ward: Ward) -> None:
    promote(ward, 1)
    answer = ward.call(ward.owner, "POST", "/open")
    assert (answer.status_code, slug_of(answer)) == (422, "wrong-design")
    assert answer.json()["field"] == "readers.1"


def test_a_reader_promoted_since_sees_no_truth_before_the_closing(opened: Ward) -> None:
    me = promote(opened, 1)
    for method, path in (("GET", "/design"), ("GET", "/analyses"), ("POST", "/close")):
        answer = opened.call(me, method, path)
        assert (answer.status_code, slug_of(answer)) == (403, "reader-blinded")
    assert attempts(opened) == ["truth"] * 3
    opened.owns("POST", "/close")
    assert opened.call(me, "GET", "/design").status_code == 200


def test_who_is_no_reader_has_no_readings(opened: Ward, login: Any) -> None:
    for who in (login("annotator"), opened.owner):
        assert opened.call(who, "GET", "/mine").status_code == 404


def test_a_closed_study_is_not_read(opened: Ward) -> None:
    upcoming = opened.reads(0, "GET", "/mine")["next"]
    opened.owns("POST", "/close")
    answer = opened.call(opened.readers[0][1], "POST", f"/readings/{upcoming['id']}/open")
    assert (answer.status_code, slug_of(answer)) == (409, "study-not-open")


def test_a_study_from_design_to_report(opened: Ward, time: Clock) -> None:
    truth = truth_of(opened)
    early = opened.call(opened.owner, "POST", "/analyses", json={})
    assert (early.status_code, slug_of(early)) == (409, "nothing-read")
    for reader in range(4):
        for turn in range(CASES * 2):
            if turn == CASES:
                time.forward(days=29)
            if (reader, turn) != (3, CASES * 2 - 1):  # the last reader leaves one case unread
                read_next(opened, reader, time, truth, 40 + turn % 3 + reader)
    opened.call(opened.readers[3][1], "GET", "/design")
    seen = {one["code"]: one["finished"] for one in opened.owns("GET", "/design")["reader_list"]}
    assert seen == {"R1": 12, "R2": 12, "R3": 12, "R4": 11}
    made = opened.owns("POST", "/analyses", json={"threshold": 60})
    assert run_queued("analyse-readings") == [{"reader_analysis_id": made["id"]}]
    done = opened.owns("GET", f"/analyses/{made['id']}")
    results = done["results"]
    assert [one["reader"] for one in results["readers"] if not one["analysed"]] == ["R4"]
    assert results["unblinding_attempts"] == [{"reader": "R4", "kind": "truth", "times": 1}]
    assert len(results["missing"]) == 1
    figures = {one["figure"] for one in results["figures_of_merit"]}
    assert {"auc", "sensitivity", "specificity", "wafroc", "seconds"} <= figures
    ratio = next(one for one in results["figures_of_merit"] if one["figure"] == "seconds")["differences"][0]
    assert ratio["value"] < 1, "with AI the simulated readers are faster"
    assert "R4" in done["methods"]["en"]
    svg = opened.call(opened.owner, "GET", f"/analyses/{made['id']}/figures/roc")
    assert (svg.status_code, svg.headers["content-type"]) == (200, "image/svg+xml")
    csv = opened.call(opened.owner, "GET", f"/analyses/{made['id']}/tables/figures-of-merit-differences")
    assert csv.text.splitlines()[0].startswith("figures_of_merit.figure,generalise")
    assert [one["id"] for one in opened.owns("GET", "/analyses")["items"]] == [made["id"]]
    opened.call(opened.owner, "DELETE")
    assert opened.call(opened.owner, "GET").status_code == 404
