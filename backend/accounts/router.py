"""Sessions, passwords, tokens and people; logging in is in backend/admin, as its answer spans features."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, status

from backend.accounts import service
from backend.accounts.deps import ActorDep, AdministratorDep, cookie_name
from backend.accounts.schemas import NewToken, PasswordChange, TokenIn, TokenOut, UserIn, UserOut, UserPatch
from backend.config import get_settings
from backend.kit.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from backend.kit.web import CursorParam, LimitParam, Page, SessionDep, problems

router = APIRouter(prefix="/api", tags=["accounts"])


def forget_cookie(response: Response) -> None:
    """Tell the browser to drop the session cookie."""
    secure = get_settings().secure_cookies
    response.delete_cookie(cookie_name(), path="/", secure=secure, httponly=True, samesite="lax")


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT)
def log_out(request: Request, response: Response, session: SessionDep, actor: ActorDep) -> None:
    """End this browser's session."""
    service.logout(session, actor, request.cookies.get(cookie_name(), ""))
    forget_cookie(response)


@router.post("/session/password", status_code=status.HTTP_204_NO_CONTENT)
def change_password(body: PasswordChange, response: Response, session: SessionDep, actor: ActorDep) -> None:
    """Set one's own password; every session ends."""
    service.change_password(session, actor, body)
    forget_cookie(response)


@router.get("/tokens")
def list_tokens(
    session: SessionDep, actor: ActorDep, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
) -> Page[TokenOut]:
    """One's own tokens."""
    after = str(decode_cursor(cursor, (str,))[0]) if cursor else None
    rows = service.list_tokens(session, actor, after, limit)
    following = encode_cursor(rows[-1].id) if len(rows) == limit else None
    return Page(items=[TokenOut.model_validate(row) for row in rows], next_cursor=following)


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def create_token(body: TokenIn, session: SessionDep, actor: ActorDep) -> NewToken:
    """A token for scripts; its secret is in this answer and never again."""
    row, secret = service.create_token(session, actor.user_id, body)
    return NewToken(**TokenOut.model_validate(row).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404))
def revoke_token(token_id: str, session: SessionDep, actor: ActorDep) -> None:
    """End a token."""
    service.revoke_token(session, actor, token_id)


@router.get("/users")
def list_users(
    session: SessionDep,
    actor: AdministratorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[UserOut]:
    """People of the installation."""
    after = str(decode_cursor(cursor, (str,))[0]) if cursor else None
    rows = service.list_users(session, after, limit)
    following = encode_cursor(rows[-1].username) if len(rows) == limit else None
    return Page(items=[UserOut.model_validate(row) for row in rows], next_cursor=following)


@router.post("/users", status_code=status.HTTP_201_CREATED, responses=problems(409))
def create_user(body: UserIn, session: SessionDep, actor: AdministratorDep) -> UserOut:
    """Add a person."""
    return UserOut.model_validate(service.create_user(session, actor, body))


@router.patch("/users/{user_id}", responses=problems(404, 409))
def update_user(user_id: str, body: UserPatch, session: SessionDep, actor: AdministratorDep) -> UserOut:
    """Change a person."""
    return UserOut.model_validate(service.update_user(session, actor, user_id, body))
