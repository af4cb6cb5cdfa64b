"""Rows of projects and members."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backend.accounts.tables import User
from backend.projects.tables import Member, Project, Role


def default(session: Session) -> Project | None:
    """The project that takes what names none."""
    return session.scalar(select(Project).where(Project.is_default))


def by_slug(session: Session, slug: str) -> Project | None:
    """A project by slug."""
    return session.scalar(select(Project).where(Project.slug == slug))


def with_role(session: Session, project_id: str, user_id: str) -> tuple[Project, str] | None:
    """A project and the role that a user has in it; None when not a member."""
    statement = select(Project, Member.role).join(Member, Member.project_id == Project.id)
    row = session.execute(statement.where(Project.id == project_id, Member.user_id == user_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def of_user(
    session: Session, user_id: str, after: str | None = None, limit: int | None = None
) -> list[tuple[Project, str]]:
    """A user's projects with the role in each, oldest first."""
    statement = select(Project, Member.role).join(Member, Member.project_id == Project.id)
    statement = statement.where(Member.user_id == user_id).order_by(Project.id).limit(limit)
    if after is not None:
        statement = statement.where(Project.id > after)
    return [(project, role) for project, role in session.execute(statement)]


def add(session: Session, row: Project | Member) -> None:
    """Store a new row."""
    session.add(row)
    session.flush()


def remove(session: Session, member: Member) -> None:
    """Take a member out."""
    session.delete(member)
    session.flush()


def member(session: Session, project_id: str, user_id: str) -> Member | None:
    """A user's membership."""
    return session.get(Member, (project_id, user_id))


def members(session: Session, project_id: str) -> list[tuple[Member, User]]:
    """Members in order of user name."""
    statement = select(Member, User).join(User, User.id == Member.user_id)
    rows = session.execute(statement.where(Member.project_id == project_id).order_by(User.username))
    return [(member, user) for member, user in rows]


def candidates(
    session: Session, project_id: str, search: str, after: str | None, limit: int
) -> Sequence[User]:
    """Active people who are no members, whose names hold every word of the search, by user name."""
    members = select(Member.user_id).where(Member.project_id == project_id)
    statement = select(User).where(User.active, User.id.not_in(members))
    for word in search.lower().split():
        names = (User.username, User.display_name)
        statement = statement.where(
            or_(*(func.lower(name).contains(word, autoescape=True) for name in names))
        )
    if after is not None:
        statement = statement.where(User.username > after)
    return session.scalars(statement.order_by(User.username).limit(limit)).all()


def administrators(session: Session, project_id: str) -> Sequence[Member]:
    """Administrators of a project; locked, so that two cannot resign at once."""
    statement = select(Member).where(Member.project_id == project_id, Member.role == Role.ADMINISTRATOR)
    return session.scalars(statement.order_by(Member.user_id).with_for_update()).all()
