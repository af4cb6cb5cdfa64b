"""AE titles and peers, by the API and by the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.cli import main
from backend.kit import db
from backend.projects.tables import Project
from tests.backend.dimse.conftest import dcmtk

Login = Callable[..., dict[str, str]]


def test_a_title_is_given_changed_listed_and_taken_away(client, project, login):
    headers, titles = login("administrator"), f"/api/projects/{project.id}/dicom/titles"
    callers = [{"title": "PACS", "address": None}, {"title": None, "address": "10.1.2.3"}]
    put = client.put(f"{titles}/CONTOURS", json={"callers": callers}, headers=headers)
    assert put.status_code == 200
    changed = client.put(
        f"{titles}/CONTOURS", json={"callers": callers, "allow_query": True}, headers=headers
    ).json()
    callers[1]["address"] = "10.1.2.3/32"
    assert changed == {"title": "CONTOURS", "callers": callers, "allow_query": True}
    assert client.get(titles, headers=headers).json() == {"items": [changed]}
    assert client.delete(f"{titles}/CONTOURS", headers=headers).status_code == 204
    assert client.get(titles, headers=headers).json() == {"items": []}
    assert client.delete(f"{titles}/CONTOURS", headers=headers).status_code == 404
    with db.session_scope(read_only=True) as session:
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "dicom-title")).all()
    assert acts == ["dimse.title.set", "dimse.title.set", "dimse.title.removed"]


def test_titles_do_not_differ_only_in_case(client, project, login):
    headers, path = login(), f"/api/projects/{project.id}/dicom/titles"
    assert client.put(f"{path}/CONTOURS", json={}, headers=headers).status_code == 200
    refused = client.put(f"{path}/contours", json={}, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/dicom-title-taken")


def test_a_title_leads_to_one_project_only(client, project, actor, login):
    with db.session_scope() as session:
        other = Project(slug="other", name="Other", rules=[], template=[])
        session.add(other)
    here, there = login("administrator"), login(actor("administrator", in_=other))
    assert client.put(f"/api/projects/{project.id}/dicom/titles/A", json={}, headers=here).status_code == 200
    taken = client.put(f"/api/projects/{other.id}/dicom/titles/A", json={}, headers=there)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/dicom-title-taken")
    assert client.delete(f"/api/projects/{other.id}/dicom/titles/A", headers=there).status_code == 404


def test_queries_are_answered_only_to_callers_that_are_named(client, project, login):
    path = f"/api/projects/{project.id}/dicom/titles/CONTOURS"
    refused = client.put(path, json={"allow_query": True}, headers=login("administrator"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/dicom-callers-missing")


@pytest.mark.parametrize(
    "body",
    [{"callers": [{}]}, {"callers": [{"address": "not an address"}]}, {"callers": [{"title": "A\\B"}]}],
)
def test_callers_that_cannot_be_are_refused(client, project, login, body):
    path = f"/api/projects/{project.id}/dicom/titles/CONTOURS"
    assert client.put(path, json=body, headers=login("administrator")).status_code == 422


@pytest.mark.parametrize("title", ["SEVENTEEN-LETTERS", "BACK\\SLASH", "%20EDGE", "輪郭"])
def test_titles_that_dicom_does_not_know_are_refused(client, project, login, title):
    path = f"/api/projects/{project.id}/dicom/titles/{title}"
    assert client.put(path, json={}, headers=login("administrator")).status_code == 422


def test_a_peer_is_named_moved_listed_and_forgotten(client, project, login):
    headers, peers = login("administrator"), f"/api/projects/{project.id}/dicom/peers"
    for port in (104, 11112):
        body = {"host": "pacs.example", "port": port}
        assert client.put(f"{peers}/PACS", json=body, headers=headers).status_code == 200
    listed = {"title": "PACS", "host": "pacs.example", "port": 11112, "commitment": False, "tls": False}
    assert client.get(peers, headers=login("clinician")).json() == {"items": [listed]}
    assert client.delete(f"{peers}/PACS", headers=headers).status_code == 204
    assert client.delete(f"{peers}/PACS", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "body", [{"host": "a b", "port": 1}, {"host": "a", "port": 0}, {"host": "http://a", "port": 1}]
)
def test_peers_that_cannot_be_reached_are_refused(client, project, login, body):
    path = f"/api/projects/{project.id}/dicom/peers/PACS"
    assert client.put(path, json=body, headers=login("administrator")).status_code == 422


def test_the_command_line_manages_titles_and_peers(project, capsys):
    assert (
        main(["dicom", "title", "CONTOURS", "--caller", "PACS@10.0.0.0/8", "--caller", "TPS", "--query"]) == 0
    )
    assert main(["dicom", "title", "INBOX", "--project", "default"]) == 0
    assert main(["dicom", "peer", "PACS", "pacs.example", "104"]) == 0
    assert main(["dicom", "peer", "TPS", "tps.clinic.example", "2762", "--tls"]) == 0
    assert main(["dicom", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "title\tCONTOURS\tdefault\tstore+query\tPACS@10.0.0.0/8,TPS",
        "title\tINBOX\tdefault\tstore\tanybody",
        "peer\tPACS\tdefault\tpacs.example:104",
        "peer\tTPS\tdefault\ttps.clinic.example:2762\ttls",
    ]
    assert main(["dicom", "remove", "INBOX"]) == 0
    assert main(["dicom", "remove", "--peer", "PACS"]) == 0
    assert main(["dicom", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["dicom", "remove", "INBOX"]) == 1
    assert "no such AE title" in capsys.readouterr().err
    assert main(["dicom", "title", "BACK\\SLASH"]) == 2


def test_rinkaku_dicom_listens_until_it_is_told_to_stop(project):
    assert main(["dicom", "title", "CONTOURS"]) == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "backend.cli", "dicom"]
    process = subprocess.Popen(command, env=os.environ | {"RINKAKU_DICOM_PORT": port})
    try:
        until = time.monotonic() + 120
        while dcmtk("echoscu", "-aec", "CONTOURS", "127.0.0.1", port).returncode != 0:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        second = subprocess.run(
            command,
            env=os.environ | {"RINKAKU_DICOM_PORT": port},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (second.returncode, "RINKAKU_DICOM_PORT" in second.stderr) == (1, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
