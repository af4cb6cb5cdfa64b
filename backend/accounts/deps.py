"""Who is asking, from the session cookie or a bearer token; unsafe requests with the cookie must be our own.

Three checks against forged requests (CSRF): the cookie is SameSite=Lax, the Sec-Fetch-Site or Origin of the
browser must name this site, and `X-Requested-With: rinkaku` must be there, which no foreign form can send.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from backend.accounts import service
from backend.accounts.actor import Actor
from backend.config import get_settings
from backend.kit.errors import Forbidden, NotAuthenticated
from backend.kit.web import SAFE_METHODS

__all__ = [
    "Actor", "ActorDep", "AdministratorDep", "BrowserDep", "cookie_name", "current_actor",
    "refuse_foreign_site",
]  # fmt: skip

PLAIN_COOKIE = "rinkaku"
SECURE_COOKIE = "__Host-rinkaku"
"""The prefix makes browsers refuse it without Secure, with a Domain or another path (RFC 6265bis)."""

_cookie = APIKeyCookie(name=PLAIN_COOKIE, scheme_name="session", auto_error=False)
_bearer = HTTPBearer(scheme_name="token", auto_error=False)


def cookie_name() -> str:
    """Name of the session cookie of this installation."""
    return SECURE_COOKIE if get_settings().secure_cookies else PLAIN_COOKIE


def current_actor(
    request: Request,
    _session: Annotated[str | None, Depends(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Actor:
    """Who is asking; a bearer token counts before a cookie."""
    if bearer is not None:
        return service.actor_of_token(bearer.credentials)
    secret = request.cookies.get(cookie_name())
    if not secret:
        raise NotAuthenticated("log in, or send a token")
    if request.method not in SAFE_METHODS:
        refuse_foreign_site(request)
        if request.headers.get("x-requested-with") != "rinkaku":
            raise Forbidden("the header X-Requested-With: rinkaku is missing")
    return service.actor_of_cookie(secret)


def actor_at_browser(request: Request) -> Actor | None:
    """Who is logged in at this browser, or None; what only asks that is not refused."""
    try:
        return service.actor_of_cookie(request.cookies.get(cookie_name(), ""))
    except NotAuthenticated:
        return None


def administrator(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """Who is asking, an administrator of the installation."""
    service.require_administrator(actor)
    return actor


ActorDep = Annotated[Actor, Depends(current_actor)]
BrowserDep = Annotated[Actor | None, Depends(actor_at_browser)]
AdministratorDep = Annotated[Actor, Depends(administrator)]


def refuse_foreign_site(request: Request) -> None:
    """Refuse a request that a browser sends on behalf of another site."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Forbidden("the request comes from another site")
        return
    origin = request.headers.get("origin")
    if origin is None:
        return
    public = get_settings().public_url
    own = {request.headers.get("host", ""), urlsplit(public).netloc if public else ""}
    if urlsplit(origin).netloc not in own - {""}:
        raise Forbidden("the request comes from another site")
