"""What anatomy adds to a network's outputs, by name: which structures are told apart or placed by rule.

A network that learnt from head maps draws both eyes as one structure, and neither lens nor pituitary.  Who
offers its contours needs to know what they will be called without loading the network; how they are made is
in `models.inference.anatomy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

ByRule = Literal["sided", "placed"]
"""Told right from left by the head's mid-plane; placed by where it lies in anatomy, and not seen at all."""

PAIRED: dict[str, tuple[str, str]] = {
    "Eyes": ("Eye_R", "Eye_L"),
    "OpticNrvs": ("OpticNrv_R", "OpticNrv_L"),
}
"""Outputs that hold both sides, with the structures that become of them: right, left."""
PLACED: dict[str, tuple[str, ...]] = {"Eyes": ("Lens_R", "Lens_L"), "OpticChiasm": ("Pituitary",)}
"""Structures that are placed beside an output."""
HEAD = "head"
"""The completion's name in a manifest; a manifest without one offers its outputs as they are."""


def offered_names(structures: Sequence[str], completion: str) -> tuple[str, ...]:
    """The structures that come of a network's outputs, in order."""
    if completion != HEAD:
        return tuple(structures)
    names: list[str] = []
    for name in structures:
        names += [*PAIRED.get(name, (name,)), *PLACED.get(name, ())]
    return tuple(names)


def made_by_rule(structures: Sequence[str], completion: str) -> dict[str, ByRule]:
    """Of the structures offered those that a rule made, with the rule."""
    if completion != HEAD:
        return {}
    made: dict[str, ByRule] = {}
    for name in structures:
        made |= dict.fromkeys(PAIRED.get(name, ()), "sided")
        made |= dict.fromkeys(PLACED.get(name, ()), "placed")
    return made
