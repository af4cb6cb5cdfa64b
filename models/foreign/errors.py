"""Why another people's network is not taken in.

RtError
└── ForeignError                 see the three below
    ├── ForeignUnreadable        files that are missing, damaged, or hostile
    ├── ForeignUnsupported       a declaration that is not understood; `where` is its key
    ├── ForeignCode              it could be used only by running code that came with it
    └── NotInstalled             a library that is not here
"""

from __future__ import annotations

from rt.errors import RtError


class ForeignError(RtError):
    """A network from elsewhere that cannot be used."""

    slug = "foreign-network"


class ForeignUnreadable(ForeignError):
    """Its files are missing, damaged or hostile."""

    slug = "foreign-unreadable"


class ForeignUnsupported(ForeignError):
    """It declares something that is not understood; `where` names the key."""

    slug = "foreign-unsupported"


class ForeignCode(ForeignError):
    """It could be used only by running code that came with it, which nobody has allowed."""

    slug = "foreign-code"


class NotInstalled(ForeignError):
    """A library that it needs is not installed."""

    slug = "not-installed"
