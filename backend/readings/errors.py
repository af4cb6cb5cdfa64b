"""What a reader study can be refused for; its analysis fails by the slugs of `models.statistics.readers`.

AppError
├── Forbidden
│   └── Blinded              it would show a reader what he must not know; the attempt is kept
├── Conflict
│   ├── DesignFixed          the study is open or closed: its design no longer changes
│   ├── DesignIncomplete     it cannot be read as it is designed
│   ├── StudyNotOpen         nobody reads it now
│   ├── ReadingNotOpen       the reading was not opened, or is finished
│   └── NothingRead          there is no finished reading to analyse
└── InvalidInput
    └── WrongDesign          a reader, case or lesion that the study cannot have
"""

from __future__ import annotations

from backend.kit.errors import Conflict, Forbidden, InvalidInput


class Blinded(Forbidden):
    """It would show a reader what he must not know; the attempt is kept."""

    slug, title = "reader-blinded", "Readers of this study must not see this"


class DesignFixed(Conflict):
    """The study is open or closed: its design no longer changes."""

    slug, title = "design-fixed", "The design of the study is fixed"


class DesignIncomplete(Conflict):
    """It cannot be read as it is designed."""

    slug, title = "design-incomplete", "The design of the study is not complete"


class StudyNotOpen(Conflict):
    """Nobody reads it now."""

    slug, title = "study-not-open", "The study is not open for reading"


class ReadingNotOpen(Conflict):
    """The reading was not opened, or is finished."""

    slug, title = "reading-not-open", "The reading is not open"


class NothingRead(Conflict):
    """There is no finished reading to analyse."""

    slug, title = "nothing-read", "Nothing was read yet"


class WrongDesign(InvalidInput):
    """A reader, case or lesion that the study cannot have."""

    slug, title = "wrong-design", "The study cannot have this"
