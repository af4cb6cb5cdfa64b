"""Who someone is: logins, sessions, tokens and people.

`login` and the two `actor_of_*` functions open short transactions of their own, so that a wrong password is
counted although its request fails, and Argon2 never runs while the database is locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from backend.accounts import passwords, repository
from backend.accounts.actor import Actor as Actor
from backend.accounts.errors import LastAdministrator, UsernameTaken, WrongPassword
from backend.accounts.schemas import PasswordChange, TokenIn, UserIn, UserPatch
from backend.accounts.tables import ApiToken, LoginFailure, LoginSession, User
from backend.audit.service import record
from backend.config import get_settings
from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.kit.errors import Forbidden, NotAuthenticated, NotFound, TooManyRequests

FAILURES_PER_ACCOUNT = 10
"""Wrong passwords for one user name within the window (OWASP ASVS 6.3.1)."""
FAILURES_PER_ADDRESS = 100
"""Wrong passwords from one address within the window."""
FAILURE_WINDOW = timedelta(minutes=10)
TOUCH_AFTER = timedelta(minutes=1)
"""How stale `seen_at` and `last_used_at` may be; spares a write per request."""
WRONG = "the user name or the password is wrong"


@dataclass(frozen=True)
class Login:
    """A login attempt and where it came from."""

    username: str
    password: str
    address: str
    user_agent: str


def _actor(user: User, via: Literal["session", "token"]) -> Actor:
    return Actor(user.id, user.username, user.display_name, user.is_administrator, via)


def login(attempt: Login) -> tuple[User, str]:
    """The person and the secret of a new session.

    Raises
    ------
    NotAuthenticated
        Wrong user name or password, or a deactivated person: always the same words.
    TooManyRequests
        After `FAILURES_PER_ACCOUNT` wrong ones.
    """
    username = attempt.username.strip().lower()[:64]
    with session_scope() as session:
        wait_s = _count_attempt(session, username, attempt.address)
        known = repository.user_named(session, username)
    if wait_s is not None:
        raise TooManyRequests("too many wrong passwords; wait and try again", retry_after=wait_s)
    valid = passwords.verify_password(attempt.password, known.password_hash if known else None)
    if known is None or not valid:
        raise NotAuthenticated(WRONG)
    with session_scope() as session:
        user = repository.user(session, known.id)
        if user is None or not user.active or user.password_hash != known.password_hash:
            raise NotAuthenticated(WRONG)
        repository.forget_failures(session, username)
        secret = _start_session(session, user, attempt.user_agent)
        record(session, user.id, "accounts.session.started", "user", user.id)
    return user, secret


def _count_attempt(session: Session, username: str, address: str) -> int | None:
    """Count an attempt as failed until it proves right; seconds to wait when there were too many."""
    at = now()
    since = at - FAILURE_WINDOW
    repository.forget_failures_before(session, since)
    earlier = repository.failures(session, username, since)
    if len(earlier) >= FAILURES_PER_ACCOUNT:
        return max(1, int((earlier[-FAILURES_PER_ACCOUNT] + FAILURE_WINDOW - at).total_seconds()) + 1)
    if repository.failures_from(session, address, since) >= FAILURES_PER_ADDRESS:
        return int(FAILURE_WINDOW.total_seconds())
    repository.add(session, LoginFailure(username=username, address=address[:64], at=at))
    return None


def _start_session(session: Session, user: User, user_agent: str) -> str:
    at = now()
    repository.end_expired_sessions(session, at)
    secret = passwords.new_secret()
    row = LoginSession(
        digest=passwords.digest(secret),
        user_id=user.id,
        user_agent=user_agent[:255],
        created_at=at,
        seen_at=at,
        expires_at=at + timedelta(hours=get_settings().session_hours),
    )
    repository.add(session, row)
    return secret


def actor_of_cookie(secret: str, *, touch: bool = True) -> Actor:
    """Whose browser session this is; looking without `touch` does not count as being active.

    Raises
    ------
    NotAuthenticated
        Unknown, ended, idle too long, past its end, or the person was deactivated.
    """
    at, digest = now(), passwords.digest(secret)
    with session_scope(read_only=True) as session:
        found = repository.session_with_user(session, digest)
    if found is None:
        raise NotAuthenticated("your session has ended")
    row, user = found
    idle = at - row.seen_at
    if (
        not user.active
        or row.expires_at <= at
        or idle >= timedelta(minutes=get_settings().session_idle_minutes)
    ):
        raise NotAuthenticated("your session has ended")
    if touch and idle >= TOUCH_AFTER:
        with session_scope() as session:
            repository.touch_session(session, digest, at)
    return _actor(user, "session")


def actor_of_token(secret: str) -> Actor:
    """Whose token this is.

    Raises
    ------
    NotAuthenticated
        Unknown, revoked, expired, or the person was deactivated.
    """
    at = now()
    with session_scope(read_only=True) as session:
        found = repository.token_with_user(session, passwords.digest(secret))
    if found is None:
        raise NotAuthenticated("the token is not valid")
    token, user = found
    expired = token.expires_at is not None and token.expires_at <= at
    if not user.active or expired or token.revoked_at is not None:
        raise NotAuthenticated("the token is not valid")
    if token.last_used_at is None or at - token.last_used_at >= TOUCH_AFTER:
        with session_scope() as session:
            repository.touch_token(session, token.id, at)
    return replace(_actor(user, "token"), token_id=token.id)


def logout(session: Session, actor: Actor, secret: str) -> None:
    """End this browser's session."""
    repository.end_session(session, passwords.digest(secret))
    record(session, actor.user_id, "accounts.session.ended", "user", actor.user_id)


