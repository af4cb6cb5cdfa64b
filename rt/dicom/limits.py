"""How large, how many and how deep untrusted input may be."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """Limits on one DICOM file; what is beyond is refused before it is allocated."""

    file_bytes: int = 2 * GIB
    """Length of one file as sent."""
    inflated_bytes: int = 256 * MIB
    """Length of a deflated data set once inflated."""
    pixel_bytes: int = 2 * GIB
    """Rows × columns × samples × bytes × frames, by the header's own words."""
    rows: int = 8192
    """Rows and columns of one frame."""
    frames: int = 4096
    """Frames of one instance."""
    bit_frames: int = 65_536
    """Frames of one bit a pixel: a segmentation has one for each slice of each structure, and few bytes."""
    ratio: int = 1000
    """Pixel bytes for each byte of a compressed code stream."""
    depth: int = 32
    """Sequences within sequences."""
    elements: int = 2_000_000
    """Data elements in all, nested ones included."""


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits on one zip; counted on bytes that came out, never on what its headers say."""

    members: int = 20_000
    """Entries, folders included."""
    member_bytes: int = 512 * MIB
    """Length of one member, which is held in memory; one file larger than this is sent by itself."""
    total_bytes: int = 20 * GIB
    """Length of all members."""
    ratio: int = 200
    """Bytes out for each byte in, looked at beyond `ratio_from_bytes`."""
    ratio_from_bytes: int = 4 * MIB
    """A blank dose grid of this length may shrink to almost nothing."""
    nested: tuple[str, ...] = ()
    """Ends of names whose members may be archives themselves, for a reader that looks into them."""


DEFAULT_LIMITS = Limits()
DEFAULT_ARCHIVE_LIMITS = ArchiveLimits()
