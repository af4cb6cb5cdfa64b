"""Derived structures: what people do with them, and how they follow their sources."""

from __future__ import annotations

from backend.derivations.service.defining import change, create, preview, recompute, remove
from backend.derivations.service.following import Due, find_due, settle, write
from backend.derivations.service.ordering import in_order

__all__ = [
    "Due",
    "change",
    "create",
    "find_due",
    "in_order",
    "preview",
    "recompute",
    "remove",
    "settle",
    "write",
]
