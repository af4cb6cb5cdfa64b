"""What a cohort can be refused for.

AppError
├── Conflict
│   ├── CohortNameTaken       another cohort (or feature set of the cohort) has this name
│   ├── SplitFixed            who trains and who tests was fixed before
│   ├── TooFewToSplit         one patient at least has to train and one to test
│   ├── EmptyCohort           no patient is in the cohort, or none is left by its filter
│   └── FeatureSetBusy        its jobs wait or run
└── InvalidInput
    ├── UnreadableTable       the bytes are no table: encoding, quoting, no header, no rows
    ├── TableRefused          cells with issues, each named in `issues`
    ├── NoSuchColumn          a filter or split names a column or endpoint that is not there
    └── BadFeatureSettings    the engine does not accept the settings, or has no such preset
"""

from __future__ import annotations

from backend.kit.errors import Conflict, InvalidInput


class CohortNameTaken(Conflict):
    """Another one has this name."""

    slug, title = "cohort-name-taken", "This name is taken"


class SplitFixed(Conflict):
    """Who trains and who tests is fixed once."""

    slug, title = "split-fixed", "The split is fixed"


class TooFewToSplit(Conflict):
    """Fewer patients than parts."""

    slug, title = "too-few-to-split", "Too few patients to split"


class EmptyCohort(Conflict):
    """Nobody is in it."""

    slug, title = "empty-cohort", "The cohort has no patients"


class FeatureSetBusy(Conflict):
    """Its jobs wait or run."""

    slug, title = "feature-set-busy", "The features are being computed"


class UnreadableTable(InvalidInput):
    """The bytes cannot be read as a table."""

    slug, title = "unreadable-table", "The table cannot be read"


class TableRefused(InvalidInput):
    """Some cells cannot be taken as they are; nothing was imported."""

    slug, title = "table-refused", "The table has issues and was not imported"


class NoSuchColumn(InvalidInput):
    """The cohort has no column or endpoint of this name."""

    slug, title = "no-such-column", "The cohort has no such column"


class BadFeatureSettings(InvalidInput):
    """The engine does not accept them."""

    slug, title = "bad-feature-settings", "These settings cannot be used"
