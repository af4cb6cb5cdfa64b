"""What software drew on a series, made ready before the transaction that offers it.

Encoding, comparing with what the working set holds and storing take a second or more for the large structures
of a CT, too long to keep everybody else from writing (SQLite has one writer).  The transaction finds out
whether the heads are still those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.kit.db import session_scope
from backend.labels import repository
from backend.labels.service.revisions import StoredMask, earlier_mask, store_mask
from backend.labels.service.sets import WORKING, grid_of
from backend.studies.tables import Series
from rt.masks import Mask


@dataclass(frozen=True)
class Drawn:
    """A mask (k, j, i) in the blob store, with what a revision on the head `base` says about it."""

    mask_kji: Mask
    stored: StoredMask
    base: int

    def on(self, head: int) -> Mask | StoredMask:
        """What a revision on this head takes: where it is another one by now, the mask is compared anew."""
        return self.stored if head == self.base else self.mask_kji


def store_drawn(series: Series, masks: Mapping[str, Mask]) -> dict[str, Drawn]:
    """Masks of a series by their structures' names, stored and compared with its working set as it is now."""
    grid = grid_of(series)
    with session_scope(read_only=True) as session:
        owner = repository.set_of_series(session, series.id, WORKING)
        structures = repository.structures_of_sets(session, [owner.id]) if owner is not None else []
        heads = repository.heads(session, structures)
    by_name = {one.name: heads[one.id] for one in structures if one.id in heads}
    found = {}
    for name, mask in masks.items():
        head = by_name.get(name)
        stored = store_mask(mask, earlier_mask(head, grid), grid)
        found[name] = Drawn(mask, stored, head.number if head is not None else 0)
    return found
