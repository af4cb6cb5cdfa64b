"""Settings of each kind of analysis, as the API takes them: closed, with the defaults of `models`.

The API process does not load `models`; `tests/backend/analyses/test_configs.py` holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=255)]
Names = Annotated[tuple[Name, ...], Field(max_length=5000)]
FeatureSets = Annotated[tuple[Annotated[str, Field(max_length=36)], ...], Field(max_length=20)]
"""Ids of feature sets of the cohort."""
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Settings(BaseModel):
    """Closed: a misspelt setting is refused and not ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def endpoints(self) -> dict[str, str]:
        """Endpoints that it names, with the kind that each has to be."""
        return {}

    def columns(self) -> tuple[str, ...]:
        """Variables and features that it names."""
        return ()


class SubtypesConfig(Settings):
    """Consensus clustering of features (`models.statistics.subtypes_config`)."""

    features: Annotated[Names, Field(description="empty for all of the feature sets")] = ()
    scaling: Literal["z-score", "robust", "rank"] = "rank"
    group: Annotated[
        str, Field(max_length=255, description="clinical category within which features are scaled")
    ] = ""
    icc_minimum: Annotated[float, Field(ge=0, le=1)] | None = 0.75
    icc_kind: Annotated[str, Field(max_length=64, description="empty for the lowest of them")] = ""
    icc_unknown: Literal["keep", "drop"] = "keep"
    correlation_maximum: Annotated[float, Field(ge=0.1, le=1)] | None = 0.95
    feature_missing_maximum: Annotated[float, Field(ge=0, le=0.9)] = 0.2
    patient_missing_maximum: Annotated[float, Field(ge=0, le=0.9)] = 0.5
    pca_variance: Annotated[float, Field(ge=0.1, le=1)] | None = None
    base: Literal["k-means", "ward", "pam"] = "k-means"
    k_minimum: Annotated[int, Field(ge=2, le=20)] = 2
    k_maximum: Annotated[int, Field(ge=2, le=20)] = 8
    subsamples: Annotated[int, Field(ge=20, le=2000)] = 200
    subsample_share: Annotated[float, Field(ge=0.5, le=0.95)] = 0.8
    choice: Literal["pac", "silhouette", "delta-area"] = "pac"
    pac_low: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    pac_high: Annotated[float, Field(ge=0.5, le=1)] = 0.9
    pac_tolerance: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    pac_simulations: Annotated[int, Field(ge=5, le=100)] = 20
    delta_area_minimum: Annotated[float, Field(ge=0, le=1)] = 0.1
    simulations: Annotated[int, Field(ge=20, le=5000)] = 200
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = 0.05
    bootstraps: Annotated[int, Field(ge=20, le=2000)] = 100
    noise_repeats: Annotated[int, Field(ge=0, le=500)] = 20
    noise_icc: Annotated[float, Field(ge=0.3, le=1)] = 0.9
    seed: Seed = 1
    agreement_with: Annotated[
        FeatureSets,
        Field(
            description="the same features of other contours, a network's say: the result then has the "
            "`agreement` of the subtypes that patients have by these with their own"
        ),
    ] = ()

    def columns(self) -> tuple[str, ...]:
        """Features and the scaling group."""
        return self.features + ((self.group,) if self.group else ())


class Grouping(Settings):
    """Curves by a category, or by a number on either side of a cut."""

    column: Name
    cut: Annotated[
        float | Literal["median", "optimal"] | None,
        Field(description="null for a category; the p of an optimal cut pays for the search"),
    ] = None


class SurvivalConfig(Settings):
    """What is asked of a survival endpoint (`models.statistics.survival`)."""

    endpoint: Name
    groupings: Annotated[tuple[Grouping, ...], Field(max_length=50)] = ()
    univariable: Annotated[Names, Field(description="a Cox model each, p adjusted over all")] = ()
    multivariable: Annotated[Names, Field(description="one Cox model of all")] = ()
    patients: Literal["all", "train", "test"] = "all"
    missing: Literal["drop", "refuse"] = "drop"
    adjustment: Literal["none", "holm", "bh"] = "holm"
    penalty: Literal["none", "firth", "ridge"] = "none"
    ridge: Annotated[float, Field(gt=0)] = 1.0
    events_per_variable: Annotated[float, Field(ge=0, description="fewer are refused")] = 5.0
    references: Annotated[
        dict[Name, str], Field(max_length=100, description="reference level of a category")
    ] = {}
    times: Annotated[
        tuple[Annotated[float, Field(ge=0)], ...],
        Field(max_length=50, description="of the numbers at risk; empty for round ones"),
    ] = ()
    seed: Seed = 0

    def endpoints(self) -> dict[str, str]:
        """A survival endpoint."""
        return {self.endpoint: "survival"}

    def columns(self) -> tuple[str, ...]:
        """Columns of groupings and models."""
        return (*(one.column for one in self.groupings), *self.univariable, *self.multivariable)


