"""Which sources made a version: a hash that a checkout, a copy and an image of them share."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "rt")
"""All that training and prediction are made of."""


@cache
def code_sha256() -> str:
    """SHA-256 over path and content of every Python file of `models/` and `rt/`, in the order of paths."""
    total = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    return total.hexdigest()
