"""Projects over HTTP."""

from __future__ import annotations

import pytest

from backend.accounts.schemas import UserIn
from backend.accounts.service import create_user
from backend.accounts.tables import User
from backend.kit.db import session_scope


def test_member_sees_the_default_project_with_its_template(client, project, login):
    reader = login("reader")
    listed = client.get("/api/projects", headers=reader).json()
    assert [item["slug"] for item in listed["items"]] == ["default"]
    template = client.get(f"/api/projects/{project.id}/template", headers=reader).json()
    wanted = [one["name"] for one in template["structures"] if one["required"]]
    assert wanted == [
        "Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible",
    ]  # fmt: skip
    assert {"Eye_R", "Lens_L", "OpticChiasm", "Intracranial"} < {
        one["name"] for one in template["structures"]
    }
    assert len({one["colour"] for one in template["structures"]}) == len(template["structures"])
    rules = {(one["modality"], one["region"], one["network"]) for one in listed["items"][0]["rules"]}
    assert rules == {("CT", "head-neck", "head-neck-oar"), ("MR", "brain", "head-mr")}


def test_project_of_others_does_not_exist(client, project, login):
    answer = client.get(f"/api/projects/{project.id}", headers=login(None))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_reader_may_not_change_the_template(client, project, login):
    body = {"structures": []}
    answer = client.put(f"/api/projects/{project.id}/template", headers=login("reader"), json=body)
    assert answer.status_code == 403


def test_candidates_are_active_people_outside_and_show_no_more_than_names(client, project, login, actor):
    inside, outside, gone = actor("reader"), actor(None), actor(None)
    with session_scope() as session:
        session.get_one(User, gone.user_id).active = False
    headers = login("administrator", installation=False)
    answer = client.get(f"/api/projects/{project.id}/candidates", headers=headers).json()
    assert answer["items"] == [
        {"id": outside.user_id, "username": outside.username, "display_name": outside.display_name}
    ]
    assert inside.user_id not in str(answer)


@pytest.mark.parametrize(
    ("search", "found"), [("ADA", ["ada", "adams"]), ("ada love", ["ada"]), ("%", []), ("_", []), ("", None)]
)
def test_candidates_are_found_by_parts_of_their_names(client, project, login, search, found):
    with session_scope() as session:
        for username, name in (("ada", "Ada Lovelace"), ("adams", "John Adams"), ("bo", "Bo Ek")):
            create_user(session, None, UserIn(username=username, display_name=name, password="12345678"))
    headers = login("administrator", installation=False)
    path = f"/api/projects/{project.id}/candidates"
    names, cursor = [], None
    while True:
        query = {"search": search, "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=query, headers=headers).json()
        names += [one["username"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert names == (["ada", "adams", "bo"] if found is None else found)


def test_project_administrator_makes_a_candidate_a_member(client, project, login, actor):
    wanted = actor(None)
    headers = login("administrator", installation=False)
    path = f"/api/projects/{project.id}"
    put = client.put(f"{path}/members/{wanted.user_id}", json={"role": "annotator"}, headers=headers)
    assert put.json()["role"] == "annotator"
    assert client.get(f"{path}/candidates", headers=headers).json()["items"] == []


def test_somebody_who_left_is_not_made_a_member(client, project, login, actor):
    gone = actor(None)
    with session_scope() as session:
        session.get_one(User, gone.user_id).active = False
    path = f"/api/projects/{project.id}/members/{gone.user_id}"
    answer = client.put(path, json={"role": "reader"}, headers=login("administrator", installation=False))
    assert answer.status_code == 404