class OutcomeConfig(Settings):
    """Models of an outcome from clinical variables and features (`models.statistics.outcomes_config`)."""

    endpoint: Annotated[Name, Field(description="binary or survival")]
    groups: Annotated[
        tuple[Literal["clinical", "radiomics", "both"], ...],
        Field(max_length=3, description="side by side; empty for those that the cohort has columns for"),
    ] = ()
    clinical: Annotated[Names | None, Field(description="null for all")] = None
    features: Annotated[Names | None, Field(description="of the feature sets; null for all")] = None
    models: Annotated[
        tuple[Literal["elastic-net", "random-forest", "gradient-boosting"], ...],
        Field(min_length=1, max_length=3),
    ] = ("elastic-net",)
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    inner_folds: Annotated[int, Field(ge=2, le=20)] = 3
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    missing: Literal["impute", "drop", "refuse"] = "impute"
    max_missing: Annotated[float, Field(ge=0, le=1)] = 0.5
    class_weight: Literal["balanced", "none"] = "balanced"
    min_icc: Annotated[float, Field(ge=0, le=1, description="0 keeps all")] = 0.0
    max_correlation: Annotated[float, Field(gt=0, le=1)] = 0.9
    keep: Annotated[int, Field(ge=1, le=1000, description="features after the univariable filter")] = 20
    trees: Annotated[int, Field(ge=1, le=2000)] = 200
    min_events_per_fold: Annotated[int, Field(ge=1, le=1000)] = 2
    times: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(max_length=50, description="when survival is judged; empty for quartiles of the events"),
    ] = ()
    final: Annotated[
        tuple[
            Literal["clinical", "radiomics", "both"],
            Literal["elastic-net", "random-forest", "gradient-boosting"],
        ]
        | None,
        Field(description="group and model of the final one; null for the best by cross-validation"),
    ] = None
    permutations: Annotated[int, Field(ge=0, le=1000)] = 0
    adjustment: Literal["none", "holm", "bh"] = "holm"
    seed: Seed = 0

    def endpoints(self) -> dict[str, str]:
        """An endpoint of either kind."""
        return {self.endpoint: "any"}

    def columns(self) -> tuple[str, ...]:
        """Clinical variables and features."""
        return (*(self.clinical or ()), *(self.features or ()))


class RegionConfig(Settings):
    """What a network looks at (`rt.cropping.Region`); without structures the whole image."""

    structures: Annotated[Names, Field(description="in all of these (or any)")] = ()
    any_of: bool = False
    without: Names = ()
    isodose_gy: Annotated[float, Field(gt=0, description="only what gets at least this dose")] | None = None
    margin_mm: Annotated[float, Field(ge=0, le=100)] = 0.0


class CropConfig(Settings):
    """A cube of voxels around a region (`models.outcome.config`)."""

    region: RegionConfig
    spacing_mm: Annotated[float, Field(ge=0.5, le=20)] = 4.0
    size: Annotated[int, Field(ge=8, le=128, multiple_of=8, description="voxels along each side")] = 32
    outside: Literal["blank", "keep"] = "keep"
    dose: Annotated[bool, Field(description="whether the dose is a channel")] = False
    modality: Literal["CT", "MR"] = "CT"


class AugmentationConfig(Settings):
    """How far a crop is changed each time it is seen in training."""

    shift_mm: Annotated[float, Field(ge=0, le=100)] = 8.0
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 10.0
    flip: bool = False
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.05
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.05


