"""What the router and the workers may do with analyses; the rest of this package is its own."""

from __future__ import annotations

from backend.analyses.service.asking import card_of, inputs_of
from backend.analyses.service.mapping import (
    AskedMap,
    map_voxels,
    maps,
    maps_of,
    of_study,
    used_contours,
)
from backend.analyses.service.predicting import PredictionRows, predict, predictions
from backend.analyses.service.reading import (
    AnalysisRows,
    delete,
    figure_file,
    find,
    recent,
    results_of,
    table_file,
)
from backend.analyses.service.staleness import stale_of, warnings_now
from backend.analyses.service.starting import rerun, start
from backend.analyses.service.templates import map_file, template_of, template_voxels

__all__ = [
    "AnalysisRows",
    "AskedMap",
    "PredictionRows",
    "card_of",
    "delete",
    "figure_file",
    "find",
    "inputs_of",
    "map_file",
    "map_voxels",
    "maps",
    "maps_of",
    "of_study",
    "predict",
    "predictions",
    "recent",
    "rerun",
    "results_of",
    "stale_of",
    "start",
    "table_file",
    "template_of",
    "template_voxels",
    "used_contours",
    "warnings_now",
]
