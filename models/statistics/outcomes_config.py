"""What is asked of an outcome model: endpoint, groups of columns, models, folds and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from models.statistics.errors import AnalysisConfigError, UnknownColumn
from models.statistics.multiplicity import Adjustment
from rt.cohort import CohortTable

Group = Literal["clinical", "radiomics", "both"]
Model = Literal["elastic-net", "random-forest", "gradient-boosting"]
"""Logistic or Cox, forest of classification or survival trees, boosting of the logistic or Cox loss."""
Missing = Literal["impute", "drop", "refuse"]
ClassWeight = Literal["balanced", "none"]


@dataclass(frozen=True)
class OutcomeConfig:
    """Settings of `outcomes.analyse`; all of them are in its result."""

    endpoint: str
    groups: tuple[Group, ...] = ()
    """Side by side on the same patients; by default those that the cohort has columns for."""
    clinical: tuple[str, ...] | None = None
    """Clinical columns to use; None for all."""
    features: tuple[str, ...] | None = None
    models: tuple[Model, ...] = ("elastic-net",)
    folds: int = 5
    inner_folds: int = 3
    repeats: int = 1
    """Of the outer folds, drawn anew each time; a patient's prediction is the mean."""
    missing: Missing = "impute"
    """impute: the median (category: the majority) of the training folds; drop: the patient is left out."""
    max_missing: float = 0.5
    """A column with a larger share missing is dropped and named."""
    class_weight: ClassWeight = "balanced"
    """balanced: both outcomes weigh the same in learning; probabilities are put back to the prevalence."""
    min_icc: float = 0.0
    """A feature whose smallest ICC (`source["icc"]`) is lower, or not known, is dropped; 0 keeps all."""
    max_correlation: float = 0.9
    """Of two columns with a higher absolute Pearson correlation the more telling one is kept."""
    keep: int = 20
    """Features that the univariable filter keeps; clinical columns are not subject to it."""
    trees: int = 200
    min_events_per_fold: int = 2
    """Events (and, of a binary endpoint, patients without one) in each outer fold."""
    times: tuple[float, ...] = ()
    """Survival: when to judge predictions; by default the quartiles of the times of events."""
    final: tuple[Group, Model] | None = None
    """Which one becomes the final model; by default the best by cross-validation."""
    permutations: int = 0
    """Cross-validations with shuffled outcomes, of the final group and model."""
    adjustment: Adjustment = "holm"
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read `to_json`, or less; AnalysisConfigError names what is not known."""
        unknown = sorted(set(raw) - {one.name for one in fields(cls)})
        if unknown:
            raise AnalysisConfigError(f"unknown settings: {', '.join(unknown)}")
        if not isinstance(raw.get("endpoint"), str):
            raise AnalysisConfigError("an endpoint is needed", where="endpoint")
        given: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list | tuple) else one for name, one in raw.items()
        }
        config = cls(**given)
        config.check()
        return config

    def check(self) -> None:
        """AnalysisConfigError where a setting is none of those there are."""
        chosen: list[tuple[Any, Any]] = [
            (self.missing, Missing),
            (self.class_weight, ClassWeight),
            (self.adjustment, Adjustment),
        ]
        chosen += [(one, Group) for one in self.groups] + [(one, Model) for one in self.models]
        if self.final is not None:
            chosen += list(zip(self.final, (Group, Model), strict=True)) if len(self.final) == 2 else []
        for value, kind in chosen:
            if value not in get_args(kind):
                raise AnalysisConfigError(f"{value!r} is none of {', '.join(get_args(kind))}")
        if not self.models:
            raise AnalysisConfigError("a model is needed", where="models")
        lowest = {"folds": 2, "inner_folds": 2, "repeats": 1, "keep": 1, "trees": 1, "permutations": 0}
        for name, least in lowest.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise AnalysisConfigError(f"is a whole number of at least {least}", where=name)
        if not 0 < self.max_correlation <= 1:
            raise AnalysisConfigError("lies above 0 and up to 1", where="max_correlation")
        if self.final is not None and (len(self.final) != 2 or self.final[1] not in self.models):
            raise AnalysisConfigError("is a group and one of the models", where="final")


def columns_of(table: CohortTable, config: OutcomeConfig) -> dict[str, tuple[str, ...]]:
    """Names of the columns of each group that is compared; UnknownColumn, or AnalysisConfigError of none."""
    clinical = _chosen([one.name for one in table.clinical], config.clinical)
    features = _chosen([one.name for one in table.features], config.features)
    there: dict[str, tuple[str, ...]] = {
        "clinical": clinical,
        "radiomics": features,
        "both": (*clinical, *features),
    }
    if not clinical or not features:
        there.pop("both")
    wanted: tuple[str, ...] = config.groups or tuple(name for name, columns in there.items() if columns)
    for name in wanted:
        if not there.get(name):
            raise AnalysisConfigError("the cohort has no columns for this group", where=name)
    if not wanted:
        raise AnalysisConfigError("the cohort has no columns to learn from", where="groups")
    if config.final is not None and config.final[0] not in wanted:
        raise AnalysisConfigError("is one of the groups", where="final")
    return {name: there[name] for name in wanted}


def _chosen(there: list[str], asked: tuple[str, ...] | None) -> tuple[str, ...]:
    if asked is None:
        return tuple(there)
    for name in asked:
        if name not in there:
            raise UnknownColumn("the cohort has no such column of this group", where=name)
    return asked
