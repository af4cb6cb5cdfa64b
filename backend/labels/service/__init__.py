"""What other features and the workers may do with structure sets; the rest of this package is its own."""

from __future__ import annotations

from backend.labels.service.blinding import refuse_look
from backend.labels.service.describing import describe_revisions, describe_structures
from backend.labels.service.drawing import Drawn, store_drawn
from backend.labels.service.following import (
    dose_source,
    is_current,
    request_derivation,
    stale_derivations,
)
from backend.labels.service.involvement import (
    DERIVE,
    has_contours_only,
    is_unknown,
    standing_approvals,
)
from backend.labels.service.outside import doubt_outside, find_saved
from backend.labels.service.progress import refresh_study
from backend.labels.service.review import review as review_set
from backend.labels.service.revisions import (
    Network,
    NewRevision,
    StoredMask,
    append_revision,
    check_head,
    get_revision,
    head_mask,
    is_touched,
    load_coverage,
    load_mask,
    mask_before,
    store_mask,
)
from backend.labels.service.saving import get_draft
from backend.labels.service.sets import (
    NewStructure,
    add_set,
    add_structure,
    create_structure,
    delete_structure,
    ensure_structure,
    find_structure,
    free_label,
    grid_of,
    open_set,
    open_structure,
    request_publication,
    set_grid,
    working_set,
)

__all__ = [
    "DERIVE",
    "Drawn",
    "Network",
    "NewRevision",
    "NewStructure",
    "StoredMask",
    "add_set",
    "add_structure",
    "append_revision",
    "check_head",
    "create_structure",
    "delete_structure",
    "describe_revisions",
    "describe_structures",
    "dose_source",
    "doubt_outside",
    "ensure_structure",
    "find_saved",
    "find_structure",
    "free_label",
    "get_draft",
    "get_revision",
    "grid_of",
    "has_contours_only",
    "head_mask",
    "is_current",
    "is_touched",
    "is_unknown",
    "load_coverage",
    "load_mask",
    "mask_before",
    "open_set",
    "open_structure",
    "refresh_study",
    "refuse_look",
    "request_derivation",
    "request_publication",
    "review_set",
    "set_grid",
    "stale_derivations",
    "standing_approvals",
    "store_drawn",
    "store_mask",
    "working_set",
]
