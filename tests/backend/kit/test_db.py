"""Transactions: one commit before the answer, readers that cannot write, writers that wait for each other."""

from __future__ import annotations

import threading

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from backend.accounts.tables import LoginFailure
from backend.kit import db, problems
from backend.kit.edge import Edge
from backend.kit.web import SessionDep


def count(session) -> int:
    return int(session.scalar(text("SELECT count(*) FROM login_failures")) or 0)


def failure() -> LoginFailure:
    return LoginFailure(username="ada", address="here")


def test_error_rolls_back(database):
    with pytest.raises(RuntimeError), db.session_scope() as session:
        session.add(failure())
        session.flush()
        raise RuntimeError
    with db.session_scope(read_only=True) as session:
        assert count(session) == 0


def test_reader_cannot_write(database):
    with pytest.raises(DBAPIError), db.session_scope(read_only=True) as session:
        session.add(failure())


def test_writer_after_a_reader_on_the_same_connection_can_write(database):
    for _ in range(3):
        with db.session_scope(read_only=True) as session:
            before = count(session)
        with db.session_scope() as session:
            session.add(failure())
        with db.session_scope(read_only=True) as session:
            assert count(session) == before + 1


def test_many_threads_read_and_write_without_a_locked_database(database):
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                with db.session_scope(read_only=True) as session:
                    count(session)
                with db.session_scope() as session:
                    count(session)  # a read first: a deferred transaction would fail to upgrade here
                    session.add(failure())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with db.session_scope(read_only=True) as session:
        assert count(session) == 80


def app_that_writes() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Edge, secure=False)
    problems.install(app)

    @app.post("/failures", status_code=201)
    def add(session: SessionDep) -> dict[str, str]:
        session.add(failure())
        return {"said": "created"}

    @app.get("/failures")
    def add_by_get(session: SessionDep) -> None:
        session.add(failure())

    return app


def test_failing_commit_is_never_answered_with_success(database):
    def fail(_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("the database went away"))

    with TestClient(app_that_writes(), raise_server_exceptions=False) as client:
        event.listen(db.engine(), "commit", fail)
        try:
            answer = client.post("/failures")
        finally:
            event.remove(db.engine(), "commit", fail)
        assert answer.status_code == 503
        assert "went away" not in answer.text
        assert client.post("/failures").status_code == 201
    with db.session_scope(read_only=True) as session:
        assert count(session) == 1


def test_get_that_writes_is_refused_by_the_database(database):
    with TestClient(app_that_writes(), raise_server_exceptions=False) as client:
        assert client.get("/failures").status_code >= 500
    with db.session_scope(read_only=True) as session:
        assert count(session) == 0


def test_lower_knows_letters_beyond_ascii(database):
    with db.session_scope(read_only=True) as session:
        assert session.execute(text("SELECT lower('MÜLLER'), lower(NULL)")).one() == ("müller", None)
