"""Features over a cohort: what is chosen, computed once, failed by name, stale and computed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.cohorts import service
from backend.cohorts.service import computing
from backend.cohorts.service.robustness import agreement
from backend.cohorts.service.tabulating import as_text
from backend.cohorts.tables import CohortPatient, Extraction, FeatureRow
from backend.jobs.tables import Job
from backend.kit import db
from backend.labels import service as labels
from backend.labels.service import Network, NewRevision, NewStructure
from backend.labels.tables import Review, StructureSet
from backend.projects.tables import Deidentification, Project
from rt.masks import Mask
from rt.radiomics import Settings
from tests.backend.cohorts.conftest import Door
from tests.backend.dose.conftest import dose_of
from tests.factories.jobs import run_queued
from tests.factories.patients import Arrived, send, send_ct

Login = Callable[..., dict[str, str]]
FEW = Settings(families=("stat", "shape"), filtered_families=()).to_json()
NETWORK = Network("v", "net", 1)


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> dict[str, Arrived]:
    """Three patients with a CT, called ID-a, ID-b and ID-c."""
    return {name: send_ct(project, tmp_path, name) for name in "abc"}


def box(arrived: Arrived, size: int = 8, at: int = 4) -> Mask:
    mask = np.zeros(arrived.grid.shape_kji, dtype=np.bool_)
    mask[1:5, at : at + size, at : at + size] = True
    return mask


def draw(arrived: Arrived, mask: Mask, by: str | None = "someone", **said: Any) -> str:
    """Append a revision to the GTV of the working set; its structure's id."""
    with db.session_scope() as session:
        owner = labels.working_set(session, arrived.series)
        structure = labels.ensure_structure(session, owner, NewStructure("GTV"))
        labels.append_revision(session, structure, NewRevision(mask, structure.head, author_id=by, **said))
        return structure.id


def approve(structure_id: str, revision: int) -> None:
    with db.session_scope() as session:
        one = labels.get_revision(session, structure_id, revision)
        session.add(
            Review(
                structure_id=structure_id, revision=revision, sha256=one.sha256, act="approved",
                user_id="u", user_name="u",
            )
        )  # fmt: skip


