"""Figures of outcome models side by side, out of fold and on the locked patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from models.statistics.figures.prediction import Named, binary_figures
from models.statistics.figures.prediction_survival import survival_prediction_figures

LOCKED = "test-"
"""Before the names of figures of the locked patients."""


def outcome_figures(result: Mapping[str, Any]) -> dict[str, Callable[[], Figure]]:
    """Drawings of outcome models by name: out of fold, and `test-…` of the final one on locked patients."""
    models = [(f"{one['group']}: {one['model']}", one["figures"]) for one in result["models"]]
    found = by_endpoint(models, result["endpoint"])
    test = result["test"]
    if test is None or test["figures"] is None:
        return found
    final = f"{result['chosen']['group']}: {result['chosen']['model']}"
    return found | by_endpoint([(final, test["figures"])], result["endpoint"], LOCKED)


def network_figures(result: Mapping[str, Any]) -> dict[str, Callable[[], Figure]]:
    """Drawings of a network of outcome beside its baselines, as of `outcome_figures`."""
    endpoint = result["endpoint"]
    found = by_endpoint(list(result["models"].items()), endpoint)
    aside = [(name, one) for name, one in (result["set_aside"] or {}).items() if one is not None]
    return found | by_endpoint(aside, endpoint, LOCKED)


def by_endpoint(
    models: Sequence[Named], endpoint: Mapping[str, Any], before: str = ""
) -> dict[str, Callable[[], Figure]]:
    """Drawings of a binary endpoint, or of survival."""
    if endpoint["kind"] == "binary":
        return binary_figures(models, before)
    return survival_prediction_figures(models, endpoint, before)
