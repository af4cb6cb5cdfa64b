"""What is odd about the sides in structures' names once a person has drawn one of them.

Exact are the structure's own centre and its partner's.  The middle of the body is the middle of the boxes
that the stored masks of the body and of organs in the middle begin with, so nothing of them is inflated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy.orm import Session

from backend.kit.errors import IntegrityFailure
from backend.kit.storage import storage
from backend.labels import repository
from backend.labels.tables import Revision, Structure
from rt.errors import MaskError
from rt.geometry import Grid
from rt.laterality import Placed, SideDoubt, Slug, check_sides, placed_at, tells_the_middle
from rt.masks import centre_lps_mm, decode_mask, encoded_box, mask_shape
from rt.nomenclature import standard_name


def side_warning(doubt: SideDoubt) -> dict[str, Any]:
    """The warning of plausibility that a doubt is shown as."""
    return {"slug": doubt.slug, "detail": doubt.detail, "severity": "warning", "values": doubt.values}


def has_side(structure: Structure) -> bool:
    """Whether its name says for certain on which side it lies."""
    return _placed(structure, 0.0).side is not None


def doubt_sides(
    session: Session, drawn: Structure, x_mm: float | None, present: Sequence[Structure], grid: Grid
) -> None:
    """Say of a structure that was drawn, and of its partners, what is odd about their sides by now.

    `present` are the locked structures of its set, `x_mm` is where its new centre lies (LPS; None: nowhere).
    """
    named = {row.id: _placed(row, 0.0) for row in present}
    own = named[drawn.id]
    heads = repository.heads(session, present)
    places: list[Placed] = [] if x_mm is None else [_placed(drawn, x_mm)]
    judged = [drawn]
    for row in present:
        said, head = named[row.id], heads.get(row.id)
        if row.id == drawn.id or head is None or head.slices == 0:
            continue
        partner = said.side is not None and said.side != own.side and said.base == own.base
        if not partner and not tells_the_middle(said.tg263):
            continue
        found = _centre_x(head, grid) if partner else _box_middle_x(head, grid)
        if found is not None:
            places.append(_placed(row, found))
            judged += [row] if partner else []
    doubts = {doubt.structure: side_warning(doubt) for doubt in check_sides(places)}
    for row in judged:
        others = [one for one in row.plausibility if one["slug"] not in get_args(Slug)]
        row.plausibility = [*others, doubts[row.name]] if row.name in doubts else others


def _placed(structure: Structure, x_mm: float) -> Placed:
    """A structure by what its name means: `Parotid_L_2` that came in beside a Parotid_L is a left one too."""
    meant = standard_name(structure.name, structure.original_name)
    return placed_at(structure.name, meant or structure.name, x_mm)


def _centre_x(head: Revision, grid: Grid) -> float | None:
    """x of a mask's centre in LPS mm; None where it cannot be read, for which no other's save is refused."""
    try:
        centre = centre_lps_mm(decode_mask(storage().get(head.sha256), grid.shape_kji), grid)
    except (MaskError, IntegrityFailure):
        return None
    return None if centre is None else float(centre[0])


def _box_middle_x(head: Revision, grid: Grid) -> float | None:
    """x of the middle of a mask's box in LPS mm; None where it cannot be read or is on another grid."""
    try:
        data = storage().get(head.sha256)
        box = encoded_box(data) if mask_shape(data) == grid.shape_kji else None
    except (MaskError, IntegrityFailure):
        return None
    if box is None:
        return None
    return float(grid.to_lps([(axis.start + axis.stop - 1) / 2 for axis in reversed(box)])[0])
