"""What a project can be refused for.

AppError
└── Conflict
    └── ShortNameTaken        another project has this address
"""

from __future__ import annotations

from backend.kit.errors import Conflict


class ShortNameTaken(Conflict):
    """Another project has this short name."""

    slug, title = "short-name-taken", "This short name is taken"
