"""How long a job waits before it calls a peer again: longer each time, then hourly, for about a day."""

from __future__ import annotations

FIRST_S, LONGEST_S = 30.0, 3600.0
MAX_TRIES = 30


def delay_s(tries: int) -> float:
    """After how many vain tries how many seconds."""
    return min(FIRST_S * 2.0**tries, LONGEST_S)
