"""Who reads what when: a Latin square of conditions over sessions and blocks of cases, turned by reader.

Cases are dealt into as many blocks as there are conditions, positive and negative ones evenly.  Reader r
reads block b in session s in condition (s + b + r) modulo their number: every case once a
session, every condition once by the end, and every condition equally often in each session over readers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Planned:
    """One reading to come; all by index, the session from 1."""

    reader: int
    case: int
    condition: int
    session: int
    position: int


def plan(readers: int, positive: Sequence[bool], conditions: int, seed: int) -> list[Planned]:
    """Every reading of every reader, the same for the same seed; a session has its conditions in blocks."""
    block_of = _blocks(positive, conditions, random.Random(f"{seed}:blocks"))
    found = []
    for reader in range(readers):
        for session in range(conditions):
            source = random.Random(f"{seed}:{reader}:{session}")
            blocks = list(range(conditions))
            source.shuffle(blocks)
            order = []
            for block in blocks:
                members = [case for case, own in enumerate(block_of) if own == block]
                source.shuffle(members)
                order += [(case, (session + block + reader) % conditions) for case in members]
            found += [
                Planned(reader, case, condition, session + 1, position)
                for position, (case, condition) in enumerate(order)
            ]
    return found


def _blocks(positive: Sequence[bool], count: int, source: random.Random) -> list[int]:
    """The block of each case."""
    blocks, dealt = [0] * len(positive), 0
    for state in (True, False):
        members = [case for case, own in enumerate(positive) if own is state]
        source.shuffle(members)
        for case in members:
            blocks[case] = dealt % count
            dealt += 1
    return blocks
