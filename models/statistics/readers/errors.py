"""What an analysis of readers refuses.

StatisticsError
├── ReadingRefused   a reading, reader or case that contradicts the others or the study
├── TooFewReaders    nobody, or one reader alone, read what the analysis needs
├── NothingCalled    a reader called nothing positive, so that a share of the calls has no value
└── NoVariation      readings that do not vary, so that no test has an error to compare with
"""

from __future__ import annotations

from models.statistics.errors import StatisticsError


class ReadingRefused(StatisticsError):
    """A reading, reader or case that contradicts the others or the study."""

    slug = "reading-refused"


class TooFewReaders(StatisticsError):
    """Nobody, or one reader alone, read what the analysis needs."""

    slug = "too-few-readers"


class NothingCalled(StatisticsError):
    """A reader called nothing positive, so that a share of the calls has no value."""

    slug = "nothing-called"


class NoVariation(StatisticsError):
    """Readings that do not vary, so that no test has an error to compare with."""

    slug = "no-variation"
