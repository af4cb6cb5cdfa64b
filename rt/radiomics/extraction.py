"""All features of a region by name: `{image}_{family}_{feature}`, such as `log-2mm_cm_contrast_3D_comb`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.radiomics import cooccurrence, filters, form, heterogeneity, intensity, neighbourhood, shape, zones
from rt.radiomics.grey_levels import Levels, discretised
from rt.radiomics.intensity import Features
from rt.radiomics.region import Region, prepared
from rt.radiomics.settings import Aggregation, Discretisation, Settings

NEEDS_LEVELS = {"ih", "cm", "rlm", "szm", "dzm", "ngt", "ngl"}
"""Families of grey levels, not of intensities."""


@dataclass(frozen=True)
class Extraction:
    """Features of one region on one image."""

    values: dict[str, float]
    """Finite values by name."""
    undefined: dict[str, str]
    """Names of features that do not exist for this region, with the reason in words."""
    facts: dict[str, float] = field(default_factory=dict)
    """Of the way: voxels of both masks and their spacing after resampling."""


def extract(image_kji: FloatArray, mask_kji: Mask, grid: Grid, settings: Settings) -> Extraction:
    """IBSI's features, and our own, of a region of an image; both arrays (k, j, i) on the grid.

    Raises GeometryError where an array is not on the grid, VoxelsNotNumbers where a voxel that counts is NaN
    or infinite, RegionEmpty, RegionTooSmall or RegionTooLarge where no feature can be had, and
    TooManyGreyLevels where the image's own bins are too narrow.
    """
    region = prepared(image_kji, mask_kji, grid, settings)
    values: dict[str, float] = {}
    undefined: dict[str, str] = {}
    for name, value in _features(region, settings):
        if isinstance(value, str):
            undefined[name] = value
        elif math.isfinite(value):
            values[name] = value
        else:
            undefined[name] = "the value is too large for a number"
    return Extraction(values, undefined, _facts(region))


def _facts(region: Region) -> dict[str, float]:
    k, j, i = (float(value) for value in region.spacing_kji_mm)
    return {
        "voxels_form": float(region.form_kji.sum()),
        "voxels_intensity": float(region.inside_kji.sum()),
        "spacing_i_mm": i,
        "spacing_j_mm": j,
        "spacing_k_mm": k,
    }


def _features(region: Region, settings: Settings) -> Iterator[tuple[str, float | str]]:
    for family, found in _of_form(region, settings.families):
        yield from _named("original", family, found)
    box = region.box
    inside, mask = region.inside_kji[box], region.form_kji[box]
    lowest = None if settings.normalisation else settings.range_low
    original = _Image("original", region.image_kji[box], settings.discretisation, lowest)
    for family, found in _of_intensities(original, inside, settings):
        yield from _named("original", family, found)
    yield from _of_levels(original, inside, mask, settings)
    for name, filtered in filters.images(region, settings) if settings.filtered_families else ():
        image = _Image(name, filtered, settings.filtered_discretisation, None)
        for family, found in _of_intensities(image, inside, settings):
            yield from _named(name, family, found)
        yield from _of_levels(image, inside, mask, settings)


@dataclass(frozen=True)
class _Image:
    """The original or a filtered image on the region's box, and how it becomes grey levels."""

    name: str
    kji: FloatArray
    bins: Discretisation
    lowest: float | None

    def families(self, settings: Settings) -> tuple[str, ...]:
        """What is computed of it."""
        return settings.families if self.name == "original" else settings.filtered_families


def _of_form(region: Region, families: tuple[str, ...]) -> Iterator[tuple[str, Features]]:
    if "morph" in families or "shape" in families:
        surface = form.Surface.of(region.form_kji[region.box], region.spacing_kji_mm)
        if "morph" in families:
            yield "morph", form.morphology(region, surface)
        if "shape" in families:
            yield "shape", shape.shape(region, surface)
    if "loc" in families:
        yield "loc", intensity.local_intensity(region)
    if "het" in families:
        yield "het", heterogeneity.heterogeneity(region)


def _of_intensities(image: _Image, inside: Mask, settings: Settings) -> Iterator[tuple[str, Features]]:
    families = image.families(settings)
    if "stat" in families:
        yield "stat", intensity.statistics(image.kji[inside])
    if "ivh" in families:
        bins = settings.ivh_discretisation
        yield "ivh", intensity.volume_histogram(image.kji[inside], bins, image.lowest)


def _of_levels(
    image: _Image, inside: Mask, mask: Mask, settings: Settings
) -> Iterator[tuple[str, float | str]]:
    families = set(image.families(settings))
    if not families & NEEDS_LEVELS:
        return
    levels = discretised(image.kji, inside, image.bins, image.lowest)
    if "ih" in families:
        yield from _named(image.name, "ih", intensity.histogram(levels))
    for aggregation in settings.aggregations:
        for family, found in _directed(levels, aggregation, families):
            yield from _named(image.name, family, found, aggregation)
    dimensions = {aggregation.rpartition("_")[0]: aggregation for aggregation in settings.aggregations}
    for dimension, aggregation in dimensions.items():
        for family, found in _undirected(levels, mask, aggregation, families):
            yield from _named(image.name, family, found, dimension)


def _directed(levels: Levels, how: Aggregation, families: set[str]) -> Iterator[tuple[str, Features]]:
    if "cm" in families:
        yield "cm", cooccurrence.cooccurrence(levels, how)
    if "rlm" in families:
        yield "rlm", zones.runs(levels, how)


def _undirected(
    levels: Levels, mask: Mask, how: Aggregation, families: set[str]
) -> Iterator[tuple[str, Features]]:
    if families & {"szm", "dzm"}:
        by_size, by_distance = zones.zones(levels, mask, how)
        if "szm" in families:
            yield "szm", by_size
        if "dzm" in families:
            yield "dzm", by_distance
    if "ngt" in families:
        yield "ngt", neighbourhood.neighbourhood(levels, how)
    if "ngl" in families:
        yield "ngl", zones.dependences(levels, how)


def _named(image: str, family: str, found: Features, suffix: str = "") -> Iterator[tuple[str, float | str]]:
    for feature, value in found.items():
        yield f"{image}_{family}_{feature}" + (f"_{suffix}" if suffix else ""), value
