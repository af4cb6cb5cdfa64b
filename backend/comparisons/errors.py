"""What a comparison can be refused for; the job that makes it fails by the same slugs (`models.comparison`).

AppError
└── Conflict
    ├── NothingToLearn        no patient of the dataset trains with one of the structures
    ├── NothingToMeasure      no patient of the split that is measured has one of them
    └── NotContoured          structures that nobody contoured where they are needed
"""

from __future__ import annotations

from backend.kit.errors import Conflict


class NothingToLearn(Conflict):
    """No patient of the dataset trains with one of the structures."""

    slug, title = "nothing-to-learn", "The scans do not teach what they should"


class NothingToMeasure(Conflict):
    """No patient of the split that is measured has one of the structures."""

    slug, title = "nothing-to-measure", "Nobody is there to measure on"


class NotContoured(Conflict):
    """Structures that nobody contoured in a patient who trains, or in one who is measured."""

    slug, title = "structure-not-contoured", "Nobody contoured it where it is needed"
