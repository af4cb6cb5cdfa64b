"""Which structures are the right and left of one organ."""

from __future__ import annotations


def side_swaps(structures: tuple[str, ...]) -> list[tuple[int, int]]:
    """Pairs of indices (right, left) of TG-263 names ending in _R and _L."""
    index = {name: n for n, name in enumerate(structures)}
    return [
        (n, index[f"{name[:-2]}_L"])
        for name, n in index.items()
        if name.endswith("_R") and f"{name[:-2]}_L" in index
    ]
