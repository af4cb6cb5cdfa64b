"""What it cost to bring a network's contour to a saved revision."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.labels import repository
from backend.labels.service.revisions import load_mask
from backend.labels.service.sets import set_grid
from backend.labels.tables import Effort, Revision
from rt.geometry import Grid
from rt.masks import changed_slices
from rt.metrics import added_path_length_mm, dice, surface_dice

TOLERANCE_MM = 3.0
"""Of the surface Dice that effort is given in."""


@dataclass(frozen=True)
class Correction:
    """A saved revision and the network's contour that it goes back to."""

    saved: Revision
    drawn: Revision
    seconds: float
    grid: Grid


def find_correction(session: Session, structure_id: str, number: int) -> Correction | None:
    """What to measure; None when no network's contour is behind the revision or it was measured before."""
    saved = repository.revision(session, structure_id, number)
    if saved is None or saved.network_version_id is None or repository.effort(session, structure_id, number):
        return None
    drawn = repository.newest_of_network(session, saved)
    structure = repository.structure(session, structure_id)
    owner = repository.structure_set(session, structure.structure_set_id) if structure else None
    if drawn is None or owner is None:
        return None
    seconds = repository.seconds_between(session, structure_id, drawn.number, number)
    return Correction(saved, drawn, seconds, set_grid(session, owner))


def measure(correction: Correction) -> Effort:
    """Path added, surface Dice at 3 mm, Dice, editing time and slices that differ."""
    saved = load_mask(correction.saved, correction.grid)
    drawn = load_mask(correction.drawn, correction.grid)
    return Effort(
        structure_id=correction.saved.structure_id,
        revision=correction.saved.number,
        network_version_id=correction.saved.network_version_id or "",
        added_path_length_mm=added_path_length_mm(saved, drawn, correction.grid),
        surface_dice=surface_dice(saved, drawn, correction.grid, TOLERANCE_MM),
        dice=dice(saved, drawn),
        seconds=correction.seconds,
        slices=len(changed_slices(drawn, saved)),
    )
