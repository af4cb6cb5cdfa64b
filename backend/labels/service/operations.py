"""Geometry on a mask that the browser sends and gets back; nothing is saved and no row locked."""

from __future__ import annotations

from typing import assert_never

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.labels.errors import BadOperation
from backend.labels.schemas import OperationIn
from backend.labels.service.saving import read_mask
from backend.labels.service.sets import open_set, set_grid
from backend.projects.service import Permission
from rt import morphology
from rt.errors import RtError
from rt.geometry import Grid
from rt.masks import Mask, encode_mask


def operate(actor: Actor, set_id: str, body: OperationIn) -> bytes:
    """The mask after the operation, in wire form."""
    with session_scope(read_only=True) as session:
        scope = open_set(session, actor, set_id, Permission.ANNOTATE)
        grid = set_grid(session, scope.structure_set)
    mask = read_mask(body.mask, grid.shape_kji)
    try:
        return encode_mask(_operated(mask, grid, body))
    except RtError as error:
        raise BadOperation(error.detail) from error


def _operated(mask: Mask, grid: Grid, body: OperationIn) -> Mask:
    match body.operation:
        case "grow":
            return morphology.grow(mask, grid, _mm(body))
        case "shrink":
            return morphology.shrink(mask, grid, _mm(body))
        case "smooth":
            return morphology.smooth(mask, grid, _mm(body))
        case "fill-holes":
            return morphology.fill_holes(mask)
        case "remove-islands":
            return morphology.remove_islands(mask, grid, keep=body.keep, min_cc=body.min_cc)
        case "interpolate":
            return morphology.interpolate_slices(mask, grid)
        case _:
            assert_never(body.operation)


def _mm(body: OperationIn) -> float:
    if body.mm is None:
        raise BadOperation(f"{body.operation} needs a distance", field="mm")
    return body.mm
