"""Errors of studies and imports.

AppError
├── RequestTimeout (408)      the body stopped coming
├── BatchComplete (409)       files for an import that was completed
├── AlreadyDecided (409)      a file that is no longer held in quarantine
└── NoVolume (409)            the series makes no volume

RtError
├── ConflictingInstance       the same SOP Instance UID with other content
├── NiftiRefused              the project takes no NIfTI
└── WrongPatient              an instance whose patient is not its study's
"""

from __future__ import annotations

from backend.kit.errors import AppError
from rt.errors import RtError


class RequestTimeout(AppError):
    """The body stopped coming."""

    status, slug, title = 408, "request-timeout", "The upload stopped"


class BatchComplete(AppError):
    """Files for an import that was completed."""

    status, slug, title = 409, "import-complete", "This import was completed"


class AlreadyDecided(AppError):
    """A file that is no longer held in quarantine."""

    status, slug, title = 409, "already-decided", "This was decided already"


class NoVolume(AppError):
    """The series makes no volume."""

    status, slug, title = 409, "no-volume", "The series makes no volume"


class ConflictingInstance(RtError):
    """The same SOP Instance UID with other content."""

    slug = "conflicting-instance"


class WrongPatient(RtError):
    """An instance whose patient is not its study's."""

    slug = "wrong-patient"


class NiftiRefused(RtError):
    """The project takes no NIfTI."""

    slug = "nifti-not-allowed"
