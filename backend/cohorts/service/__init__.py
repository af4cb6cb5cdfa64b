"""What the router and other features may do with cohorts; the rest of this package is its own."""

from __future__ import annotations

from backend.cohorts.service.cohorts import change, create, delete, described, find, recent
from backend.cohorts.service.freezing import frozen
from backend.cohorts.service.importing import preview, take
from backend.cohorts.service.members import Members, load_members, shown_patients
from backend.cohorts.service.splitting import fix_split, set_filter

__all__ = [
    "Members",
    "change",
    "create",
    "delete",
    "described",
    "find",
    "fix_split",
    "frozen",
    "load_members",
    "preview",
    "recent",
    "set_filter",
    "shown_patients",
    "take",
]
