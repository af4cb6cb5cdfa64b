"""What an analysis refuses, each with the columns or numbers that are at fault.

StatisticsError
├── AnalysisConfigError   a configuration that asks nothing that can be answered
├── UnknownColumn         a column or endpoint that the cohort does not have
├── TooFewEvents          fewer events than the analysis needs
├── TooFewPatients        fewer patients than the analysis, or its folds, need
├── OneClass              an outcome that all patients share
├── MissingValues         values that are not known, where none may be missing
├── ConstantColumn        a column with one value in every patient
├── CollinearColumns      columns that say the same
├── Separation            a column that tells the events apart without a miss, so that no estimate is finite
├── NotConverged          a fit that found no end
└── OtherModel            a stored model that does not fit the columns given, or is no model
"""

from __future__ import annotations

from rt.errors import RtError


class StatisticsError(RtError):
    """An analysis that cannot be done on this cohort."""

    slug = "bad-analysis"


class AnalysisConfigError(StatisticsError):
    """A configuration that asks nothing that can be answered."""

    slug = "bad-analysis-config"


class UnknownColumn(StatisticsError):
    """A column or endpoint that the cohort does not have."""

    slug = "unknown-column"


class TooFewEvents(StatisticsError):
    """Fewer events than the analysis needs."""

    slug = "too-few-events"


class TooFewPatients(StatisticsError):
    """Fewer patients than the analysis, or its folds, need."""

    slug = "too-few-patients"


class OneClass(StatisticsError):
    """An outcome that all patients share."""

    slug = "one-class"


class MissingValues(StatisticsError):
    """Values that are not known, where none may be missing."""

    slug = "missing-values"


class ConstantColumn(StatisticsError):
    """A column with one value in every patient."""

    slug = "constant-column"


class CollinearColumns(StatisticsError):
    """Columns that say the same."""

    slug = "collinear-columns"


class Separation(StatisticsError):
    """A column that tells the events apart without a miss, so that no estimate is finite."""

    slug = "separation"


class NotConverged(StatisticsError):
    """A fit that found no end."""

    slug = "fit-not-converged"


class OtherModel(StatisticsError):
    """A stored model that does not fit the columns given, or is no model."""

    slug = "other-outcome-model"
