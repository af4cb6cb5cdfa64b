"""What a consensus of readers can be refused for.

AppError
├── Conflict
│   ├── AlreadyReading        a consensus on this structure runs in the study
│   ├── AlreadyDrawn          the readers could see contours of it that are there already
│   ├── ReadersUnfinished     readers have not handed in, and were not named as missing
│   ├── TooFewReadings        fewer than two were handed in, or nobody drew anything
│   └── WrongStage            it is open, closed or without results where it must not be
└── Forbidden
    └── NotReader             a person who is no reader of it hands in
Those of `backend.labels.errors` come besides: Blinded, BlindReading.
"""

from __future__ import annotations

from backend.kit.errors import Conflict, Forbidden


class AlreadyReading(Conflict):
    """A consensus on a structure of this name runs in the study: `consensus_id`."""

    slug, title = "consensus-running", "A consensus on this structure is running in the study"


class AlreadyDrawn(Conflict):
    """Contours of this name are in the sets `labels`: readers could see them, so it must be meant."""

    slug, title = "contours-visible", "Contours of this structure are in the study already"


class ReadersUnfinished(Conflict):
    """`readers` have not handed in; who closes names them (`reader_ids`), or waits."""

    slug, title = "reader-unfinished", "Readers have not finished"


class TooFewReadings(Conflict):
    """Fewer than two readings, or nothing drawn in any."""

    slug, title = "too-few-readings", "These readings give no consensus"


class WrongStage(Conflict):
    """The task is not at the stage that this needs; `state` says where it stands."""

    slug, title = "consensus-stage", "The consensus is not at this stage"


class NotReader(Forbidden):
    """Only its readers hand in."""

    slug, title = "not-a-reader", "You are not a reader of this consensus"
