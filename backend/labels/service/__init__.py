"""What other features and the workers may do with structure sets; the rest of this package is its own."""

from __future__ import annotations

from backend.labels.service.involvement import has_contours_only, is_unknown, standing_approvals
from backend.labels.service.progress import refresh_study
from backend.labels.service.review import review as review_set
from backend.labels.service.revisions import (
    Network,
    NewRevision,
    append_revision,
    get_revision,
    head_mask,
    is_touched,
    load_mask,
)
from backend.labels.service.sets import (
    NewStructure,
    add_set,
    add_structure,
    delete_structure,
    ensure_structure,
    find_structure,
    grid_of,
    open_set,
    open_structure,
    request_publication,
    set_grid,
    working_set,
)

__all__ = [
    "Network",
    "NewRevision",
    "NewStructure",
    "add_set",
    "add_structure",
    "append_revision",
    "delete_structure",
    "ensure_structure",
    "find_structure",
    "get_revision",
    "grid_of",
    "has_contours_only",
    "head_mask",
    "is_touched",
    "is_unknown",
    "load_mask",
    "open_set",
    "open_structure",
    "refresh_study",
    "request_publication",
    "review_set",
    "set_grid",
    "standing_approvals",
    "working_set",
]
