"""Units of features, in UCUM."""

from __future__ import annotations

from rt.radiomics.settings import Settings

INTENSITIES = frozenset(
    ("mean", "median", "min", "p10", "p90", "max", "iqr", "range", "mad", "rmad", "medad", "rms")
)
"""Statistics in the unit of the image; its square is that of `SQUARES`."""
SQUARES = frozenset(("var", "energy"))
AXES = ("pca_maj_axis", "pca_min_axis", "pca_least_axis")
LENGTHS = frozenset(("com", "diam", *AXES, "equivalent_radius", "inscribed_radius", "depth_mean"))
VOLUMES = frozenset(("volume", "vol_approx"))


def unit_of(name: str, settings: Settings) -> str:
    """The unit of a feature `{image}_{family}_{feature}` by these settings; empty for none or arbitrary.

    Filters keep the unit of the image; normalised images have none.
    """
    _, family, feature = name.split("_", 2)
    image = "" if settings.normalisation else settings.intensity_unit
    if family in ("morph", "shape"):
        return _of_form(feature, image)
    if family == "het":
        return "/cm3" if feature.endswith("_clusters") else ""
    if family == "ivh":
        bins = settings.ivh_discretisation
        by_number = bins is not None and bins.method == "fixed-bin-number"
        return image if feature in ("i10", "i90", "diff_i10_i90") and not by_number else ""
    if family == "loc" or (family == "stat" and feature in INTENSITIES):
        return image
    return f"{image}.{image}" if image and family == "stat" and feature in SQUARES else ""


def _of_form(feature: str, image: str) -> str:
    if feature in LENGTHS:
        return "mm"
    if feature in VOLUMES:
        return "mm3"
    if feature == "integ_int":
        return f"{image}.mm3" if image else ""
    return {"area_mesh": "mm2", "av": "/mm"}.get(feature, "")
