"""What a detection can be refused for.

AppError
└── Conflict
    └── NoDetector        no version of the wanted detector is installed
"""

from __future__ import annotations

from backend.kit.errors import Conflict


class NoDetector(Conflict):
    """No version of the wanted detector is installed, or it is a network that contours."""

    slug, title = "no-detector", "No such detector is installed"
