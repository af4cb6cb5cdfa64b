"""Errors of the DICOM network face.

AppError
├── PeerUnreachable           the peer does not answer, or broke off
│   └── NothingAccepted       it answers, and takes nothing of what was offered
└── Conflict
    ├── TitleTaken            another project has this AE title
    ├── TitleMissing          the project has no AE title of its own to call with
    ├── NotApproved           only what is approved is sent
    ├── LeavesUnnamed         the project lets nothing out that names a patient
    ├── ChangedMeanwhile      the set is not what was asked to be sent
    ├── PeerRefused           the peer did not take an object
    ├── TlsUnusable           our certificate, key or authorities cannot be used
    ├── NobodyNamed           answers to queries, but says to whom not
    └── NotAdmitted           an association that is refused, with the standard's diagnostic
"""

from __future__ import annotations

from backend.kit.errors import AppError, Conflict

CALLING_NOT_RECOGNISED = 3
CALLED_NOT_RECOGNISED = 7
"""Diagnostics of a rejected association (PS3.8 table 9-21)."""


class TitleTaken(Conflict):
    """Another project has this AE title."""

    slug, title = "dicom-title-taken", "This AE title is taken"


class TitleMissing(Conflict):
    """The project has no AE title of its own to call with."""

    slug, title = "dicom-title-missing", "The project has no AE title"


class NotApproved(Conflict):
    """Only what is approved is sent."""

    slug, title = "not-approved", "Not everything in this structure set is approved"


class LeavesUnnamed(Conflict):
    """The project de-identifies what leaves it, and a peer needs to know whose object it is."""

    slug, title = "leaves-unnamed", "Nothing that names a patient leaves this project"


class ChangedMeanwhile(Conflict):
    """The set is not what was asked to be sent."""

    slug, title = "changed-since-asked", "Changed since it was to be sent"


class PeerRefused(Conflict):
    """The peer did not take an object."""

    slug, title = "dicom-peer-refused", "The peer refused"


class PeerUnreachable(AppError):
    """The peer does not answer, or broke off."""

    status, slug, title = 503, "dicom-peer-unreachable", "The peer cannot be reached"


class NothingAccepted(PeerUnreachable):
    """It answers, and takes nothing of what was offered."""


class TlsUnusable(Conflict):
    """Our certificate, key or authorities cannot be used."""

    slug, title = "dicom-tls-unusable", "TLS for DICOM is not set up"


class NobodyNamed(Conflict):
    """Queries are answered only to callers that are named."""

    slug, title = "dicom-callers-missing", "Name who may query"


class NotAdmitted(Conflict):
    """The association is refused."""

    slug, title = "dicom-not-admitted", "The association was refused"

    def __init__(self, detail: str, diagnostic: int) -> None:
        super().__init__(detail)
        self.diagnostic = diagnostic
