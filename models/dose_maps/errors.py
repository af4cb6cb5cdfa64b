"""What a dose-outcome map refuses, beside the errors of `models.statistics`.

StatisticsError
└── DoseMapError            a study that gives no map
    ├── EmptyOrgan          a template without a voxel
    ├── NoDoseVariation     doses that are the same in all patients
    ├── ConstantOutcome     a continuous outcome with one value
    └── StudyMismatch       arrays that do not go together, or values that are no numbers
"""

from __future__ import annotations

from models.statistics.errors import StatisticsError


class DoseMapError(StatisticsError):
    """A study that gives no map."""

    slug = "bad-dose-map"


class EmptyOrgan(DoseMapError):
    """A template without a voxel."""

    slug = "empty-organ"


class NoDoseVariation(DoseMapError):
    """Doses that are the same in all patients: nothing can depend on them."""

    slug = "no-dose-variation"


class ConstantOutcome(DoseMapError):
    """A continuous outcome with one value."""

    slug = "constant-outcome"


class StudyMismatch(DoseMapError):
    """Arrays that do not go together, or values that are no finite numbers."""

    slug = "study-mismatch"
