"""The command line, run as commands: what it prints, and what it refuses with one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.cli import main
from backend.kit import db
from backend.studies.tables import Instance
from tests.factories.dicom import encode, make_ct_series


@pytest.fixture
def ct(tmp_path) -> Path:
    """A folder with the four slices of a CT."""
    folder = tmp_path / "ct"
    folder.mkdir()
    for number, dataset in enumerate(make_ct_series((4, 8, 8))):
        (folder / f"{number}.dcm").write_bytes(encode(dataset))
    return folder


def test_token_create_prints_the_token_and_nothing_else(client, actor, capsys):
    person = actor("annotator")
    assert main(["token", "create", "--user", person.username, "--days", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    token = printed.out.removesuffix("\n")
    assert token.startswith("rnk_")
    assert token.split() == [token]
    me = client.get("/api/session", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["user"]["id"] == person.user_id


def test_token_create_without_any_administrator_says_what_to_do(database, capsys):
    assert main(["token", "create"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "rinkaku migrate" in printed.err


def test_import_takes_a_folder_and_again_changes_nothing(project, ct, capsys):
    assert main(["import", str(ct)]) == 0
    assert capsys.readouterr().out.endswith("4 stored, 0 known already, 0 refused\n")
    assert main(["import", str(ct)]) == 0
    assert capsys.readouterr().out.endswith("0 stored, 4 known already, 0 refused\n")
    with db.session_scope(read_only=True) as session:
        assert len(session.scalars(select(Instance.id)).all()) == 4


def test_import_names_what_it_refuses_and_keeps_the_rest(project, ct, capsys):
    (ct / "notes.txt").write_text("no DICOM")
    assert main(["import", str(ct)]) == 1
    printed = capsys.readouterr()
    assert printed.out.endswith("4 stored, 0 known already, 1 refused\n")
    assert "notes.txt: " in printed.err


def test_import_of_nothing_and_into_no_project_are_refused(project, ct, tmp_path, capsys):
    assert main(["import", str(tmp_path / "absent")]) == 1
    assert main(["import", str(ct), "--project", "no-such"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2
    assert all(line.startswith("rinkaku: ") for line in complaints)


def test_user_create_draws_a_password_that_logs_in(client, project, capsys):
    assert main(["user", "create", "grace", "--draw"]) == 0
    password = capsys.readouterr().out.rpartition(" ")[2].strip()
    answer = client.post("/api/session", json={"username": "grace", "password": password})
    assert answer.json()["user"]["username"] == "grace"


def test_serve_refuses_a_database_of_another_version_with_one_line(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RINKAKU_")}
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", "serve"],
        env=environment | {"RINKAKU_DATA": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "rinkaku migrate" in done.stderr


def test_a_wrong_setting_is_named(tmp_path, monkeypatch, capsys):
    from tests.conftest import forget_caches

    monkeypatch.setenv("RINKAKU_PUBLIC_URL", "http://hospital.example")
    monkeypatch.setenv("RINKAKU_DATA", str(tmp_path))
    forget_caches()
    assert main(["token", "create"]) == 2
    assert capsys.readouterr().err.startswith("rinkaku: RINKAKU_PUBLIC_URL: ")
    monkeypatch.undo()
    forget_caches()
