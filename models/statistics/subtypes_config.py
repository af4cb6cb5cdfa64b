"""SubtypeConfig: every setting of an analysis of subtypes, to and from JSON.

The defaults are those of the methods' papers where they name one, and are said in `docs/subtypes.md`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from models.statistics.errors import AnalysisConfigError

Scaling = Literal["z-score", "robust", "rank"]
Base = Literal["k-means", "ward", "pam"]
Choice = Literal["pac", "silhouette", "delta-area"]
IccUnknown = Literal["keep", "drop"]


@dataclass(frozen=True)
class SubtypeConfig:
    """Settings of `subtypes.analyse`; AnalysisConfigError names the first that cannot be."""

    features: tuple[str, ...] = ()
    """Names of the features to use; empty for all of the table."""
    scaling: Scaling = "rank"
    """rank: normal scores, so that a skewed population is not taken for two; robust: median and IQR."""
    group: str = ""
    """Clinical category (modality, scanner, cancer) within which features are scaled; empty for one group."""
    icc_minimum: float | None = 0.75
    """Features with a lower ICC are left out (Koo and Li 2016: below .75 is not good); None for no filter."""
    icc_kind: str = ""
    """Which ICC, where a feature has several; empty for the lowest of them."""
    icc_unknown: IccUnknown = "keep"
    correlation_maximum: float | None = 0.95
    """Absolute Spearman correlation above which the less reproducible feature goes; None for no filter."""
    feature_missing_maximum: float = 0.2
    """Features that are missing in a larger share of patients are left out."""
    patient_missing_maximum: float = 0.5
    """Patients that lack a larger share of the features are left out."""
    pca_variance: float | None = None
    """Cluster on the principal components that hold this share of variance; None for the features."""
    base: Base = "k-means"
    k_minimum: int = 2
    k_maximum: int = 8
    subsamples: int = 200
    subsample_share: float = 0.8
    choice: Choice = "pac"
    pac_low: float = 0.1
    pac_high: float = 0.9
    """Interval of ambiguous consensus (Senbabaoglu 2014)."""
    pac_tolerance: float = 0.05
    """k whose PAC, as a share of what one Gaussian has, is within this of the lowest: silhouette decides."""
    pac_simulations: int = 20
    """Of the simulations, those for which PAC is computed."""
    delta_area_minimum: float = 0.1
    """choice delta-area: the largest k that still adds this share of area under the consensus CDF."""
    simulations: int = 200
    """Single Gaussians with the same covariance that the clusters are compared with."""
    alpha: float = 0.05
    bootstraps: int = 100
    noise_repeats: int = 20
    noise_icc: float = 0.9
    """ICC that gives the noise of features whose own is not known."""
    seed: int = 1

    def __post_init__(self) -> None:
        for name, kind in (
            ("scaling", Scaling),
            ("base", Base),
            ("choice", Choice),
            ("icc_unknown", IccUnknown),
        ):
            if getattr(self, name) not in get_args(kind):
                raise AnalysisConfigError(f"one of {', '.join(get_args(kind))}", where=name)
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise AnalysisConfigError(f"{value} is not from {low} to {high}", where=name)
        if self.k_maximum < self.k_minimum:
            raise AnalysisConfigError(
                f"{self.k_maximum} is less than k_minimum {self.k_minimum}", where="k_maximum"
            )
        if self.pac_simulations > self.simulations:
            raise AnalysisConfigError(f"more than simulations, {self.simulations}", where="pac_simulations")
        if self.pac_high <= self.pac_low:
            raise AnalysisConfigError(
                f"{self.pac_high} is not above pac_low {self.pac_low}", where="pac_high"
            )

    @property
    def ks(self) -> range:
        """The numbers of clusters that are tried."""
        return range(self.k_minimum, self.k_maximum + 1)

    def to_json(self) -> dict[str, Any]:
        """All settings, as JSON."""
        return {**asdict(self), "features": list(self.features)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Settings from JSON, defaults where it says nothing; AnalysisConfigError names what cannot be."""
        kinds = {one.name: str(one.type) for one in fields(cls)}
        for name, value in body.items():
            if name not in kinds:
                raise AnalysisConfigError("there is no such setting", where=name)
            if not _fits(kinds[name], value):
                raise AnalysisConfigError(f"{value!r} cannot be its value", where=name)
        return cls(**{**body, "features": tuple(body.get("features", ()))})


_RANGES: dict[str, tuple[float, float]] = {
    "icc_minimum": (0, 1), "correlation_maximum": (0.1, 1), "feature_missing_maximum": (0, 0.9),
    "patient_missing_maximum": (0, 0.9), "pca_variance": (0.1, 1), "k_minimum": (2, 20), "k_maximum": (2, 20),
    "subsamples": (20, 2000), "subsample_share": (0.5, 0.95), "pac_low": (0, 0.5), "pac_high": (0.5, 1),
    "pac_tolerance": (0, 0.5), "delta_area_minimum": (0, 1), "simulations": (20, 5000), "alpha": (0.001, 0.2),
    "pac_simulations": (5, 100),
    "bootstraps": (20, 2000), "noise_repeats": (0, 500), "noise_icc": (0.3, 1), "seed": (0, 2**31),
}  # fmt: skip
"""What each number may be."""


def _fits(kind: str, value: object) -> bool:
    """Whether a JSON value is of a field's kind."""
    if value is None:
        return "None" in kind
    if kind.startswith("tuple"):
        return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    if kind.startswith("int"):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind.startswith("float"):
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str)
