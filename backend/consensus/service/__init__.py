"""Consensus tasks as the router and the worker use them."""

from __future__ import annotations

from backend.consensus.service.computing import Inputs, gather, keep
from backend.consensus.service.deciding import adopt, decide, preview, region_mask
from backend.consensus.service.finding import describe, open_task
from backend.consensus.service.looking import map_voxels, reading_mask, results
from backend.consensus.service.reading import close, finish
from backend.consensus.service.starting import cancel, recent, start

__all__ = [
    "Inputs",
    "adopt",
    "cancel",
    "close",
    "decide",
    "describe",
    "finish",
    "gather",
    "keep",
    "map_voxels",
    "open_task",
    "preview",
    "reading_mask",
    "recent",
    "region_mask",
    "results",
    "start",
]
