"""What a client says it accepts, read as liberally as real viewers write it.

Quoted or not, with or without `type=`, several alternatives in one header: nothing here ever answers 406 for
the spelling of a header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
"""The transfer syntax of an answer when the client names none (PS3.18 8.7.3.3)."""
ANY_SYNTAX = "*"
DICOM_JSON = "application/dicom+json"
"""Exactly this, without a charset: clients compare the whole header."""

_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;,\s]*)')


@dataclass(frozen=True)
class Accepted:
    """One alternative of an Accept header."""

    media_type: str
    """The type of a part where the header says multipart/related."""
    transfer_syntax: str
    """A UID, or `*` for as stored."""


def parse_accept(header: str | None, query: str | None = None) -> list[Accepted]:
    """The alternatives in the header's order; the query parameter `accept` stands before the header."""
    alternatives: list[Accepted] = []
    for text in (query or "", header or ""):
        for item in _split(text):
            media_type, _, _ = item.partition(";")
            parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(item)}
            media_type = media_type.strip().lower()
            if media_type.startswith("multipart/"):
                media_type = parameters.get("type", "*/*").lower()
            if media_type:
                syntax = parameters.get("transfer-syntax", EXPLICIT_LITTLE_ENDIAN)
                alternatives.append(Accepted(media_type, syntax or EXPLICIT_LITTLE_ENDIAN))
    return alternatives or [Accepted("*/*", EXPLICIT_LITTLE_ENDIAN)]


def _split(header: str) -> list[str]:
    """The header at its commas, those in quotes left alone."""
    return [item.strip() for item in re.findall(r'(?:"[^"]*"|[^,"])+', header)]


def wants_as_stored(alternatives: list[Accepted], stored_syntax: str) -> bool:
    """True when the client takes the stored transfer syntax, by `*` or by its name."""
    return any(a.transfer_syntax in (ANY_SYNTAX, stored_syntax) for a in alternatives)


def wants_single_part(header: str | None, media_type: str) -> bool:
    """True when the client asks for bare bytes: it names the type, but no multipart."""
    return header is not None and "multipart" not in header.lower() and media_type in header.lower()


def image_type(alternatives: list[Accepted]) -> str:
    """Of JPEG and PNG the one that the client names first; JPEG otherwise."""
    for alternative in alternatives:
        if alternative.media_type in ("image/jpeg", "image/png"):
            return alternative.media_type
    return "image/jpeg"
