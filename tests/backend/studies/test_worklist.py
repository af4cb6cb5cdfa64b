"""The worklist: filters, orders, pages; a study's page, its assignee, its end; who may see what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select

from backend.accounts.actor import Actor
from backend.jobs.tables import Job
from backend.kit import db
from backend.kit.db import session_scope
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.tables import Instance, Patient, Series, Study
from tests.backend.studies.sending import send
from tests.factories.dicom import make_ct_series

Login = Callable[..., dict[str, str]]
NAMES = ["Abe^Taro", "Baba^Hana", "Chiba^Ken", "Doi^Yui", "Endo^Rin"]


@pytest.fixture
def studies(project: Project) -> list[str]:
    """Five studies, oldest first; the third has a warning, the fourth was drawn by the AI."""
    ids = []
    with session_scope() as session:
        for n, name in enumerate(NAMES):
            patient = Patient(project_id=project.id, patient_id=f"P{n}", name=name)
            session.add(patient)
            session.flush()
            study = Study(
                project_id=project.id,
                patient_row_id=patient.id,
                study_instance_uid=f"1.2.{n}",
                study_date=f"2026010{9 - n}",
                description="Planning 100%" if n == 1 else "Planning",
                state="approved" if n == 0 else "new",
            )
            session.add(study)
            session.flush()
            warnings = [{"slug": "uneven-spacing", "detail": "x", "severity": "warning"}] if n == 2 else []
            modality = "MR" if n == 4 else "CT"
            session.add(
                Series(
                    study_row_id=study.id, series_instance_uid="1.2.3", modality=modality, warnings=warnings
                )
            )
            if n == 3:
                parameters = {"series_id": "x"}
                session.add(
                    Job(
                        kind="presegment",
                        queue="gpu",
                        parameters=parameters,
                        study_id=study.id,
                        state="succeeded",
                    )
                )
            ids.append(study.id)
    return ids


def listed(client: TestClient, headers: dict[str, str], project: Project, **query: object) -> list[str]:
    answer = client.get(f"/api/projects/{project.id}/studies", params=query, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "hana"}, [1]),
        ({"q": "p3"}, [3]),
        ({"q": "100%"}, [1]),
        ({"q": "planning ken"}, [2]),
        ({"q": "nobody"}, []),
        ({"state": "approved"}, [0]),
        ({"modality": "MR"}, [4]),
        ({"warning": "uneven-spacing"}, [2]),
        ({"warning": "any"}, [2]),
        ({"warning": "gantry-tilt"}, []),
        ({"ai": "ready"}, [3]),
        ({"ai": "none"}, [4, 2, 1, 0]),
        ({}, [4, 3, 2, 1, 0]),
        ({"sort": "imported_at"}, [0, 1, 2, 3, 4]),
        ({"sort": "study_date"}, [4, 3, 2, 1, 0]),
        ({"sort": "-patient_name"}, [4, 3, 2, 1, 0]),
        ({"sort": "patient_id"}, [0, 1, 2, 3, 4]),
    ],
    ids=str,
)
def test_filters_and_orders(
    client: TestClient,
    login: Login,
    project: Project,
    studies: list[str],
    query: dict[str, str],
    expected: list[int],
) -> None:
    assert listed(client, login("reader"), project, **query) == [studies[n] for n in expected]


@pytest.mark.parametrize(
    "sort", ["-imported_at", "updated_at", "-study_date", "patient_name", "-expected_gain"]
)
def test_pages_give_every_study_once(
    client: TestClient, login: Login, project: Project, studies: list[str], sort: str
) -> None:
    headers, seen, cursor = login("reader"), [], None
    while True:
        query = {"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/api/projects/{project.id}/studies", params=query, headers=headers).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == listed(client, headers, project, sort=sort)


@pytest.mark.parametrize(
    "query", [{"cursor": "nonsense"}, {"limit": 0}, {"sort": "colour"}, {"unknown": "1"}]
)
def test_a_query_that_is_not_understood_is_refused(
    client: TestClient, login: Login, project: Project, query: dict[str, str]
) -> None:
    answer = client.get(f"/api/projects/{project.id}/studies", params=query, headers=login("reader"))
    assert answer.status_code == 422


def test_the_number_of_questions_does_not_grow_with_the_page(
    client: TestClient, login: Login, project: Project, studies: list[str]
) -> None:
    headers = login("reader")

    def questions(limit: int) -> int:
        asked: list[str] = []

        def count(_c: object, _k: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(db.engine(), "before_cursor_execute", count)
        listed(client, headers, project, limit=limit)
        event.remove(db.engine(), "before_cursor_execute", count)
        return len(asked)

    questions(1)  # the token's last use is written once a minute
    assert questions(1) == questions(5)


def test_a_row_counts_structures_by_review(
    client: TestClient, login: Login, project: Project, studies: list[str]
) -> None:
    with session_scope() as session:
        series = session.scalars(select(Series).where(Series.study_row_id == studies[0])).one()
        drawn = StructureSet(study_row_id=studies[0], series_row_id=series.id, label="AI", origin="ai")
        session.add(drawn)
        session.flush()
        of_set = {"structure_set_id": drawn.id, "colour": "#ffffff"}
        drawings = [("approved", 2), ("approved", 2), ("submitted", 2), ("draft", 0), ("draft", 2)]
        for n, (state, slices) in enumerate(drawings, 1):
            structure = Structure(number=n, name=f"S{n}", state=state, head=1, **of_set)
            session.add(structure)
            session.flush()
            revision = {"structure_id": structure.id, "number": 1, "parent": 0, "sha256": "0" * 64}
            session.add(Revision(**revision, volume_cc=1.0, slices=slices, changed_voxels=1))
        structure.assessment = "rejected"  # like the one not found before it no structure to approve
        session.add(Structure(number=0, name="Empty", **of_set))  # from the template, and not drawn yet
    row = client.get(f"/api/studies/{studies[0]}", headers=login("reader")).json()
    assert row["structures"] == {"total": 3, "approved": 2, "submitted": 1, "returned": 0, "imported": 0}
    assert [s["origin"] for s in row["structure_sets"]] == ["ai"]
    waiting = listed(client, login("reader"), project, state="submitted")
    assert waiting == [studies[0]], "one of its structures waits, whatever state it shows"


def test_a_study_is_given_to_a_member_only(
    client: TestClient, login: Login, actor: Callable[..., Actor], project: Project, studies: list[str]
) -> None:
    member, stranger, headers = actor("annotator"), actor(None), login("clinician")
    where = f"/api/studies/{studies[0]}"
    given = client.patch(where, json={"assignee_id": member.user_id}, headers=headers)
    assert given.json()["assignee"]["id"] == member.user_id
    assert listed(client, headers, project, assignee_id=member.user_id) == [studies[0]]
    assert client.patch(where, json={"assignee_id": stranger.user_id}, headers=headers).status_code == 422
    assert client.patch(where, json={"assignee_id": None}, headers=login("reader")).status_code == 403
    assert client.patch(where, json={"state": "approved"}, headers=headers).status_code == 422


def test_strangers_cannot_tell_a_study_from_none(
    client: TestClient, login: Login, studies: list[str]
) -> None:
    headers = login(None)
    for method in ("GET", "PATCH", "DELETE"):
        body = {"json": {"assignee_id": None}} if method == "PATCH" else {}
        known = client.request(method, f"/api/studies/{studies[0]}", headers=headers, **body)  # type: ignore[arg-type]
        unknown = client.request(method, "/api/studies/none", headers=headers, **body)  # type: ignore[arg-type]
        assert (known.status_code, unknown.status_code) == (404, 404)
        assert known.json()["detail"] == unknown.json()["detail"]


def test_a_deleted_study_leaves_nothing_but_the_audit(
    client: TestClient, login: Login, project: Project
) -> None:
    headers = login("administrator")
    (study_id,) = send(client, headers, project, make_ct_series((2, 8, 8)))["studies"]
    assert client.delete(f"/api/studies/{study_id}", headers=login("clinician")).status_code == 403
    assert client.delete(f"/api/studies/{study_id}", headers=headers).status_code == 204
    assert client.get(f"/api/studies/{study_id}", headers=headers).status_code == 404
    with session_scope(read_only=True) as session:
        for table in (Patient, Study, Series, Instance, Job):
            assert session.scalar(select(func.count()).select_from(table)) == 0
