"""What the router and other features may do with cohorts; the rest of this package is its own."""

from __future__ import annotations

from backend.cohorts.service.cohorts import change, create, delete, described, find, recent
from backend.cohorts.service.exporting import clinical_csv
from backend.cohorts.service.features import (
    delete_set,
    find_set,
    jobs_of,
    recent_sets,
    recompute,
    start,
)
from backend.cohorts.service.freezing import frozen
from backend.cohorts.service.importing import preview, take
from backend.cohorts.service.members import Members, load_members, shown_patients
from backend.cohorts.service.splitting import fix_split, set_filter
from backend.cohorts.service.tabulating import (
    as_csv,
    counts,
    failed,
    feature_list,
    feature_patients,
    sets_of,
    stale,
    tabulate,
)

__all__ = [
    "Members",
    "as_csv",
    "change",
    "clinical_csv",
    "counts",
    "create",
    "delete",
    "delete_set",
    "described",
    "failed",
    "feature_list",
    "feature_patients",
    "find",
    "find_set",
    "fix_split",
    "frozen",
    "jobs_of",
    "load_members",
    "preview",
    "recent",
    "recent_sets",
    "recompute",
    "set_filter",
    "sets_of",
    "shown_patients",
    "stale",
    "start",
    "tabulate",
    "take",
]
