"""Settings of an analysis of readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from models.statistics.errors import AnalysisConfigError

Covariance = Literal["jackknife", "delong", "bootstrap"]
Generalise = Literal["readers-and-cases", "cases", "readers"]
Incomplete = Literal["leave-out-readers", "common-cases"]
_CHOICES: dict[str, tuple[str, ...]] = {
    "covariance": get_args(Covariance),
    "generalise": get_args(Generalise),
    "incomplete": get_args(Incomplete),
}
_RANGES = {
    "threshold": (0.0, 100.0),
    "mark_threshold": (0.0, 100.0),
    "tolerance_mm": (0.0, 50.0),
    "level": (0.5, 0.999),
    "bootstraps": (100, 10_000),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True)
class ReaderConfig:
    """How readings are judged and compared."""

    threshold: float = 50.0
    """Confidence, 0 to 100, from which a case counts as called positive."""
    mark_threshold: float = 0.0
    """Confidence, 0 to 100, from which a mark counts for lesion-wise sensitivity and predictive value."""
    tolerance_mm: float = 0.0
    """Added to the radius of a lesion within which a mark is on it."""
    covariance: Covariance = "jackknife"
    """Of the figures of merit over cases; DeLong's is used for areas, the jackknife for all others."""
    generalise: Generalise = "readers-and-cases"
    """What the stated intervals generalise to; the other two are given beside it."""
    incomplete: Incomplete = "leave-out-readers"
    """Of readers who did not finish: they are left out, or all are judged on the cases that all have read."""
    level: float = 0.95
    """Of intervals."""
    bootstraps: int = 1000
    """Resamples of the cases, where the covariance is the bootstrap's."""
    seed: int = 0
    """Of the bootstrap."""

    def __post_init__(self) -> None:
        """AnalysisConfigError with the name of a setting that asks nothing."""
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise AnalysisConfigError(f"one of {', '.join(allowed)}", where=name)
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise AnalysisConfigError(f"from {low} to {high}", where=name)

    def to_json(self) -> dict[str, Any]:
        """All settings by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The settings of `to_json`; AnalysisConfigError for a name that is none."""
        known = {one.name for one in fields(cls)}
        for name in raw:
            if name not in known:
                raise AnalysisConfigError("no such setting", where=name)
        return cls(**raw)
