"""Making an installation ready: tables, default project, first administrator, shipped networks, a patient.

Every step looks first and does only what is missing, so a second start is quick.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from backend.config import get_settings
from backend.kit.db import engine, session_scope
from backend.kit.errors import Conflict, Unavailable

FIRST_ADMINISTRATOR = "admin"
"""User name of the person who can add all others."""

Say = Callable[[str], None]


def prepare(say: Say) -> None:
    """Everything that a server needs before it starts; `say` tells the person at the terminal."""
    migrate(say)
    _first_administrator(say)
    _shipped_networks()


def migrate(say: Say) -> None:
    """Bring the database to this code's tables and make the default project."""
    from backend.kit import migrations
    from backend.projects.service import default_project

    if not migrations.is_current(engine()):
        say("Preparing the database …")
        migrations.upgrade(engine())
    with session_scope() as session:
        default_project(session)


def refuse_unprepared() -> None:
    """Refuse to work on a database that is away or not of this version."""
    from sqlalchemy.exc import OperationalError

    from backend.kit.migrations import is_current

    try:
        current = is_current(engine())
    except OperationalError as away:
        raise Unavailable("the database does not answer (RINKAKU_DATABASE_URL)") from away
    if not current:
        raise Conflict("the database is not of this version: run `rinkaku migrate` (RINKAKU_DATABASE_URL)")


def _first_administrator(say: Say) -> None:
    from backend.accounts.schemas import UserIn
    from backend.accounts.service import create_user, first_administrator
    from backend.projects.service import join_default_project

    with session_scope(read_only=True) as session:
        if first_administrator(session) is not None:
            return
    given = get_settings().admin_password
    password = given.get_secret_value() if given else secrets.token_urlsafe(12)
    try:
        new = UserIn(
            username=FIRST_ADMINISTRATOR,
            display_name="Administrator",
            password=password,
            is_administrator=True,
        )
    except ValidationError as invalid:
        raise Conflict(f"RINKAKU_ADMIN_PASSWORD: {invalid.errors()[0]['msg']}") from None
    with session_scope() as session:
        join_default_project(session, create_user(session, None, new).id)
    say(f"First administrator: {FIRST_ADMINISTRATOR}")
    say("Password: the one in RINKAKU_ADMIN_PASSWORD" if given else f"Password (shown only now): {password}")


def _shipped_networks() -> None:
    from backend.training.networks import register_shipped

    with session_scope() as session:
        register_shipped(session)


def demonstration_patient(say: Say) -> None:
    """Import a generated patient when nothing was ever imported."""
    from sqlalchemy import select

    from backend.projects.service import default_project
    from backend.studies.imports import import_path
    from backend.studies.tables import Study

    with session_scope(read_only=True) as session:
        if session.scalar(select(Study.id).limit(1)) is not None:
            return
        project = default_project(session)
    from rt.dicom.outgoing import write_bytes
    from rt.phantom import phantom_dicom

    say("Making a demonstration patient …")
    with tempfile.TemporaryDirectory(dir=get_settings().data) as folder:
        for number, dataset in enumerate(phantom_dicom()):
            (Path(folder) / f"{number:04d}.dcm").write_bytes(write_bytes(dataset))
        import_path(project.id, None, Path(folder))
