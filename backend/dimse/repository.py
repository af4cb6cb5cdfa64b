"""Queries over titles and peers; opened by `dimse.service` only."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.dimse.tables import DicomPeer, DicomTitle


def title(session: Session, title: str) -> DicomTitle | None:
    """An AE title, spelled exactly so."""
    return session.scalars(select(DicomTitle).where(DicomTitle.title == title)).one_or_none()


def differs_in_case(session: Session, title: str) -> bool:
    """Whether there is an AE title that a person would take for this one."""
    alike = select(DicomTitle.id).where(func.lower(DicomTitle.title) == title.lower())
    return session.scalar(alike.where(DicomTitle.title != title).limit(1)) is not None


def titles(session: Session, project_id: str | None) -> Sequence[DicomTitle]:
    """AE titles of a project, or all, in alphabetical order."""
    statement = select(DicomTitle).order_by(DicomTitle.title)
    if project_id is not None:
        statement = statement.where(DicomTitle.project_id == project_id)
    return session.scalars(statement).all()


def peer(session: Session, project_id: str, title: str) -> DicomPeer | None:
    """A project's peer by its AE title."""
    statement = select(DicomPeer).where(DicomPeer.project_id == project_id, DicomPeer.title == title)
    return session.scalars(statement).one_or_none()


def peers(session: Session, project_id: str | None) -> Sequence[DicomPeer]:
    """Peers of a project, or all, in alphabetical order."""
    statement = select(DicomPeer).order_by(DicomPeer.title, DicomPeer.id)
    if project_id is not None:
        statement = statement.where(DicomPeer.project_id == project_id)
    return session.scalars(statement).all()
