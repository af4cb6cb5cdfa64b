"""What a question about dose can be refused for.

AppError
├── NotFound
│   └── NoSuchProtocol        no protocol of this id is installed
├── Conflict
│   ├── OtherFrame            dose and structure are in frames of reference that nothing links
│   ├── NoDvh                 nothing is drawn, or nothing of it has a dose
│   └── NoDose                no dose of a whole plan is on these images
└── InvalidInput
    ├── NotADose              the series is no dose, or another patient's
    └── BadMetric             text that asks nothing of a DVH
"""

from __future__ import annotations

from backend.kit.errors import Conflict, InvalidInput, NotFound


class NoSuchProtocol(NotFound):
    """No protocol of this id is installed."""

    slug, title = "no-such-protocol", "There is no such protocol"


class OtherFrame(Conflict):
    """Dose and structure are in frames of reference that nothing links."""

    slug, title = "other-frame-of-reference", "Dose and image have different frames of reference"


class NoDvh(Conflict):
    """Nothing is drawn, or nothing of it has a dose."""

    slug, title = "no-dvh", "There is no dose-volume histogram"


class NoDose(Conflict):
    """No dose of a whole plan is on these images, as they are or by a registration."""

    slug, title = "no-dose", "There is no dose on these images"


class NotADose(InvalidInput):
    """The series is no dose, or another patient's."""

    slug, title = "not-a-dose", "This series is not a dose of this patient"


class BadMetric(InvalidInput):
    """Text that asks nothing of a DVH."""

    slug, title = "bad-dose-metric", "This metric cannot be read"
