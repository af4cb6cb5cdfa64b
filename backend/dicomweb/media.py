"""What a client says it accepts, read as liberally as real viewers write it, and what it gets (PS3.18 8.7).

Quoted or not, with or without `type=`, several alternatives in one header, `accept` as a query parameter:
nothing here answers 406 for the spelling of a header, only where no form that is named can be had.
At equal weight the stored transfer syntax goes before Explicit VR Little Endian, that before encoding anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from backend.dicomweb.errors import NotAcceptable
from rt.dicom.kinds import (
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_SYNTAXES,
    JPEG_2000_LOSSLESS,
    JPEG_2000_SYNTAXES,
    JPEG_LOSSLESS_SYNTAXES,
    JPEG_LS_LOSSLESS,
    JPEG_LS_SYNTAXES,
    JPEG_SYNTAXES,
    RLE,
)
from rt.dicom.transcode import ENCODED_SYNTAXES

ANY_SYNTAX = "*"
DICOM_JSON = "application/dicom+json"
"""Exactly this, without a charset: clients compare the whole header."""
DICOM = "application/dicom"
OCTETS = "application/octet-stream"
PICTURES = ("image/jpeg", "image/png")
_DICOM_TYPES = frozenset({DICOM, OCTETS, "application/*", "*/*"})
_OCTET_TYPES = frozenset({OCTETS, "application/*", "*/*"})
_FRAME_TYPES = (
    ("image/jphc", HTJ2K_SYNTAXES, ""),
    ("image/jp2", JPEG_2000_SYNTAXES - HTJ2K_SYNTAXES, JPEG_2000_LOSSLESS),
    ("image/jls", JPEG_LS_SYNTAXES, JPEG_LS_LOSSLESS),
    ("image/dicom-rle", frozenset({RLE}), RLE),
    ("image/jpeg", JPEG_SYNTAXES | JPEG_LOSSLESS_SYNTAXES, ""),
)
"""Media type of a compressed frame, its syntaxes, and the one that can be written here (PS3.18 8.7.3.3)."""
_OTHER_NAMES = {
    "image/x-dicom-rle": "image/dicom-rle", "image/x-jls": "image/jls", "image/jhc": "image/jphc",
    "image/jpx": "image/jp2", "image/": "image/*", "image/jpg": "image/jpeg",
}  # fmt: skip
"""What clients write for types of `_FRAME_TYPES`."""
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;,\s]*)')


@dataclass(frozen=True)
class Accepted:
    """One alternative of an Accept header."""

    media_type: str
    """The type of a part where the header says multipart/related."""
    transfer_syntax: str
    """A UID, `*` for as stored, empty where none is named."""
    multipart: bool = False
    quality: float = 1.0


def parse_accept(header: str | None, query: str | None = None) -> list[Accepted]:
    """The alternatives, the best first; the query parameter `accept` stands for the header."""
    alternatives = []
    for item in _split(query or header or ""):
        media_type, _, _ = item.partition(";")
        media_type = media_type.strip().lower()
        parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(item)}
        multipart = media_type.startswith("multipart/")
        if multipart:
            media_type = parameters.get("type", "*/*").lower()
        accepted = Accepted(
            _OTHER_NAMES.get(media_type, media_type), parameters.get("transfer-syntax", ""), multipart,
            _quality(parameters.get("q")),
        )  # fmt: skip
        if media_type and accepted.quality > 0:
            alternatives.append(accepted)
    return sorted(alternatives, key=lambda a: -a.quality) or [Accepted("*/*", "")]


def _split(header: str) -> list[str]:
    """The header at its commas, those in quotes left alone."""
    return [item.strip() for item in re.findall(r'(?:"[^"]*"|[^,"])+', header)]


def _quality(text: str | None) -> float:
    try:
        return min(1.0, max(0.0, float(text))) if text else 1.0
    except ValueError:
        return 1.0


def wants_single_part(alternatives: Iterable[Accepted]) -> bool:
    """True when the client asks for bare bytes: it names a type, but no multipart."""
    named = list(alternatives)
    return not any(a.multipart for a in named) and any("*" not in a.media_type for a in named)


def instance_syntax(accepted: Sequence[Accepted], stored: str, encodable: Collection[str]) -> str | None:
    """Transfer syntax of a whole instance; None where none that is named can be had."""
    fitting = [a for a in accepted if a.media_type in _DICOM_TYPES]
    return _chosen([(a.quality, [_syntax(a, stored)]) for a in fitting], stored, encodable)


def frame_syntax(accepted: Sequence[Accepted], stored: str, encodable: Collection[str]) -> str | None:
    """Transfer syntax of frames; `stored` is Explicit VR Little Endian for all that is stored natively."""
    wanted = [(a.quality, _frame_wishes(a, stored)) for a in accepted]
    return _chosen(wanted, stored, encodable)


def _syntax(accepted: Accepted, stored: str) -> str:
    if accepted.transfer_syntax == ANY_SYNTAX:
        return stored
    return accepted.transfer_syntax or EXPLICIT_LITTLE_ENDIAN


def _frame_wishes(accepted: Accepted, stored: str) -> list[str]:
    """Transfer syntaxes of frames that an alternative takes."""
    named = accepted.transfer_syntax not in ("", ANY_SYNTAX)
    if named or accepted.media_type in _OCTET_TYPES:
        return [_syntax(accepted, stored)]
    if accepted.media_type == "image/*":
        return [stored, *ENCODED_SYNTAXES] if stored != EXPLICIT_LITTLE_ENDIAN else list(ENCODED_SYNTAXES)
    for media_type, syntaxes, written in _FRAME_TYPES:
        if accepted.media_type == media_type:
            return [stored] if stored in syntaxes else [written]
    return []


def _chosen(wanted: list[tuple[float, list[str]]], stored: str, encodable: Collection[str]) -> str | None:
    """The first that can be had, by weight; at equal weight what takes least work."""
    for weight in sorted({quality for quality, _ in wanted}, reverse=True):
        equal = [syntax for quality, syntaxes in wanted if quality == weight for syntax in syntaxes]
        for syntax in (stored, EXPLICIT_LITTLE_ENDIAN, *equal):
            if syntax in equal and (syntax in (stored, EXPLICIT_LITTLE_ENDIAN) or syntax in encodable):
                return syntax
    return None


def not_acceptable(media_type: str, syntaxes: Iterable[str]) -> NotAcceptable:
    """The refusal that says what can be had."""
    available = list(dict.fromkeys(syntaxes))
    detail = (
        f"this can be had as {media_type} in these transfer syntaxes: {', '.join(available)}; * is as stored"
    )
    return NotAcceptable(detail, media_type=media_type, transfer_syntaxes=available)


def frame_type(syntax: str) -> str:
    """Content-Type of a frame in a transfer syntax; clients take the syntax from it."""
    kind = next((media_type for media_type, syntaxes, _ in _FRAME_TYPES if syntax in syntaxes), OCTETS)
    return f"{kind}; transfer-syntax={syntax}"


def check_json(header: str | None, query: str | None = None) -> None:
    """NotAcceptable where a client takes nothing but XML."""
    if all(a.media_type.endswith("xml") for a in parse_accept(header, query)):
        raise NotAcceptable(f"this can be had as {DICOM_JSON}", media_type=DICOM_JSON)


def picture_type(alternatives: Iterable[Accepted]) -> str:
    """Of JPEG and PNG the one that the client names first, JPEG for `*`; NotAcceptable for other pictures."""
    for alternative in alternatives:
        if alternative.media_type in PICTURES:
            return alternative.media_type
        if alternative.media_type in ("*/*", "image/*"):
            return PICTURES[0]
    raise NotAcceptable(f"this can be had as {' or '.join(PICTURES)}", media_types=list(PICTURES))