def ask(door: Door, **said: Any) -> Any:
    body = {"name": "f", "structure": "GTV", "modality": "CT", "source": "latest", "settings": FEW} | said
    answer = door.call("POST", "/feature-sets", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def computed(door: Door, **said: Any) -> Any:
    """A feature set, after its jobs."""
    made = ask(door, **said)
    run_queued("radiomics")
    return door.get(f"/feature-sets/{made['id']}")


def extractions() -> int:
    with db.session_scope(read_only=True) as session:
        return session.query(Extraction).count()


def test_features_of_every_patient_and_why_some_have_none(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\nID-c,70\nNobody,80\n")
    for name in "ab":
        draw(arrived[name], box(arrived[name], 8 + 2 * (name == "b")))
    made = computed(door)
    assert (made["patients"], made["done"], made["waiting"], made["failed_count"]) == (4, 2, 0, 2)
    assert {one["patient_id"]: one["slug"] for one in made["failed"]} == {
        "ID-c": "no-such-structure", "Nobody": "not-in-store",
    }  # fmt: skip
    assert (made["job"]["kind"], made["job"]["state"], made["stale"]) == ("radiomics", "succeeded", [])
    path = f"/feature-sets/{made['id']}"
    page = door.get(f"{path}/features?limit=10")
    rest = door.get(f"{path}/features?limit=200&cursor={page['next_cursor']}")
    found = page["items"] + rest["items"]
    assert {one["family"] for one in found} == {"stat", "shape"} and rest["next_cursor"] is None
    assert {one["image"] for one in found} == {"original"}
    assert {one["unit"] for one in found if one["name"] == "original_shape_volume"} <= {"mm3", "cm3", "mL"}
    rows = door.get(f"{path}/patients")["items"]
    assert [one["state"] for one in rows] == ["done", "done", "failed", "failed"]
    assert {*rows[0]["values"], *rows[0]["undefined"]} == {one["name"] for one in found}
    assert rows[0]["revision"] == 1 and rows[0]["study_id"] == arrived["a"].study.id
    lines = door.call("GET", f"{path}/values").text.splitlines()
    assert lines[0].split(",")[:4] == ["patient_id", "structure_id", "revision", found[0]["name"]]
    assert [line.split(",")[0] for line in lines[1:]] == ["ID-a", "ID-b"]
    with db.session_scope(read_only=True) as session:
        table = service.frozen(session, door.id, [made["id"]])
    column = table.column(found[0]["name"])
    assert column.values[:2] == (rows[0]["values"][column.name], rows[1]["values"][column.name])
    assert column.values[2:] == (None, None)
    assert (column.source["feature_set"], column.source["structure"]) == (made["id"], "GTV")


def test_one_that_cannot_be_measured_stops_nobody(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    draw(arrived["a"], box(arrived["a"], 1))
    draw(arrived["b"], box(arrived["b"]))
    settings = Settings.from_json(FEW | {"least_voxels": 27}).to_json()
    made = computed(door, settings=settings)
    assert made["done"] == 1
    (failed,) = made["failed"]
    assert (failed["patient_id"], failed["slug"]) == ("ID-a", "region-too-small")
    assert failed["detail"]


def test_the_same_region_is_never_computed_twice(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    for name in "ab":
        draw(arrived[name], box(arrived[name], 8 + 2 * (name == "b")))
    computed(door)
    before = extractions()
    again = computed(door, name="again")
    assert (again["done"], extractions()) == (2, before)
    computed(door, name="other", settings=FEW | {"families": ["stat"]})
    assert extractions() == before + 2


def test_the_source_decides_about_the_revision(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\n")
    one = arrived["a"]
    structure = draw(one, box(one, 6), None, network=NETWORK)
    draw(one, box(one, 8))
    draw(one, box(one, 10))
    nobody = computed(door, name="before", source="approved")
    assert [row["slug"] for row in nobody["failed"]] == ["no-such-revision"]
    approve(structure, 2)
    for source, revision in (("ai", 1), ("approved", 2), ("latest", 3)):
        made = computed(door, name=source, source=source)
        (row,) = door.get(f"/feature-sets/{made['id']}/patients")["items"]
        assert (row["revision"], row["structure_id"]) == (revision, structure)


def test_a_contour_that_changed_is_stale_and_computed_again_alone(
    door: Door, arrived: dict[str, Arrived]
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\nID-c,70\n")
    for size, name in ((6, "a"), (8, "b")):
        structure = draw(arrived[name], box(arrived[name], size))
    made = computed(door)
    path, before = f"/feature-sets/{made['id']}", extractions()
    draw(arrived["b"], box(arrived["b"], 10))
    draw(arrived["c"], box(arrived["c"], 9))
    stale = {one["patient_id"]: one for one in door.get(path)["stale"]}
    assert {name: one["reason"] for name, one in stale.items()} == {"ID-b": "contour", "ID-c": "there-now"}
    changed = stale["ID-b"]
    assert (changed["structure_id"], changed["revision"], changed["head"]) == (structure, 1, 2)
    assert door.call("POST", f"{path}/recompute").status_code == 202
    busy = door.call("POST", f"{path}/recompute")
    assert (busy.status_code, busy.json()["type"]) == (409, "/problems/feature-set-busy")
    assert door.call("DELETE", path).status_code == 409
    run_queued("radiomics")
    after = door.get(path)
    assert (after["done"], after["stale"], extractions()) == (3, [], before + 2)
    draw(arrived["b"], box(arrived["b"]))  # as it was at first: known by its content
    door.call("POST", f"{path}/recompute")
    run_queued("radiomics")
    assert (door.get(path)["stale"], extractions()) == ([], before + 2)


def test_a_patient_who_joins_and_one_who_leaves(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    for name in "abc":
        draw(arrived[name], box(arrived[name]))
    made = computed(door)
    door.table("ID,age\nID-b,60\nID-c,70\n")
    path = f"/feature-sets/{made['id']}"
    (stale,) = door.get(path)["stale"]
    assert (stale["patient_id"], stale["reason"], stale["revision"]) == ("ID-c", "new-patient", None)
    door.call("POST", f"{path}/recompute")
    run_queued("radiomics")
    rows = door.get(f"{path}/patients")["items"]
    assert [(one["patient_id"], one["state"]) for one in rows] == [("ID-b", "done"), ("ID-c", "done")]


def test_another_engine_makes_all_of_it_anew(
    door: Door, arrived: dict[str, Arrived], monkeypatch: pytest.MonkeyPatch
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    for name in "ab":
        draw(arrived[name], box(arrived[name]))
    made = computed(door)
    monkeypatch.setattr("backend.cohorts.service.features.engine_version", lambda: "2")
    path, before = f"/feature-sets/{made['id']}", extractions()
    assert [one["reason"] for one in door.get(path)["stale"]] == ["engine", "engine"]
    door.call("POST", f"{path}/recompute")
    run_queued("radiomics")
    after = door.get(path)
    assert (after["engine"], after["stale"], extractions()) == ("2", [], 2 * before)


def test_reliability_under_disturbance_between_ai_and_person_and_between_readers(
    door: Door, arrived: dict[str, Arrived]
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\nID-c,70\n")
    for size, name in zip((6, 8, 12), "abc", strict=True):
        one = arrived[name]
        with db.session_scope() as session:
            other = StructureSet(
                study_row_id=one.study.id, series_row_id=one.series.id, label="reader 2", origin="manual"
            )
            session.add(other)
            session.flush()
            structure = labels.add_structure(session, other, NewStructure("GTV"))
            mask = box(one, size, 5)
            labels.append_revision(session, structure, NewRevision(mask, 0, author_id="other"))
        draw(one, box(one, size), None, network=NETWORK)
        draw(one, box(one, size - 1))
    made = computed(door, perturbations=2)
    features = door.get(f"/feature-sets/{made['id']}/features")["items"]
    volume = next(one for one in features if one["name"].startswith("original_shape_"))
    assert set(volume["icc"]) == {"perturbation", "ai", "readers"}
    for kind, value in volume["icc"].items():
        low, high = volume["icc_interval"][kind]
        assert -1 <= low <= value <= high <= 1
    with db.session_scope(read_only=True) as session:
        all_ = service.frozen(session, door.id, [made["id"]])
        kept = service.frozen(session, door.id, [made["id"]], {"perturbation": 0.9})
    expected = [one["name"] for one in features if one["icc"].get("perturbation", -1) >= 0.9]
    assert [one.name for one in kept.features] == expected
    assert 0 < len(expected) <= len(all_.features)


def test_who_tests_has_no_part_in_how_reliable_features_are(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\nID-c,70\n")
    for size, name in zip((6, 8, 12), "abc", strict=True):
        draw(arrived[name], box(arrived[name], size))
    path = f"/feature-sets/{computed(door, perturbations=2)['id']}"
    before = {one["name"]: one["icc"] for one in door.get(f"{path}/features")["items"]}
    assert any(before.values())
    split = {"seed": 1, "test_fraction": 0.34, "stratify": None}
    assert door.call("POST", "/split", json=split).json()["split"]["test"] == 1
    assert not any(one["icc"] for one in door.get(f"{path}/features")["items"])
    assert run_queued("radiomics") == [{"computed": 0, "failed": 0}]
    after = {one["name"]: one["icc"] for one in door.get(f"{path}/features")["items"]}
    with db.session_scope(read_only=True) as session:
        rows = session.scalars(select(FeatureRow)).all()
        trains = {one.patient_id for one in session.scalars(select(CohortPatient)) if one.role == "train"}
        wanted = agreement(session, [one for one in rows if one.patient_id in trains])["perturbation"]
    assert len(trains) == 2 and after != before
    known = {name: icc["perturbation"] for name, icc in after.items() if icc}
    assert known == {name: one[0] for name, one in wanted.items()}


def test_dose_is_measured_where_the_contour_is_on_the_images(
    door: Door, arrived: dict[str, Arrived], project: Project, tmp_path: Path
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    for name in "ab":
        draw(arrived[name], box(arrived[name], 6))
    send(project, tmp_path / "rd", [dose_of(arrived["a"].ct, slices=6)])
    made = computed(door, modality="RTDOSE")
    assert [(one["patient_id"], one["slug"]) for one in made["failed"]] == [("ID-b", "no-such-image")]
    (row,) = [one for one in door.get(f"/feature-sets/{made['id']}/patients")["items"] if one["values"]]
    assert 10 <= row["values"]["original_stat_mean"] <= 60


def test_features_of_two_sets_are_told_apart(door: Door, arrived: dict[str, Arrived]) -> None:
    door.table("ID,age\nID-a,50\n")
    draw(arrived["a"], box(arrived["a"]))
    sets = [computed(door, name=name)["id"] for name in ("one", "two")]
    with db.session_scope(read_only=True) as session:
        names = [one.name for one in service.frozen(session, door.id, sets).features]
    assert {name.split("/")[0] for name in names} == {"one", "two"}
    assert len(set(names)) == len(names)


def test_jobs_share_the_patients_and_one_that_died_gives_its_own_back(
    door: Door, arrived: dict[str, Arrived]
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\nID-c,70\n")
    for name in "abc":
        draw(arrived[name], box(arrived[name]))
    made = ask(door)
    with db.session_scope() as session:
        first, second, third = (one.id for one in session.query(Job).filter_by(kind="radiomics"))
        for running in (session.get_one(Job, job) for job in (first, second)):
            running.state, running.lease_until = "running", running.created_at
        session.flush()
        rows = [computing.take_row(session, made["id"], job) for job in (first, second, third)]
        assert len({one.row_id for one in rows if one}) == 3
    with db.session_scope() as session:
        again = computing.take_row(session, made["id"], third)
        assert again is not None and again.row_id != rows[0].row_id  # type: ignore[union-attr]
        session.get_one(Job, first).state = "failed"
        session.get_one(Job, first).lease_until = None
        session.flush()
        freed = computing.take_row(session, made["id"], second)
        assert freed is not None and rows[0] is not None and freed.row_id == rows[0].row_id
        assert session.query(FeatureRow).filter_by(state="waiting").count() == 3


def test_whoever_cancels_one_of_the_jobs_calls_all_of_them_off(
    door: Door, arrived: dict[str, Arrived]
) -> None:
    door.table("ID,age\nID-a,50\nID-b,60\n")
    for name in "ab":
        draw(arrived[name], box(arrived[name]))
    made = ask(door)
    with db.session_scope() as session:
        first, second = (one.id for one in session.query(Job).filter_by(kind="radiomics").order_by(Job.id))
        assert not computing.is_called_off(session, made["id"], second)
        session.get_one(Job, first).cancel_requested = True
        session.flush()
        assert computing.is_called_off(session, made["id"], second)
    assert door.get(f"/feature-sets/{made['id']}")["waiting"] == 2


@pytest.mark.parametrize(
    ("said", "status", "slug"),
    [
        ({"preset": "none", "settings": None}, 422, "bad-feature-settings"),
        ({"settings": {"colour": 1}}, 422, "bad-feature-settings"),
        ({"preset": "ct"}, 422, "invalid-input"),
        ({"perturbations": 31}, 422, "invalid-input"),
        ({"modality": "US"}, 422, "invalid-input"),
        ({}, 409, "empty-cohort"),
    ],
)
def test_what_cannot_be_asked_is_refused(door: Door, said: dict[str, Any], status: int, slug: str) -> None:
    body = {"name": "f", "structure": "GTV", "modality": "CT", "settings": FEW} | said
    answer = door.call("POST", "/feature-sets", json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


def test_presets_are_listed(client: TestClient, login: Login) -> None:
    items = client.get("/api/radiomics-presets", headers=login("reader")).json()["items"]
    assert [one["name"] for one in items] == ["ct", "dose", "mr", "pet"]


def test_values_leave_without_names_where_the_project_exports_so(
    door: Door, arrived: dict[str, Arrived], project: Project
) -> None:
    door.table("ID,age\nID-a,50\n")
    draw(arrived["a"], box(arrived["a"]))
    made = computed(door)
    with db.session_scope() as session:
        session.add(Deidentification(project_id=project.id, mode="export", options=[], key=b"k" * 32))
    text = door.call("GET", f"/feature-sets/{made['id']}/values").text
    assert "ID-a" not in text and len(text.splitlines()) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_text_of_a_table_is_a_formula_to_a_spreadsheet(text: str) -> None:
    assert as_text(text) == f"'{text}"
    assert as_text(f"x{text}") == f"x{text}"
