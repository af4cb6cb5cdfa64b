"""What accounts say and hear over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Username = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$",
        min_length=1,
        max_length=64,
    ),
]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Password = Annotated[str, Field(min_length=8, max_length=256)]
AnyPassword = Annotated[str, Field(min_length=1, max_length=1024)]


class Closed(BaseModel):
    """A body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class UserOut(BaseModel):
    """A person."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    username: str
    display_name: str
    is_administrator: bool
    active: bool
    created_at: datetime


class Credentials(Closed):
    """A login."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: AnyPassword


class PasswordChange(Closed):
    """A new password, proven with the present one."""

    current: AnyPassword
    new: Password


class UserIn(Closed):
    """A person to be added."""

    username: Username
    display_name: DisplayName
    password: Password
    is_administrator: bool = False


class UserPatch(Closed):
    """What may change about a person; a new password ends all their sessions."""

    display_name: DisplayName | None = None
    password: Password | None = None
    is_administrator: bool | None = None
    active: bool | None = None


class TokenIn(Closed):
    """A token to be made."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class TokenOut(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewToken(TokenOut):
    """A token just made: the only time that its secret is shown."""

    token: str
