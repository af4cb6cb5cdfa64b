"""A file that a service hands over to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Download:
    """A file to send; the stream is closed by who sends it."""

    name: str
    media_type: str
    stream: BinaryIO
    size: int
