"""Errors of the DICOM network face.

AppError
└── Conflict
    ├── TitleTaken            another project has this AE title
    ├── NobodyNamed           answers to queries, but says to whom not
    └── NotAdmitted           an association that is refused, with the standard's diagnostic
"""

from __future__ import annotations

from backend.kit.errors import Conflict

CALLING_NOT_RECOGNISED = 3
CALLED_NOT_RECOGNISED = 7
"""Diagnostics of a rejected association (PS3.8 table 9-21)."""


class TitleTaken(Conflict):
    """Another project has this AE title."""

    slug, title = "dicom-title-taken", "This AE title is taken"


class NobodyNamed(Conflict):
    """Queries are answered only to callers that are named."""

    slug, title = "dicom-callers-missing", "Name who may query"


class NotAdmitted(Conflict):
    """The association is refused."""

    slug, title = "dicom-not-admitted", "The association was refused"

    def __init__(self, detail: str, diagnostic: int) -> None:
        super().__init__(detail)
        self.diagnostic = diagnostic
