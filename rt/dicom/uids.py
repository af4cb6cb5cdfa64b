"""DICOM unique identifiers under the UUID root 2.25 (PS3.5 B.2): fresh, or the same for the same words."""

from __future__ import annotations

import hashlib
import uuid

ROOT = "2.25."
"""Root for UIDs derived from a UUID; needs no registration."""

IMPLEMENTATION_CLASS_UID = "2.25.230843164862911243046230137812386721143"
"""Ours, in every file that is stored or written here; from a random UUID (PS3.5 B.2)."""


def new_uid() -> str:
    """A UID that nobody has used."""
    return f"{ROOT}{uuid.uuid4().int}"


def derived_uid(*parts: str) -> str:
    """The UID that these words always give: 122 bits of their SHA-256 as a version 8 UUID."""
    return uid_of_digest(hashlib.sha256("\0".join(parts).encode()).digest())


def uid_of_digest(digest: bytes) -> str:
    """122 bits of a digest of at least 16 bytes as a version 8 UUID under the root."""
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | (0x8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return f"{ROOT}{number}"
