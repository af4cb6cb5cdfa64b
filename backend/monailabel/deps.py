"""Who is asking, from the token in the address: the one place all of MONAI Label's clients can put it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from backend.accounts import service as accounts
from backend.monailabel.service import Scope


def scope_of(request: Request, token: Annotated[str, Path(max_length=128)]) -> Scope:
    """Whose token it is, checked as a bearer token is, and the project that the address names."""
    return Scope(accounts.actor_of_token(token), request.path_params.get("slug"))


def slug_parameter(slug: Annotated[str, Path(max_length=64)]) -> str:
    """Documents the project in the address."""
    return slug


ScopeDep = Annotated[Scope, Depends(scope_of)]
