"""What is computed and how, as data: settings of an extraction, their JSON and the shipped presets.

Settings are frozen and hashable, so that the same settings on the same voxels give the same features and a
cache may name them by their JSON.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

import pywt

from rt.errors import RadiomicsSettingsError

BinMethod = Literal["fixed-bin-size", "fixed-bin-number"]
Interpolation = Literal["linear", "cubic"]
Normalisation = Literal["region", "image"]
Aggregation = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]

IBSI_FAMILIES = ("morph", "loc", "stat", "ih", "ivh", "cm", "rlm", "szm", "dzm", "ngt", "ngl")
"""Families of IBSI-1 (arXiv:1612.07003), named as in its tables of reference values."""
OWN_FAMILIES = ("shape", "het")
"""Not of IBSI: form and spatial heterogeneity that do not depend on the unit of the intensities."""
FAMILIES = IBSI_FAMILIES + OWN_FAMILIES
FORM_FAMILIES = ("morph", "loc", "shape", "het")
"""Of the region and the unfiltered image only."""

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Discretisation:
    """How intensities become grey levels 1 … N."""

    method: BinMethod
    value: float
    """Bin size in the unit of the image, or number of bins."""

    @property
    def known(self) -> bool:
        """The method exists, and a number of bins is whole."""
        return self.method == "fixed-bin-size" or (self.method == "fixed-bin-number" and self.value % 1 == 0)


@dataclass(frozen=True)
class Settings:
    """One way to compute features; the defaults compute IBSI's features of the image as it is."""

    intensity_unit: str = ""
    """UCUM unit of the image's intensities, empty where they are arbitrary; `[hnsf'U]` for HU."""
    spacing_mm: float | None = None
    """Cubic voxels to resample to; None leaves the voxels as they are."""
    in_plane: bool = False
    """Resample i and j only: the slices stay."""
    interpolation: Interpolation = "linear"
    mask_threshold: float = 0.5
    """A resampled voxel belongs to the region when so much of the mask is interpolated there."""
    round_intensities: bool = False
    """To whole numbers after resampling, as IBSI asks for CT."""
    range_low: float | None = None
    range_high: float | None = None
    """Re-segmentation: voxels outside leave the intensity mask; units of the image before normalisation."""
    outlier_sigma: float | None = None
    """Re-segmentation: voxels farther than so many standard deviations from the mean leave as well."""
    normalisation: Normalisation | None = None
    """z-score by mean and deviation in the region, or in the whole image."""
    normalisation_scale: float = 1.0
    """Times which the z-score is taken."""
    discretisation: Discretisation = Discretisation("fixed-bin-number", 32)
    filtered_discretisation: Discretisation = Discretisation("fixed-bin-number", 32)
    """Of filtered images, whose intensities have no unit that would be comparable (IBSI-2)."""
    ivh_discretisation: Discretisation | None = Discretisation("fixed-bin-number", 1000)
    """Of the intensity-volume histogram; None for whole numbers (CT in HU)."""
    families: tuple[str, ...] = FAMILIES
    filtered_families: tuple[str, ...] = ("stat", "cm", "rlm", "szm", "dzm", "ngt", "ngl")
    aggregations: tuple[Aggregation, ...] = ("3D_comb",)
    """How matrices of directions and slices come together; families without directions know 2D, 2.5D, 3D."""
    log_sigmas_mm: tuple[float, ...] = ()
    """One Laplacian-of-Gaussian image for each."""
    wavelet: str | None = None
    """Separable wavelet, undecimated, one level: eight images."""
    least_voxels: int = 1
    """A region of fewer voxels after resampling and re-segmentation is refused."""

    def __post_init__(self) -> None:
        for wrong, said in self._rules():
            if wrong:
                raise RadiomicsSettingsError(said)

    def _rules(self) -> list[tuple[bool, str]]:
        low, high = self.range_low, self.range_high
        bins = [self.discretisation, self.filtered_discretisation, self.ivh_discretisation]
        numbers = [self.spacing_mm, self.outlier_sigma, self.normalisation_scale, *self.log_sigmas_mm]
        numbers += [bin_.value for bin_ in bins if bin_]
        unknown = {*self.families, *self.filtered_families} - set(FAMILIES)
        return [
            (any(n is not None and not (0 < n < math.inf) for n in numbers), "a size has to be above 0"),
            (any(n is not None and not math.isfinite(n) for n in (low, high)), "a limit is not finite"),
            (low is not None and high is not None and low >= high, f"range {low} to {high} is empty"),
            (not 0 < self.mask_threshold <= 1, "mask threshold is above 0 and at most 1"),
            (bool(unknown), f"unknown families {sorted(unknown)}"),
            (bool(set(self.filtered_families) & set(FORM_FAMILIES)), "form is not of a filtered image"),
            (
                not self.aggregations or bool(set(self.aggregations) - set(get_args(Aggregation))),
                "aggregation",
            ),
            (None in bins[:2], "grey levels need a discretisation"),
            (
                any(b and not b.known for b in bins),
                "unknown discretisation, or bins that are no whole number",
            ),
            (self.interpolation not in get_args(Interpolation), "unknown interpolation"),
            (self.normalisation not in (None, *get_args(Normalisation)), "unknown normalisation"),
            (self.wavelet is not None and not _is_wavelet(self.wavelet), f"no wavelet {self.wavelet}"),
            (len(set(self.log_sigmas_mm)) < len(self.log_sigmas_mm), "a sigma stands twice"),
            (self.least_voxels < 1, "a region has at least one voxel"),
        ]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back exactly."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The settings of `to_json`; what is not said has its default, RadiomicsSettingsError on the rest."""
        if not isinstance(data, dict) or (unknown := set(data) - {field.name for field in fields(cls)}):
            raise RadiomicsSettingsError(f"unknown settings {sorted(unknown)}" if data else "no settings")
        try:
            return replace(cls(), **{name: _value(value) for name, value in data.items()})
        except (TypeError, KeyError, AttributeError) as error:
            raise RadiomicsSettingsError(f"a setting has the wrong form: {error}") from error


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return Discretisation(**value) if isinstance(value, dict) else value


def _is_wavelet(name: str) -> bool:
    return name in pywt.wavelist(kind="discrete")


@cache
def presets() -> dict[str, Settings]:
    """The shipped settings by name: `ct`, `dose`, `mr`, `pet`."""
    files = sorted(PRESETS.glob("*.json"))
    return {file.stem: Settings.from_json(json.loads(file.read_text())) for file in files}