class NetworkConfig(Settings):
    """A network of outcome with its baselines (`models.outcome.config`)."""

    endpoint: Annotated[Name, Field(description="binary or survival")]
    crop: CropConfig
    source: Annotated[
        Literal["approved", "latest", "ai"], Field(description="which revisions of the region's structures")
    ] = "approved"
    clinical: Names = ()
    clinical_in_network: bool = False
    network: Literal["3d", "2d"] = "3d"
    channels: Annotated[
        tuple[Annotated[int, Field(ge=1, le=256)], ...], Field(min_length=1, max_length=6)
    ] = (8, 16, 32)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    members: Annotated[int, Field(ge=2, le=10)] = 3
    epochs: Annotated[int, Field(ge=1, le=1000)] = 40
    patience: Annotated[int, Field(ge=1, le=1000)] = 12
    batch: Annotated[int, Field(ge=4, le=256)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 5e-2
    augmentation: AugmentationConfig = AugmentationConfig()
    seed: Seed = 1

    def endpoints(self) -> dict[str, str]:
        """An endpoint of either kind."""
        return {self.endpoint: "any"}

    def columns(self) -> tuple[str, ...]:
        """Clinical variables."""
        return self.clinical


class SpaceSettings(Settings):
    """The common space of an organ (`models.organ_space.config.SpaceConfig`)."""

    points: Annotated[int, Field(ge=200, le=5000, description="on each surface")] = 1500
    size: Annotated[int, Field(ge=8, le=48, description="voxels along the longest side")] = 32
    rounds: Annotated[int, Field(ge=0, le=5, description="of averaging the shape")] = 2
    mirror_to: Annotated[
        Literal["L", "R"] | None,
        Field(description="side to which organs of the other are mirrored; null refuses organs of both"),
    ] = None
    max_folded: Annotated[float, Field(ge=0, lt=1, description="share of an organ; more leaves it out")] = (
        0.01
    )
    min_dice: Annotated[float, Field(ge=0, lt=1, description="with the warped template")] = 0.8
    speck: Annotated[float, Field(ge=0, lt=0.5, description="share that may lie apart")] = 0.02


class MapSettings(Settings):
    """The map (`models.dose_maps.config.MapConfig`)."""

    solver: Annotated[
        Literal["tv", "cp"], Field(description="graph total variation, or low rank with fused lasso")
    ] = "tv"
    voxels: Annotated[int, Field(ge=100, le=50_000, description="an organ of more is taken in cubes")] = 5000
    l1_share: Annotated[float, Field(gt=0, lt=1, description="of the penalty")] = 0.2
    penalties: Annotated[int, Field(ge=2, le=50)] = 8
    lowest: Annotated[float, Field(gt=0, lt=1, description="penalty, of the least that leaves no map")] = 0.02
    ranks: Annotated[tuple[Annotated[int, Field(ge=1, le=10)], ...], Field(min_length=1, max_length=6)] = (
        1,
        2,
        3,
    )
    restarts: Annotated[int, Field(ge=1, le=20)] = 4
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    inner_folds: Annotated[int, Field(ge=2, le=20)] = 5
    permutations: Annotated[
        int, Field(ge=0, le=5000, description="0 for none, else enough for alpha: 1 / alpha - 1")
    ] = 200
    subsamples: Annotated[int, Field(ge=0, le=1000)] = 100
    alpha: Annotated[float, Field(gt=0, le=0.2, description="family-wise")] = 0.05
    stable: Annotated[float, Field(gt=0.5, lt=1)] = 0.75
    smoothing_mm: Annotated[float, Field(ge=0, le=50)] = 6.0
    iterations: Annotated[int, Field(ge=10, le=5000)] = 300
    tolerance: Annotated[float, Field(gt=0, le=0.1)] = 1e-4
    seed: Seed = 0


class DoseMapConfig(Settings):
    """Where in an organ dose goes with the outcome (`models.organ_space`, `models.dose_maps`)."""

    structures: Annotated[
        tuple[Name, ...],
        Field(min_length=1, max_length=4, description="of each patient the first of these that is drawn"),
    ]
    endpoint: Annotated[Name | None, Field(description="binary or survival")] = None
    variable: Annotated[Name | None, Field(description="or a number of the cohort as the outcome")] = None
    clinical: Annotated[Names, Field(description="terms beside the dose; categories too")] = ()
    source: Annotated[Literal["approved", "latest", "ai"], Field(description="which revisions")] = "approved"
    modality: Literal["CT", "MR"] = "CT"
    space: SpaceSettings = SpaceSettings()
    map: MapSettings = MapSettings()

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.endpoint is None) == (self.variable is None):
            raise ValueError("either an endpoint or a variable is the outcome")
        if self.variable in self.clinical:
            raise ValueError("the outcome cannot be a term beside the dose")
        return self

    def endpoints(self) -> dict[str, str]:
        """An endpoint of either kind."""
        return {} if self.endpoint is None else {self.endpoint: "any"}

    def columns(self) -> tuple[str, ...]:
        """Clinical terms, and the variable that is the outcome."""
        return self.clinical if self.variable is None else (*self.clinical, self.variable)
