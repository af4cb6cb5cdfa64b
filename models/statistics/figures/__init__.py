"""Figures for publication, made of an analysis' result alone: SVG and PDF, the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from models.statistics.errors import AnalysisConfigError
from models.statistics.figures.dose_map import dose_map_figures
from models.statistics.figures.outcome import network_figures, outcome_figures
from models.statistics.figures.readers import reader_figures
from models.statistics.figures.style import drawing, written
from models.statistics.figures.subtypes import subtype_figures
from models.statistics.figures.survival import survival_figures

_KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Callable[[], Figure]]]] = {
    "dose-map": dose_map_figures,
    "outcome": outcome_figures,
    "reader-study": reader_figures,
    "outcome-network": network_figures,
    "subtypes": subtype_figures,
    "survival": survival_figures,
}
"""What is drawn of each kind of result."""


def names(result: Mapping[str, Any]) -> list[str]:
    """Names, `[a-z0-9-]+`, of the figures that this result has."""
    return list(_drawings(result))


def figure(name: str, result: Mapping[str, Any]) -> dict[str, bytes]:
    """One figure as `{"svg", "pdf"}`; AnalysisConfigError if the result has none of this name."""
    drawings = _drawings(result)
    if name not in drawings:
        raise AnalysisConfigError(f"there is no such figure, only {', '.join(drawings)}", where=name)
    with drawing():
        return written(drawings[name]())


def figures(result: Mapping[str, Any]) -> dict[str, dict[str, bytes]]:
    """All figures of a result, `{name: {"svg", "pdf"}}`."""
    return {name: figure(name, result) for name in names(result)}


def _drawings(result: Mapping[str, Any]) -> dict[str, Callable[[], Figure]]:
    kind = str(result.get("kind"))
    if kind not in _KINDS:
        raise AnalysisConfigError(f"{kind!r} is no kind of result that is drawn", where="kind")
    return _KINDS[kind](result)
