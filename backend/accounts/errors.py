"""What accounts can be refused for.

AppError
├── Forbidden
│   └── WrongPassword         the present password, when a new one is set
└── Conflict
    ├── UsernameTaken
    └── LastAdministrator     of the installation, or of a project
"""

from __future__ import annotations

from backend.kit.errors import Conflict, Forbidden


class WrongPassword(Forbidden):
    """The present password is not this one."""

    slug, title = "wrong-password", "The present password is wrong"


class UsernameTaken(Conflict):
    """Someone else has this user name."""

    slug, title = "username-taken", "This user name is taken"


class LastAdministrator(Conflict):
    """Nobody could administer any more."""

    slug, title = "last-administrator", "At least one administrator must remain"
