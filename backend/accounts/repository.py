"""Rows of people, sessions, tokens and wrong passwords."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.accounts.tables import ApiToken, LoginFailure, LoginSession, User


def user(session: Session, user_id: str) -> User | None:
    """A person by id."""
    return session.get(User, user_id)


def user_named(session: Session, username: str) -> User | None:
    """A person by user name."""
    return session.scalar(select(User).where(User.username == username))


def users_after(session: Session, username: str | None, limit: int) -> Sequence[User]:
    """People in order of user name."""
    statement = select(User).order_by(User.username).limit(limit)
    if username is not None:
        statement = statement.where(User.username > username)
    return session.scalars(statement).all()


def users_by_id(session: Session, ids: Sequence[str]) -> Sequence[User]:
    """The people with these ids, in no order."""
    return session.scalars(select(User).where(User.id.in_(ids))).all()


def active_administrators(session: Session, *, lock: bool = False) -> Sequence[User]:
    """Who administers the installation, oldest first; lock them so that two cannot resign at once."""
    statement = select(User).where(User.is_administrator, User.active).order_by(User.created_at, User.id)
    return session.scalars(statement.with_for_update() if lock else statement).all()


def add(session: Session, row: User | LoginSession | ApiToken | LoginFailure) -> None:
    """Store a new row."""
    session.add(row)
    session.flush()


def session_with_user(session: Session, digest: str) -> tuple[LoginSession, User] | None:
    """A browser's session and whose it is."""
    statement = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    row = session.execute(statement.where(LoginSession.digest == digest)).one_or_none()
    return None if row is None else (row[0], row[1])


def touch_session(session: Session, digest: str, at: datetime) -> None:
    """Note that a session was used."""
    session.execute(update(LoginSession).where(LoginSession.digest == digest).values(seen_at=at))


def end_session(session: Session, digest: str) -> None:
    """Forget a session."""
    session.execute(delete(LoginSession).where(LoginSession.digest == digest))


def end_sessions(session: Session, user_id: str) -> None:
    """Forget all sessions of a person."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def end_expired_sessions(session: Session, at: datetime) -> None:
    """Forget sessions past their absolute end."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at < at))


def token_with_user(session: Session, digest: str) -> tuple[ApiToken, User] | None:
    """A token and whose it is."""
    statement = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
    row = session.execute(statement.where(ApiToken.digest == digest)).one_or_none()
    return None if row is None else (row[0], row[1])


def touch_token(session: Session, token_id: str, at: datetime) -> None:
    """Note that a token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=at))


def token(session: Session, token_id: str) -> ApiToken | None:
    """A token by id."""
    return session.get(ApiToken, token_id)


def tokens_after(session: Session, user_id: str, after: str | None, limit: int) -> Sequence[ApiToken]:
    """A person's tokens that still stand, oldest first."""
    statement = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    if after is not None:
        statement = statement.where(ApiToken.id > after)
    return session.scalars(statement.order_by(ApiToken.id).limit(limit)).all()


def revoke_tokens(session: Session, user_id: str, at: datetime) -> None:
    """End all of a person's tokens."""
    standing = (ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    session.execute(update(ApiToken).where(*standing).values(revoked_at=at))


def failures(session: Session, username: str, since: datetime) -> Sequence[datetime]:
    """When wrong passwords came for a user name, oldest first."""
    statement = select(LoginFailure.at).where(LoginFailure.username == username, LoginFailure.at > since)
    return session.scalars(statement.order_by(LoginFailure.at)).all()


def failures_from(session: Session, address: str, since: datetime) -> int:
    """How many wrong passwords came from an address."""
    statement = select(func.count()).select_from(LoginFailure)
    return session.scalar(statement.where(LoginFailure.address == address, LoginFailure.at > since)) or 0


def forget_failures(session: Session, username: str) -> None:
    """Someone logged in: the count starts again."""
    session.execute(delete(LoginFailure).where(LoginFailure.username == username))


def forget_failures_before(session: Session, before: datetime) -> None:
    """Old rows count for nothing."""
    session.execute(delete(LoginFailure).where(LoginFailure.at < before))