def change_password(session: Session, actor: Actor, change: PasswordChange) -> None:
    """Set one's own password; every session ends, this one too."""
    user = get_user(session, actor.user_id)
    if not passwords.verify_password(change.current, user.password_hash):
        raise WrongPassword("the present password is wrong")
    user.password_hash = passwords.hash_password(change.new)
    repository.end_sessions(session, user.id)
    record(session, actor.user_id, "accounts.password.changed", "user", user.id)


def get_user(session: Session, user_id: str) -> User:
    """A person."""
    user = repository.user(session, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


def users_by_id(session: Session, ids: Sequence[str]) -> dict[str, User]:
    """People by id, for lists that show who did something."""
    return {user.id: user for user in repository.users_by_id(session, ids)}


def user_named(session: Session, username: str) -> User:
    """A person by user name."""
    user = repository.user_named(session, username.strip().lower())
    if user is None:
        raise NotFound(f"there is no user {username}")
    return user


def first_administrator(session: Session) -> User | None:
    """The oldest active administrator of the installation."""
    found = repository.active_administrators(session)
    return found[0] if found else None


def list_users(session: Session, after: str | None, limit: int) -> Sequence[User]:
    """People in order of user name."""
    return repository.users_after(session, after, limit)


def require_administrator(actor: Actor) -> None:
    """Refuse everyone but administrators of the installation."""
    if not actor.is_administrator:
        raise Forbidden("only an administrator of the installation may do this")


def create_user(session: Session, actor: Actor | None, new: UserIn) -> User:
    """Add a person; `actor` is None when the command line does."""
    if repository.user_named(session, new.username) is not None:
        raise UsernameTaken("this user name is taken", field="username")
    user = User(
        username=new.username,
        display_name=new.display_name,
        password_hash=passwords.hash_password(new.password),
        is_administrator=new.is_administrator,
    )
    repository.add(session, user)
    by = actor.user_id if actor else None
    changes = {"is_administrator": new.is_administrator}
    record(session, by, "accounts.user.created", "user", user.id, changes=changes)
    return user


def update_user(session: Session, actor: Actor, user_id: str, patch: UserPatch) -> User:
    """Change a person; the last active administrator stays one.

    Who gets another password or is shut out loses every session and token.
    """
    user = get_user(session, user_id)
    resigns = patch.is_administrator is False or patch.active is False
    if resigns and [row.id for row in repository.active_administrators(session, lock=True)] == [user.id]:
        raise LastAdministrator("at least one active administrator must remain")
    for field in ("display_name", "is_administrator", "active"):
        value = getattr(patch, field)
        if value is not None:
            setattr(user, field, value)
    if patch.password is not None:
        user.password_hash = passwords.hash_password(patch.password)
    if patch.password is not None or patch.active is False:
        repository.end_sessions(session, user.id)
        repository.revoke_tokens(session, user.id, now())
    changes = {"fields": sorted(patch.model_fields_set)}
    record(session, actor.user_id, "accounts.user.changed", "user", user.id, changes=changes)
    return user


def create_token(session: Session, user_id: str, new: TokenIn) -> tuple[ApiToken, str]:
    """A token and its secret, which cannot be shown again."""
    secret = passwords.TOKEN_PREFIX + passwords.new_secret()
    expires: datetime | None = None
    if new.expires_in_days is not None:
        expires = now() + timedelta(days=new.expires_in_days)
    row = ApiToken(user_id=user_id, name=new.name, digest=passwords.digest(secret), expires_at=expires)
    repository.add(session, row)
    record(session, user_id, "accounts.token.created", "token", row.id)
    return row, secret


def list_tokens(session: Session, actor: Actor, after: str | None, limit: int) -> Sequence[ApiToken]:
    """One's own tokens that still stand."""
    return repository.tokens_after(session, actor.user_id, after, limit)


def revoke_token(session: Session, actor: Actor, token_id: str) -> None:
    """End one of one's own tokens."""
    token = repository.token(session, token_id)
    if token is None or token.user_id != actor.user_id or token.revoked_at is not None:
        raise NotFound("there is no such token")
    token.revoked_at = now()
    record(session, actor.user_id, "accounts.token.revoked", "token", token.id)
