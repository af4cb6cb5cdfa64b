"""What spans features: logging in (its answer names the projects) and reading the audit trail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from backend.accounts import service as accounts
from backend.accounts.deps import ActorDep, BrowserDep, cookie_name, refuse_foreign_site
from backend.accounts.schemas import Credentials, UserOut
from backend.accounts.service import Login
from backend.admin import service
from backend.admin.schemas import AuditOut, AuditQuery, Me, SessionStatus
from backend.config import get_settings
from backend.kit.db import session_scope
from backend.kit.pagination import decode_cursor, encode_cursor
from backend.kit.web import Page, SessionDep, client_address, problems
from backend.projects import service as projects
from backend.projects.schemas import ProjectBrief
from backend.version import VERSION

router = APIRouter(prefix="/api", tags=["admin"])


def _me(session: Session, user_id: str) -> Me:
    briefs = [
        ProjectBrief.model_validate({"id": row.id, "name": row.name, "slug": row.slug, "role": role})
        for row, role in projects.projects_of(session, user_id)
    ]
    user = UserOut.model_validate(accounts.get_user(session, user_id))
    return Me(user=user, projects=briefs, version=VERSION)


@router.post("/session", responses=problems(401, 403, 429))
def log_in(body: Credentials, request: Request, response: Response) -> Me:
    """Begin a session: sets the cookie."""
    refuse_foreign_site(request)
    agent = request.headers.get("user-agent", "")
    user, secret = accounts.login(Login(body.username, body.password, client_address(request), agent))
    settings = get_settings()
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    with session_scope(read_only=True) as session:
        return _me(session, user.id)


@router.get("/session")
def get_me(session: SessionDep, actor: ActorDep) -> Me:
    """Who is logged in."""
    return _me(session, actor.user_id)


@router.get("/session/status")
def session_status(session: SessionDep, actor: BrowserDep) -> SessionStatus:
    """Whether somebody is logged in at this browser: what a page asks first, so that nobody is no error."""
    return SessionStatus(me=_me(session, actor.user_id) if actor else None)


@router.get("/audit", responses=problems(404))
def list_audit(session: SessionDep, actor: ActorDep, query: Annotated[AuditQuery, Query()]) -> Page[AuditOut]:
    """Acts, newest first: of a project for its administrators, of the installation for its own."""
    before = int(decode_cursor(query.cursor, (int,))[0]) if query.cursor else None
    items = service.read_audit(session, actor, query, before)
    following = encode_cursor(items[-1].number) if len(items) == query.limit else None
    return Page(items=items, next_cursor=following)
