"""UUIDv7 keys: unique without coordination, ordered by time (RFC 9562)."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A fresh UUIDv7 as text, larger than every one this process made before.

    The twelve bits after the milliseconds hold the part of a millisecond in steps of 0.24 µs (RFC 9562
    §6.2, method 3), moved on by one step where the clock stands still or is set back.
    """
    tick = _next_tick()
    random = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    value = (tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0x2 << 62 | random
    return str(uuid.UUID(int=value))


def _next_tick() -> int:
    """Time since 1970 in 1/4096 ms."""
    global _last
    with _lock:
        _last = max(_last + 1, (time.time_ns() << 12) // 1_000_000)
        return _last
