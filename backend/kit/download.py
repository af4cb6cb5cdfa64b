"""A file that a service hands over to be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

from backend.kit.storage import storage

MEDIA = {"svg": "image/svg+xml", "pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class Download:
    """A file to send; the stream is closed by who sends it."""

    name: str
    media_type: str
    stream: BinaryIO
    size: int


def stored(title: str, name: str, sha256: str) -> Download:
    """A stored figure or table, `name` with its ending, under the title of what it belongs to."""
    before = re.sub(r"[^\w-]+", "-", title).strip("-") or "analysis"
    store = storage()
    return Download(
        f"{before}-{name}", MEDIA[name.rpartition(".")[2]], store.open(sha256), store.size(sha256)
    )
