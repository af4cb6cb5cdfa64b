"""Values that databases and decoders choke on are refused, never a failure of the server."""

from __future__ import annotations

import base64
import json

import pytest

from tests.security.test_authorisation import BODIES, operations

NUL, NO_UTF8, HUGE = "%00", "%ff%fe", "9" * 40
TAKES_NO_BODY = frozenset({"restore_revision"})
ANSWERS = (200, 400, 403, 404, 405, 406, 422)
"""A search for what cannot exist finds nothing: 200; sessions of MONAI Label are refused: 406."""


def filled(pattern: str, value: str) -> str:
    """A path with this value for each of its parameters."""
    parts = [value if part.startswith("{") else part for part in pattern.split("/")]
    return "/".join(parts)


@pytest.mark.parametrize("value", [NUL, NO_UTF8, HUGE, "%F0%9F%92%A9", "..%2f..", "%20", "x" * 3000])
def test_strange_ids_in_addresses(client, login, value):
    headers = login("administrator")
    token = headers["Authorization"].removeprefix("Bearer ")
    seen = {}
    for method, pattern, name in operations():
        if "{" not in pattern:
            continue
        body = None if method in ("GET", "DELETE") else BODIES.get(name, {})
        answer = client.request(
            method,
            filled(pattern.replace("{token}", token), value),
            json=body,
            headers=headers | {"If-Match": '"1"'},
        )
        seen[method, pattern] = answer.status_code
    assert {one: status for one, status in seen.items() if status not in ANSWERS} == {}


def test_strange_values_in_queries(client, login, ids):
    headers = login("administrator")
    names = ("q", "cursor", "limit", "modality", "assignee_id", "kind", "study_id", "project_id", "object_id")
    dicom = ("PatientName", "PatientID", "StudyDate", "SeriesNumber", "ModalitiesInStudy", "limit", "offset")
    lists = [f"/api/projects/{ids['project_id']}/studies", "/api/jobs", "/api/audit", "/api/tokens"]
    questions = [f"{path}?{name}" for path in lists for name in names]
    questions += [f"/api/projects/{ids['project_id']}/candidates?search"]
    questions += [f"/dicomweb/{level}?{name}" for level in ("studies", "instances") for name in dicom]
    values = (NUL, NO_UTF8, HUGE, "-" + HUGE, "%ed%a0%80")
    asked = [f"{question}={value}" for question in questions for value in values]
    seen = {path: client.get(path, headers=headers).status_code for path in asked}
    assert {path: status for path, status in seen.items() if status not in (200, 400, 404, 422)} == {}


def test_cursors_of_ones_own_making(client, login, ids):
    headers = login("administrator")
    lists = [f"/api/projects/{ids['project_id']}/studies", "/api/audit", "/api/tokens", "/api/users"]
    lists += [f"/api/structures/{ids['structure_id']}/revisions", "/api/jobs", "/api/projects"]
    lists += [f"/api/projects/{ids['project_id']}/candidates"]
    keys = ([2**80], ["\ud800"], ["\ud800", "x"], ["a\0", "b"], ["0001-01-01T00:00+12:00", "x"], [None], {})
    seen = {}
    for path in lists:
        for key in keys:
            cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
            seen[path, str(key)] = client.get(path, params={"cursor": cursor}, headers=headers).status_code
    assert {one: status for one, status in seen.items() if status != 422} == {}


BROKEN_BODIES = (
    b'{"name": "\\u0000"}', b'{"name": "\\ud800"}', b'{"name": "\xff\xfe"}', b'{"name": NaN}', b"\xff", b"[",
    b"[]", b'"x"', b"null", b"1e999", b"[" * 100_000, b'{"name": ' + b"9" * 5000 + b"}",
)  # fmt: skip


def test_strange_bodies(client, login, ids):
    headers = login("administrator") | {"Content-Type": "application/json", "If-Match": '"1"'}
    seen = {}
    for method, pattern, name in operations():
        if name in BODIES and name not in TAKES_NO_BODY:
            for number, body in enumerate(BROKEN_BODIES):
                answer = client.request(method, pattern.format(**ids), content=body, headers=headers)
                seen[name, number] = answer.status_code
    assert {one: status for one, status in seen.items() if status not in (400, 404, 409, 422)} == {}


def test_nul_in_every_word_that_is_stored(client, login, ids):
    headers, project = login("administrator"), f"/api/projects/{ids['project_id']}"
    bodies = {
        ("POST", "/api/tokens"): {"name": "a\0b"},
        ("PATCH", project): {"name": "a\0b"},
        ("POST", "/api/projects"): {"name": "a\0b", "slug": "ab"},
        ("POST", "/api/session"): {"username": "a\0b", "password": "a\0b"},
        ("POST", f"/api/studies/{ids['study_id']}/structure-sets"): {
            "series_id": ids["series_id"], "label": "a\0b",
        },
        ("POST", f"/api/structure-sets/{ids['set_id']}/submit"): {"comment": "a\0b"},
        ("POST", f"{project}/deployments/rollback"): {"network": "a\0b"},
        ("POST", f"{project}/deployments"): {"version_id": "a\0b"},
        ("PATCH", f"/api/studies/{ids['study_id']}"): {"assignee_id": "a\0b"},
    }  # fmt: skip
    for (method, path), body in bodies.items():
        answer = client.request(method, path, json=body, headers=headers)
        assert answer.status_code < 500, (path, answer.text)
