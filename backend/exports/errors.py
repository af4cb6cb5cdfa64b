"""What an export can be refused for.

AppError
├── Conflict
│   ├── NothingToExport       no structure, or no case, that could leave
│   ├── AlreadyThere          a file of this name is where the command is to write one
│   ├── NotReady              the export's job has not succeeded
│   └── Withheld              it still named the patient after de-identification
└── InvalidInput
    ├── NotAsDicom            the series did not come as DICOM, so nothing can refer to it
    └── UnknownProfile        no export profile of this name
"""

from __future__ import annotations

from backend.kit.errors import Conflict, InvalidInput


class NothingToExport(Conflict):
    """There is nothing that could leave."""

    slug, title = "nothing-to-export", "Nothing to export"


class AlreadyThere(Conflict):
    """A file of this name is there already."""

    slug, title = "file-already-there", "The file is there already"


class NotReady(Conflict):
    """The file is not there yet, or never will be."""

    slug, title = "export-not-ready", "The export is not ready"


class Withheld(Conflict):
    """It still named the patient after de-identification."""

    slug, title = "export-withheld", "The export was withheld"


class NotAsDicom(InvalidInput):
    """Only a series that came as DICOM can be referred to by DICOM."""

    slug, title = "not-as-dicom", "This series cannot be exported as DICOM"


class UnknownProfile(InvalidInput):
    """No export profile has this name."""

    slug, title = "unknown-profile", "No such export profile"
