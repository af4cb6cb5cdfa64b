"""What a measurement gives: a figure with what it is to be compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the bench; without a reference only the value is printed."""

    label: str
    value: float
    unit: str
    reference: float | None = None
    """The limit, or what the peer needed."""
    peer: str | None = None
    """Whose the reference is; None where it is a limit."""
    least: bool = False
    """The limit is the least value allowed, not the most."""
    most: float | None = None
    """How many times the peer's it may be, where that was promised."""
    note: str = ""

    def __str__(self) -> str:
        note = f"  ({self.note})" if self.note else ""
        return f"{self.label:<58} {self.value:>8.4g} {self.unit:<5} {self._compared()}{note}".rstrip()

    def _compared(self) -> str:
        if self.reference is None:
            return ""
        ratio, reference = self.value / self.reference, f"{self.reference:.4g} {self.unit}"
        if self.peer is not None:
            missed = self.most is not None and ratio > self.most
            promised = (
                "" if self.most is None else f", at most {self.most:g} x" + ("  MISSED" if missed else "")
            )
            return f"{ratio:.2f} x {self.peer}, {reference}{promised}"
        kept = ratio >= 1 if self.least else ratio <= 1
        return f"{ratio:.2f} x the limit, {reference}" + ("" if kept else "  MISSED")


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Gives a function that tells the seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def median(values: list[float]) -> float:
    """The middle value."""
    return percentile(values, 0.5)
