"""Refusals of training.

AppError
├── Forbidden (403)
│   └── OwnTraining           who started it does not sign what came of it
└── Conflict (409)
    ├── AlreadySigned         a version never changes: one signature of a project is enough
    ├── DatasetIncomplete     something that it froze was deleted since
    ├── TooFewPatients        not enough approved patients
    │   └── NoTestPatients    all of them have trained a network before
    ├── ExportNotReady        a file that no worker has written yet
    └── WrongNetwork          it cannot be used here
        ├── NothingInCommon   the snapshot has none of its structures
        ├── HeldBack          it draws a structure worse than the version in use
        ├── NotCompared       with the version in use
        ├── NothingToCompare  there is no new version, or it is compared already
        └── NoEarlierVersion  to go back to
"""

from __future__ import annotations

from backend.kit.errors import Conflict, Forbidden


class DatasetIncomplete(Conflict):
    """A scan or contour of the frozen dataset was deleted since."""

    slug, title = "dataset-incomplete", "Scans of this dataset were deleted: freeze a new one"


class TooFewPatients(Conflict):
    """Not enough approved patients for what was asked."""

    slug, title = "too-few-patients", "Too few approved patients"


class NoTestPatients(TooFewPatients):
    """Every patient has trained a network before, so none can test one."""

    slug, title = "no-test-patients", "No patient is left to test with"


class ExportNotReady(Conflict):
    """The worker has not written the file, or could not."""

    slug, title = "export-not-ready", "The file is not ready"


class WrongNetwork(Conflict):
    """The network cannot be used here."""

    slug, title = "wrong-network", "This network cannot be used here"


class NothingInCommon(WrongNetwork):
    """The snapshot holds no structure that the network draws."""

    slug, title = "nothing-in-common", "The snapshot has none of the network's structures"


class HeldBack(WrongNetwork):
    """A structure got worse on the locked patients beyond the margin, and no reason was given."""

    slug, title = "version-held-back", "This version draws a structure worse"


class NotCompared(WrongNetwork):
    """Trained and never measured beside the version in use, and no reason was given."""

    slug, title = "version-not-compared", "This version was not compared with the one in use"


class NothingToCompare(WrongNetwork):
    """No version came of the training, nothing is in use, or the two are compared."""

    slug, title = "nothing-to-compare", "There is nothing left to compare"


class NoEarlierVersion(WrongNetwork):
    """There is no version to go back to."""

    slug, title = "no-earlier-version", "There is no earlier version to go back to"


class OwnTraining(Forbidden):
    """The signer started the training that made the version."""

    slug, title = "own-training", "What your training made needs the signature of another person"


class AlreadySigned(Conflict):
    """The version is signed off in this project."""

    slug, title = "already-signed", "This version is signed off"
