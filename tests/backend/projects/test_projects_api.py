"""Projects over HTTP."""

from __future__ import annotations


def test_member_sees_the_default_project_with_its_template(client, project, login):
    reader = login("reader")
    listed = client.get("/api/projects", headers=reader).json()
    assert [item["slug"] for item in listed["items"]] == ["default"]
    template = client.get(f"/api/projects/{project.id}/template", headers=reader).json()
    assert [one["name"] for one in template["structures"]] == [
        "Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible",
    ]  # fmt: skip
    assert len({one["colour"] for one in template["structures"]}) == 7


def test_project_of_others_does_not_exist(client, project, login):
    answer = client.get(f"/api/projects/{project.id}", headers=login(None))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_reader_may_not_change_the_template(client, project, login):
    body = {"structures": []}
    answer = client.put(f"/api/projects/{project.id}/template", headers=login("reader"), json=body)
    assert answer.status_code == 403
