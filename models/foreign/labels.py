"""The structures' names of a network from elsewhere, by TG-263 where that is certain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from models.foreign.errors import ForeignUnsupported
from rt.nomenclature import tg263_name

LONGEST = 64
BACKGROUND = re.compile(r"background|bg|backgrnd", re.IGNORECASE)


def our_names(labels: Sequence[str], where: str) -> dict[str, str]:
    """Our name of each label: `{name: label}` in their order.

    A name is the TG-263 one where the label means it for certain, its side included, and no other label means
    the same; else the label as it is, without what no list can show.
    """
    if len(set(labels)) < len(labels):
        raise ForeignUnsupported("a label stands twice", where=where)
    found = [match.name if (match := tg263_name(label)) else None for label in labels]
    meant = Counter(name for name in found if name is not None)
    names: dict[str, str] = {}
    for label, name in zip(labels, found, strict=True):
        chosen = name if name is not None and meant[name] == 1 else _shown(label)
        if not chosen or chosen in names:
            raise ForeignUnsupported(f"the label {label!r} gives no name of its own", where=where)
        names[chosen] = label
    return names


def is_background(label: str) -> bool:
    """True of what is no structure."""
    return BACKGROUND.fullmatch(label.strip()) is not None


def _shown(label: str) -> str:
    return "".join(c for c in label if c.isprintable()).strip()[:LONGEST]
