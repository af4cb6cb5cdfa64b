"""Why patients are not put into subtypes, beside what `errors` names for all analyses.

StatisticsError
├── NoFeaturesLeft       the filters have left too little to cluster on
├── FeatureNotNumber     a feature whose values are words
├── GroupUnusable        a scaling group that is unknown, missing for a patient, or too small to scale by
├── NoSubtypes           a question to an analysis that found no significant clusters
└── NoSharedPatients     two tables without a patient in common
"""

from __future__ import annotations

from models.statistics.errors import StatisticsError


class NoFeaturesLeft(StatisticsError):
    """The filters have left fewer than two features."""

    slug = "no-features-left"


class FeatureNotNumber(StatisticsError):
    """A feature whose values are words."""

    slug = "feature-not-number"


class GroupUnusable(StatisticsError):
    """A group for scaling that is unknown, missing for a patient, or too small."""

    slug = "scaling-group"


class NoSubtypes(StatisticsError):
    """A question to an analysis that found no significant clusters."""

    slug = "no-subtypes"


class NoSharedPatients(StatisticsError):
    """Two tables without a patient in common."""

    slug = "no-shared-patients"
