"""Version of the code that extracts features: another one may give other numbers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import rt.radiomics
from backend.version import VERSION


@cache
def engine_version() -> str:
    """Rinkaku's version with a hash of the engine's sources, so that no change of them goes unnoticed."""
    digest = hashlib.sha256()
    for source in sorted(Path(rt.radiomics.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return f"{VERSION}+{digest.hexdigest()[:12]}"
