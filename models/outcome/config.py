"""All that an analysis of outcomes by a network depends on beside its cohort, to JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from models.mr_preprocessing import MrScale
from models.preprocessing import CtWindow
from models.statistics.errors import AnalysisConfigError
from rt.cropping import Region

Outside = Literal["blank", "keep"]
NetworkKind = Literal["3d", "2d"]
CROP_VOXELS = (8, 128)
"""Fewest and most voxels along a side of a crop."""
SOFT_TISSUE = CtWindow(-160.0, 240.0)


@dataclass(frozen=True)
class CropConfig:
    """What a network sees of a patient: a cube of voxels around a region."""

    region: Region = field(default_factory=Region)
    """Made of structures and dose; one without any is the whole image."""
    spacing_mm: float = 4.0
    size: int = 32
    """Voxels along each side, a multiple of 8."""
    outside: Outside = "keep"
    """What lies in the cube but not in the region: blanked, or shown (the region is a channel in any case).
    """
    dose: bool = False
    """Whether the dose is a channel."""
    window: CtWindow | MrScale = SOFT_TISSUE

    def __post_init__(self) -> None:
        low, high = CROP_VOXELS
        if not low <= self.size <= high or self.size % 8:
            raise AnalysisConfigError(f"{self.size} is no multiple of 8 from {low} to {high}", where="size")
        if not 0.5 <= self.spacing_mm <= 20:
            raise AnalysisConfigError(f"{self.spacing_mm} mm is not from 0.5 to 20", where="spacing_mm")
        _one_of(self.outside, Outside, "outside")

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in their order."""
        return ("image", "dose", "region") if self.dose else ("image", "region")


@dataclass(frozen=True)
class Augmentation:
    """How far a crop is changed each time it is seen in training."""

    shift_mm: float = 8.0
    rotation_deg: float = 10.0
    """About the long axis of the patient."""
    flip: bool = False
    """Left and right exchanged in half of the cases: only where the side does not matter."""
    brightness: float = 0.05
    """Standard deviation of what is added to the image, in units of the window's half width."""
    contrast: float = 0.05
    """Standard deviation of the factor that the image is multiplied by, around 1."""


@dataclass(frozen=True)
class OutcomeConfig:
    """An analysis: what is predicted, from what, by what, and how it is judged."""

    endpoint: str
    crop: CropConfig = field(default_factory=CropConfig)
    clinical: tuple[str, ...] = ()
    """Clinical variables that the network is compared and combined with."""
    clinical_in_network: bool = False
    """The variables go into the network's last layer, instead of being combined with its prediction."""
    network: NetworkKind = "3d"
    channels: tuple[int, ...] = (8, 16, 32)
    """Feature maps of each level; each halves the resolution."""
    dropout: float = 0.3
    folds: int = 5
    """Outer folds: whoever is predicted in one has had no part in what predicts."""
    members: int = 3
    """Parts into which the patients of a training are cut: one network each, which stops by its part."""
    epochs: int = 40
    patience: int = 12
    """Epochs without gain on the inner part after which a network stops."""
    batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 1

    def __post_init__(self) -> None:
        _one_of(self.network, NetworkKind, "network")
        for name, low, high in (
            ("folds", 2, 20), ("members", 2, 10), ("epochs", 1, 1000), ("patience", 1, 1000),
            ("batch", 4, 256),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise AnalysisConfigError(f"{getattr(self, name)} is not from {low} to {high}", where=name)
        if not self.channels or self.crop.size % 2 ** len(self.channels):
            raise AnalysisConfigError(
                f"a crop of {self.crop.size} voxels cannot be halved {len(self.channels)} times",
                where="channels",
            )
        if self.clinical_in_network and not self.clinical:
            raise AnalysisConfigError("no clinical variable is named", where="clinical_in_network")

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back."""
        body: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        body["crop"]["modality"] = self.crop.window.modality
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """The configuration in `body`, with defaults; AnalysisConfigError for anything else."""
        try:
            plain = _plain(cls, body)
            if "crop" in plain:
                plain["crop"] = _crop(plain["crop"])
            if "augmentation" in plain:
                plain["augmentation"] = Augmentation(**_plain(Augmentation, plain["augmentation"]))
            return cls(**plain)
        except (TypeError, AttributeError, ValueError) as error:
            raise AnalysisConfigError("not a configuration of an outcome network") from error


def _crop(body: dict[str, Any]) -> CropConfig:
    modality = body.get("modality", "CT")
    plain = _plain(CropConfig, {key: value for key, value in body.items() if key != "modality"})
    if modality not in ("CT", "MR"):
        raise AnalysisConfigError(f"{modality} is not CT or MR", where="modality")
    if "region" in plain:
        plain["region"] = Region(**_plain(Region, plain["region"]))
    window = SOFT_TISSUE if modality == "CT" else MrScale()
    if "window" in plain:
        window = type(window)(**_plain(type(window), plain["window"]))
    return CropConfig(**plain | {"window": window})


def _plain(kind: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The values for a dataclass, lists as tuples; AnalysisConfigError names what it does not have."""
    unknown = body.keys() - {one.name for one in fields(kind)}
    if unknown:
        raise AnalysisConfigError("is no setting", where=", ".join(sorted(unknown)))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}


def _one_of(value: str, names: Any, where: str) -> None:
    if value not in get_args(names):
        raise AnalysisConfigError(f"{value!r} is not {' or '.join(get_args(names))}", where=where)
